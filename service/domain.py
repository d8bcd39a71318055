"""The nouns: frozen values that every other module speaks in. No I/O, nothing of ours imported."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from service.rulebook import NO_RULES, RuleBook
from service.settings import Policy
from service.vocabulary import CARRIED, FAILURES, Band, Choice, Code, Outcome, Reason, Status


class Signal(Struct, frozen=True):
    """One observation with a reason code; `detail` is the word, domain or count it saw."""

    code: Code
    detail: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether something broke, as opposed to something that was found."""
        return self.code in FAILURES


class Site(Struct, frozen=True):
    """A customer of the service: owns pages, policy and moderators."""

    id: int
    key: str
    name: str
    origins: tuple[str, ...]
    policy: Policy
    revision: int
    rules: RuleBook = NO_RULES
    attacked_since: datetime | None = None
    quiet_until: datetime | None = None

    @property
    def is_attacked(self) -> bool:
        """Whether everything is held now, by the setting or because of an attack."""
        mode = self.policy.attack_mode
        return mode == "on" or (mode == "auto" and self.attacked_since is not None)

    @property
    def wants_proof(self) -> bool:
        """Whether forms are to bring a proof of work."""
        asked = self.policy.proof
        return asked == "on" or (asked == "attack" and self.is_attacked)

    def is_watched(self, now: datetime) -> bool:
        """Whether an attack may begin by itself at this moment."""
        is_quiet = self.quiet_until is not None and now < self.quiet_until
        return self.policy.attack_mode == "auto" and not is_quiet


class Thread(Struct, frozen=True):
    """The comments of one page, named by site and page URL in normal form."""

    id: int
    site_id: int
    url: str
    title: str
    published: int
    revision: int


class Submission(Struct, frozen=True):
    """A comment as it came in: parsed, bounded, every field text; still untrusted.

    `page_url` and `email` are in normal form; `comment` has only LF line ends. `signals` are what
    intake saw (honeypot, form token). `form_token` and `author_token` are as sent and prove nothing
    until checked, as does `proof`; `token_nonce` is the checked form token's, to be counted.
    `address` is the client's, `address_prefixes` what limits count, widest last. `notify`: its
    author wants to be told of replies by mail; `confirm`: to prove the address by a link.
    """

    site: str
    page_url: str
    name: str
    email: str
    comment: str
    website: str = ""
    page_title: str = ""
    page_text: str = ""
    lang: str = ""
    parent_id: str | None = None
    consent: bool = False
    notify: bool = False
    confirm: bool = False
    idempotency_key: str = ""
    form_token: str = ""
    author_token: str = ""
    token_nonce: str = ""
    proof: str = ""
    author_proven: bool = False
    address: str = ""
    address_prefixes: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()

    def with_signals(self, *more: Signal) -> "Submission":
        """The same submission with further signals."""
        return replace(self, signals=(*self.signals, *more))


class Term(Struct, frozen=True):
    """A word or signal that weighed in a score. `weight` > 0 speaks for spam, in log-odds."""

    text: str
    weight: float


class Score(Struct, frozen=True):
    """A model's calibrated probability of spam, in [0, 1], and what weighed most, heaviest first.

    `publish_below` and `reject_above` are the model's own thresholds. `shadow` is what a model in
    the shadow gave, if there is one; nothing is decided by it.
    """

    probability: float
    model: str
    terms: tuple[Term, ...] = ()
    publish_below: float = 0.0
    reject_above: float = 1.0
    shadow: "Score | None" = None


Scorer = Callable[[Submission], Score | None]  # None: there is no usable model


class Cluster(Struct, frozen=True):
    """Near-identical comments: its id and how many were seen within the window, this one too."""

    id: str
    size: int


class AuthorHistory(Struct, frozen=True):
    """What a site decided before about comments under one e-mail address.

    It can speak against an author, never for one: anybody can type an address.
    """

    published: int = 0
    rejected: int = 0
    spam: int = 0
    held: int = 0
    first_seen: datetime | None = None


class Verdict(Struct, frozen=True):
    """The machine's outcome on one comment, with every reason it saw.

    `rules` are the ids of the site's own rules that the comment met.
    """

    outcome: Outcome
    reasons: tuple[Signal, ...] = ()
    rules: tuple[str, ...] = ()

    @property
    def codes(self) -> str:
        """The reasons as the audit keeps them: their codes with commas between."""
        return ",".join(reason.code for reason in self.reasons)


class Comment(Struct, frozen=True):
    """What is stored. Times are UTC; `html` is the rendered body, present once published."""

    id: str
    site_id: int
    site: str
    thread_id: int
    page_url: str
    page_title: str
    parent_id: str | None
    name: str
    email: str
    website: str
    comment: str
    lang: str
    status: Status
    verdict: Outcome
    reasons: tuple[Signal, ...]
    score: float | None
    band: Band
    model: str
    terms: tuple[Term, ...]
    cluster: str
    address: str
    created_at: datetime
    edited_at: datetime | None
    version: int
    decision_id: str | None
    claimed_by: str
    claimed_until: datetime | None
    reports: int = 0
    page_excerpt: str = ""

    def as_submission(self, text: str) -> Submission:
        """The comment as if it had been submitted with this text."""
        return Submission(
            site=self.site,
            page_url=self.page_url,
            page_title=self.page_title,
            name=self.name,
            email=self.email,
            website=self.website,
            lang=self.lang,
            comment=text,
            address=self.address,
            signals=tuple(reason for reason in self.reasons if reason.code in CARRIED),
        )


class Receipt(Struct, frozen=True):
    """What the submitter gets: `status` is the one told to them, never `rejected`.

    `repeated`: the comment was there already; `keyed`: its idempotency key says it is the same
    sender, who may have the edit token again. Without a token, `edit_token` is empty.
    """

    id: str
    status: Status
    page_url: str
    created_at: datetime
    repeated: bool = False
    keyed: bool = False
    edit_token: str = ""
    edit_until: datetime | None = None


class Message(Struct, frozen=True):
    """Something to be sent later: its kind, to whom, and the comment it tells of."""

    kind: str
    recipient: str
    comment_id: str | None = None


class Decision(Struct, frozen=True):
    """What a moderator says about one or many comments; sent again it carries the same `key`."""

    ids: tuple[str, ...]
    choice: Choice
    reason: Reason | None = None
    note: str = ""
    versions: dict[str, int] = field(default_factory=dict)
    key: str = ""


class Conflict(Struct, frozen=True):
    """A comment a decision did not change: its status now, and who made it so."""

    id: str
    status: Status | None
    by: str


class DecisionResult(Struct, frozen=True):
    """Which comments a decision changed and which it did not."""

    decision_id: str
    changed: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


class AuditEntry(Struct, frozen=True):
    """One line of the append-only trail: who, what, to which comment, why, when."""

    comment_id: str
    at: datetime
    actor: str
    action: str
    from_status: Status | None
    to_status: Status
    detail: str
