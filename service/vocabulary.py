"""The words that code, API, database and pages share: enums, and the sets of them with names."""

from enum import StrEnum

SYSTEM = "system"  # the actor of audit entries that no person made
AUTHOR = "author"  # the actor of audit entries made with an edit token or a link in a mail
CONFIRM, REPLY, DIGEST = "confirm", "reply", "digest"  # the kinds of message in the outbox


class Status(StrEnum):
    """Where a comment is now."""

    PUBLISHED = "published"
    HELD = "held"
    REJECTED = "rejected"
    REMOVED = "removed"


VISIBLE = frozenset({Status.PUBLISHED})
OPEN = frozenset({Status.HELD})  # what waits for a person


class Outcome(StrEnum):
    """What a verdict, the machine's answer, says."""

    PUBLISH = "publish"
    HOLD = "hold"
    REJECT = "reject"

    @property
    def status(self) -> Status:
        """The status that follows from this outcome."""
        return _STATUS_OF[self]

    @property
    def told(self) -> Status:
        """What its author is told: a rejected comment is told held, so spammers learn nothing."""
        return Status.PUBLISHED if self is Outcome.PUBLISH else Status.HELD


_STATUS_OF = {
    Outcome.PUBLISH: Status.PUBLISHED,
    Outcome.HOLD: Status.HELD,
    Outcome.REJECT: Status.REJECTED,
}


class Choice(StrEnum):
    """What a decision, a moderator's answer, says."""

    APPROVE = "approve"
    REJECT = "reject"


class Reason(StrEnum):
    """Why a moderator rejected."""

    SPAM = "spam"
    ABUSE = "abuse"
    OFF_TOPIC = "off-topic"
    PERSONAL_DATA = "personal-data"
    ILLEGAL = "illegal"
    OTHER = "other"


class Role(StrEnum):
    """What a moderator may do on a site; each role includes the ones before it."""

    VIEWER = "viewer"
    MODERATOR = "moderator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what `other` may do."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Order(StrEnum):
    """What comes first in the queue."""

    OLDEST = "oldest"
    NEWEST = "newest"
    UNCERTAIN = "uncertain"  # where the model knows least
    REPORTED = "reported"  # by most readers
    REACH = "reach"  # on the pages with most comments


class RuleKind(StrEnum):
    """What a rule of a site names."""

    WORD = "word"
    DOMAIN = "domain"
    ADDRESS = "address"
    EMAIL = "email"


class Effect(StrEnum):
    """What a rule of a site does to a comment that meets it."""

    BLOCK = "block"
    HOLD = "hold"


class Code(StrEnum):
    """The stable reason codes of signals: shown to moderators, filtered on, documented."""

    # what was found
    BLOCKED_WORD = "blocked-word"
    BLOCKED_DOMAIN = "blocked-domain"
    BLOCKED_ADDRESS = "blocked-address"
    HELD_WORD = "held-word"
    HELD_DOMAIN = "held-domain"
    HELD_ADDRESS = "held-address"
    HONEYPOT_FILLED = "honeypot-filled"
    FORM_TOKEN_ABSENT = "form-token-absent"  # noqa: S105 - a reason code
    FORM_TOKEN_INVALID = "form-token-invalid"  # noqa: S105
    FORM_TOKEN_REUSED = "form-token-reused"  # noqa: S105
    TOO_FAST = "too-fast"
    PROOF_MISSING = "proof-missing"
    TOO_MANY_LINKS = "too-many-links"
    DUPLICATE = "duplicate"
    FIRST_TIME_AUTHOR = "first-time-author"
    UNPROVEN_AUTHOR = "unproven-author"
    REJECTED_BEFORE = "rejected-before"
    PROVEN_AUTHOR = "proven-author"
    SCORE_SPAM = "score-spam"
    SCORE_UNSURE = "score-unsure"
    SCORE_FINE = "score-fine"
    ATTACK_MODE = "attack-mode"
    EDITED = "edited"
    # what failed
    UNSCORED = "unscored"
    LIMITS_DEGRADED = "limits-degraded"


DEFERRING = frozenset({Code.PROOF_MISSING})  # held behind all that is held for other reasons
# what the form told when a comment came in; whoever judges it again comes without one
CARRIED = frozenset({
    Code.HONEYPOT_FILLED, Code.FORM_TOKEN_ABSENT, Code.FORM_TOKEN_INVALID, Code.FORM_TOKEN_REUSED,
    Code.TOO_FAST, Code.PROOF_MISSING,
})  # fmt: skip
FAILURES = frozenset({Code.UNSCORED, Code.LIMITS_DEGRADED})  # broke, as opposed to found


class Band(StrEnum):
    """A score in words."""

    LIKELY_FINE = "likely-fine"
    UNSURE = "unsure"
    LIKELY_SPAM = "likely-spam"
    UNSCORED = "unscored"
