"""What moderators do: look at the queue, claim, release, decide one or many, undo."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from service.domain import Actor, AuditEntry, Comment, Conflict, Decision, DecisionResult, Site
from service.errors import FieldError, Forbidden, InvalidSubmission, NotFound
from service.store import audit, comments, decisions, queue, sites
from service.store.database import Database
from service.store.queue import Filter
from service.tokens import new_id
from service.vocabulary import Choice, Reason, Role, Status

_STATUS_OF = {Choice.APPROVE: Status.PUBLISHED, Choice.REJECT: Status.REJECTED}
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")  # what no database keeps
_AGREEMENT_OVER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A comment as the desk shows it, with its author's comments on the site by status.

    `parent` is the comment it answers, if it answers one.
    """

    comment: Comment
    author: dict[str, int]
    parent: Comment | None = None


@dataclass(frozen=True, slots=True)
class Stats:
    """Numbers of the sites an actor may see.

    `agreement` is the share of the `compared` comments; None until somebody decided.
    """

    waiting: int
    oldest: datetime | None
    decided_today: int
    agreement: float | None
    compared: int
    by_reason: dict[str, int]


async def list_queue(
    actor: Actor,
    wanted: Filter,
    *,
    newest_first: bool = False,
    limit: int = 50,
    after: str | None = None,
    store: Database,
) -> list[QueueItem]:
    """A page of comments the actor may see, in the order they came in.

    `wanted.site_ids` is replaced by the actor's own sites. Raises Forbidden for a site that is
    not theirs, NotFound (with the same words) for one that does not exist.
    """
    return await store.read(_list_queue, actor, wanted, newest_first, limit, after)


async def count_waiting(actor: Actor, wanted: Filter, *, store: Database) -> int:
    """How many comments match."""
    return await store.read(lambda conn: queue.count_queue(conn, _own(conn, actor, wanted))[0])


async def claim(actor: Actor, limit: int, *, store: Database, now: datetime) -> list[QueueItem]:
    """Lease the next held comments to the actor; nobody else is handed them until it ends."""
    return await store.write(_claim, actor, limit, now)


async def release(actor: Actor, ids: Sequence[str], *, store: Database) -> int:
    """Give one's claims back; returns how many."""
    return await store.write(queue.release, actor.name, ids)


async def decide(
    actor: Actor, decision: Decision, *, store: Database, now: datetime
) -> DecisionResult:
    """Approve or reject one or many; what somebody else changed meanwhile becomes a conflict.

    Ids that do not exist, or belong to sites the actor may not moderate, are conflicts without a
    status. Each changed comment has its audit entry. Raises InvalidSubmission for a reason to
    approve, or a note that is not text.
    """
    if decision.choice is Choice.APPROVE and decision.reason is not None:
        raise InvalidSubmission([FieldError("reason", "invalid", "A reason goes with reject.")])
    if _NOT_TEXT.search(decision.note):
        raise InvalidSubmission([FieldError("note", "not-text", "The note is not all text.")])
    return await store.write(_decide, actor, decision, now)


async def undo(actor: Actor, decision_id: str, *, store: Database, now: datetime) -> DecisionResult:
    """Take a decision back, whole: each comment is what it was, and the label is gone.

    One's own at any time, somebody else's as an admin. Comments changed since are conflicts.
    Raises NotFound when there is no such decision or it was taken back already, Forbidden for a
    moderator where it takes an admin.
    """
    return await store.write(_undo, actor, decision_id, now)


async def read_comment(
    actor: Actor, comment_id: str, *, store: Database
) -> tuple[QueueItem, list[AuditEntry]]:
    """One comment with its audit trail. Raises NotFound."""
    return await store.read(_read_comment, actor, comment_id)


async def read_stats(actor: Actor, *, store: Database, now: datetime) -> Stats:
    """What waits, what was decided today, and how far people and model agree (30 days)."""
    return await store.read(_stats, actor, now)


async def list_sites(actor: Actor, *, store: Database) -> list[Site]:
    """The sites the actor may see, by key."""
    known = await store.read(sites.list_sites)
    return [site for site in known if actor.may(Role.VIEWER, site.id)]


async def latest_decisions(actor: Actor, *, store: Database) -> list[decisions.Made]:
    """The actor's own latest decisions that still stand, newest first."""
    return await store.read(decisions.latest_of, actor.name)


async def list_by_author(comment: Comment, *, store: Database) -> list[tuple[str, str, datetime]]:
    """The latest comments under the same address on the same site: (id, status, time)."""
    return await store.read(queue.list_by_author, comment.site_id, comment.email)


def access_comment(
    conn: Connection, actor: Actor, comment_id: str, role: Role, *, lock: bool = False
) -> Comment:
    """The one door to a comment for moderators. Raises NotFound unless the role reaches it."""
    comment = comments.find_comment(conn, comment_id, lock=lock)
    if comment is None or not actor.may(role, comment.site_id):
        raise NotFound
    return comment


def _own(conn: Connection, actor: Actor, wanted: Filter) -> Filter:
    if wanted.site_key:
        site = sites.find_site(conn, wanted.site_key)
        if site is None:
            raise NotFound("No such site, or not one of yours.")
        if not actor.may(Role.VIEWER, site.id):
            raise Forbidden("No such site, or not one of yours.")
    return replace(wanted, site_ids=actor.site_ids())


def _list_queue(
    conn: Connection, actor: Actor, wanted: Filter, newest_first: bool, limit: int,
    after: str | None,
) -> list[QueueItem]:  # fmt: skip
    page = queue.list_queue(
        conn, _own(conn, actor, wanted), newest_first=newest_first, limit=limit, after=after
    )
    return _with_authors(conn, page)


def _with_authors(conn: Connection, page: list[Comment]) -> list[QueueItem]:
    counts = queue.count_by_authors(conn, [(c.site_id, c.email) for c in page])
    parents = comments.list_comments(conn, {c.parent_id for c in page if c.parent_id})
    return [
        QueueItem(c, counts[(c.site_id, c.email)], parents.get(c.parent_id or "")) for c in page
    ]


def _claim(conn: Connection, actor: Actor, limit: int, now: datetime) -> list[QueueItem]:
    site_ids = actor.site_ids(Role.MODERATOR)
    return _with_authors(conn, queue.claim_next(conn, site_ids, actor.name, limit, now))


def _decide(conn: Connection, actor: Actor, decision: Decision, now: datetime) -> DecisionResult:
    """One transaction: the decision, each comment's new status, its audit entry, the conflicts."""
    decision_id = new_id(now)
    target = _STATUS_OF[decision.choice]
    changed: list[decisions.MadeItem] = []
    conflicts: list[Conflict] = []
    for comment_id in sorted(set(decision.ids)):  # locked in one order: nobody waits in a circle
        comment = comments.find_comment(conn, comment_id, lock=True)
        if comment is None or not actor.may(Role.MODERATOR, comment.site_id):
            conflicts.append(Conflict(comment_id, None, ""))
            continue
        expected = decision.versions.get(comment_id, comment.version)
        settled = comment.status is target and comment.decision_id is not None
        if expected != comment.version or settled or comment.status is Status.REMOVED or not (
            comments.change_status(
                conn, comment, target, actor=actor.name, action=decision.choice,
                detail=_why(decision), decision_id=decision_id, now=now,
            )
        ):  # fmt: skip
            conflicts.append(Conflict(comment_id, comment.status, ""))
            continue
        item = decisions.MadeItem(
            comment_id, comment.status, comment.decision_id, comment.version + 1
        )
        changed.append(item)
    if changed:
        decisions.add(conn, decision_id, decision, actor.name, now)
        for item in changed:
            decisions.add_item(conn, decision_id, item)
    done = {item.comment_id for item in changed}
    ids = tuple(dict.fromkeys(comment_id for comment_id in decision.ids if comment_id in done))
    conflicts.sort(key=lambda conflict: decision.ids.index(conflict.id))
    return DecisionResult(decision_id if ids else "", ids, _explained(conn, conflicts))


def _explained(conn: Connection, conflicts: list[Conflict]) -> tuple[Conflict, ...]:
    """The conflicts with who made each comment what it is, where one may know."""
    deciders = decisions.find_by_comments(conn, [c.id for c in conflicts if c.status])
    return tuple(Conflict(c.id, c.status, deciders.get(c.id, "")) for c in conflicts)


def _why(decision: Decision) -> str:
    return ": ".join(part for part in (decision.reason or "", decision.note) if part)


def _undo(conn: Connection, actor: Actor, decision_id: str, now: datetime) -> DecisionResult:
    made = decisions.find(conn, decision_id)
    if made is None or made.undone_at is not None:
        raise NotFound("No such decision, or it was taken back already.")
    needed = Role.MODERATOR if made.actor == actor.name else Role.ADMIN
    changed: list[str] = []
    conflicts: list[Conflict] = []
    for item in decisions.list_items(conn, decision_id):
        comment = access_comment(conn, actor, item.comment_id, Role.MODERATOR, lock=True)
        if not actor.may(needed, comment.site_id):
            raise Forbidden("It takes an admin to take back what somebody else decided.")
        if comment.version != item.version or not comments.change_status(
            conn, comment, item.from_status, actor=actor.name, action="undo",
            detail=made.choice, decision_id=item.from_decision_id, now=now,
        ):  # fmt: skip
            conflicts.append(Conflict(item.comment_id, comment.status, ""))
        else:
            changed.append(item.comment_id)
    if changed:
        decisions.mark_undone(conn, decision_id, now)
    return DecisionResult(decision_id, tuple(changed), _explained(conn, conflicts))


def _read_comment(
    conn: Connection, actor: Actor, comment_id: str
) -> tuple[QueueItem, list[AuditEntry]]:
    comment = access_comment(conn, actor, comment_id, Role.VIEWER)
    (item,) = _with_authors(conn, [comment])
    return item, audit.list_entries(conn, comment_id)


def _stats(conn: Connection, actor: Actor, now: datetime) -> Stats:
    site_ids = actor.site_ids()
    waiting, oldest = queue.count_queue(conn, Filter(site_ids))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = decisions.tally_since(conn, site_ids, midnight)
    agreement, compared = _agreement(decisions.tally_since(conn, site_ids, now - _AGREEMENT_OVER))
    return Stats(
        waiting=waiting,
        oldest=oldest,
        decided_today=sum(total for *_rest, total in today),
        agreement=agreement,
        compared=compared,
        by_reason=queue.count_reasons(conn, site_ids),
    )


def _agreement(
    tally: list[tuple[str, str | None, float | None, int]],
) -> tuple[float | None, int]:
    """The share of scored comments where person and model agreed on spam, and their number."""
    agreed = total = 0
    for choice, reason, score, count in tally:
        if score is None or (choice == Choice.REJECT and reason != Reason.SPAM):
            continue  # rejected for another reason: no word on spam
        total += count
        agreed += count if (score >= 0.5) == (choice == Choice.REJECT) else 0
    return (agreed / total if total else None), total
