"""The shapes of answers to moderators, as `wire` has those for everybody."""

from datetime import datetime

import msgspec

from service.domain import AuditEntry, DecisionResult
from service.intake.address import network_of
from service.store.items import QueueItem
from service.vocabulary import Band, Choice, Code, Reason, Status


class ReasonShown(msgspec.Struct):
    """Why the verdict is what it is: a stable code, what was seen, and whether it broke."""

    code: Code
    detail: str
    failure: bool


class TermShown(msgspec.Struct):
    """A word or signal that weighed in the score; above 0 it speaks for spam."""

    text: str
    weight: float


class QueueEntry(msgspec.Struct):
    """A comment as moderators see it. `author` counts this e-mail's comments by status."""

    id: str
    site: str
    comment: str
    name: str
    email: str
    website: str
    address: str
    page_url: str
    page_title: str
    parent_id: str | None
    lang: str
    created_at: datetime
    edited_at: datetime | None
    status: Status
    score: float | None
    band: Band
    model: str
    reasons: list[ReasonShown]
    terms: list[TermShown]
    cluster: str
    author: dict[str, int]
    claimed_by: str
    claimed_until: datetime | None
    version: int
    reports: int

    @classmethod
    def of(cls, item: QueueItem) -> "QueueEntry":
        """From the verb's item; the address is cut to its network, as the desk shows it."""
        c = item.comment
        return cls(
            id=c.id,
            site=c.site,
            comment=c.comment,
            name=c.name,
            email=c.email,
            website=c.website,
            address=network_of(c.address),
            page_url=c.page_url,
            page_title=c.page_title,
            parent_id=c.parent_id,
            lang=c.lang,
            created_at=c.created_at,
            edited_at=c.edited_at,
            status=c.status,
            score=c.score,
            band=c.band,
            model=c.model,
            reasons=[ReasonShown(r.code, r.detail, r.is_failure) for r in c.reasons],
            terms=[TermShown(t.text, t.weight) for t in c.terms],
            cluster=c.cluster,
            author=item.author,
            claimed_by=c.claimed_by,
            claimed_until=c.claimed_until,
            version=c.version,
            reports=c.reports,
        )


class QueuePage(msgspec.Struct):
    """A stretch of the queue."""

    items: list[QueueEntry]
    next_cursor: str | None


class ClaimRequest(msgspec.Struct):
    """How many items to lease and for how long; with `ids` only those of them that are free."""

    limit: int = 10
    ids: list[str] = []
    seconds: int = 300


class ReleaseRequest(msgspec.Struct):
    """Which claims to give back."""

    ids: list[str]


class Released(msgspec.Struct):
    """How many claims were given back."""

    released: int


class DecisionRequest(msgspec.Struct):
    """A decision on one or many; `reason` is for reject, `versions` what was looked at."""

    ids: list[str]
    outcome: Choice
    reason: Reason | None = None
    note: str = ""
    versions: dict[str, int] = {}


class ConflictShown(msgspec.Struct):
    """A comment that a decision left as it was; no status means no such comment for you."""

    id: str
    status: Status | None
    by: str


class Decided(msgspec.Struct):
    """What a decision changed and what it did not."""

    decision_id: str
    changed: list[str]
    conflicts: list[ConflictShown]

    @classmethod
    def of(cls, result: DecisionResult) -> "Decided":
        """From the verb's result."""
        conflicts = [ConflictShown(c.id, c.status, c.by) for c in result.conflicts]
        return cls(result.decision_id, list(result.changed), conflicts)


class HistoryLine(msgspec.Struct):
    """One line of the audit trail."""

    at: datetime
    actor: str
    action: str
    from_status: Status | None
    to_status: Status
    detail: str

    @classmethod
    def of(cls, entry: AuditEntry) -> "HistoryLine":
        """From an audit entry."""
        return cls(
            entry.at, entry.actor, entry.action, entry.from_status, entry.to_status, entry.detail
        )


class History(msgspec.Struct):
    """The audit trail of one comment, oldest first."""

    entries: list[HistoryLine]


class StatsShown(msgspec.Struct):
    """Numbers over the sites one may see; `agreement` is a share from 0 to 1."""

    waiting: int
    oldest: datetime | None
    decided_today: int
    agreement: float | None
    by_reason: dict[str, int]
