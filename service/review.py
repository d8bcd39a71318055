"""What moderators do: look at the queue, claim, release, decide one or many, undo."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from service.domain import AuditEntry, Comment, Conflict, Decision, DecisionResult, Site
from service.errors import (
    FieldError,
    Forbidden,
    IdempotencyMismatch,
    InvalidSubmission,
    NotFound,
)
from service.intake.address import network_of
from service.persons import Actor
from service.store import audit, authors, comments, decisions, queue, sites
from service.store.catch_up import make_searchable
from service.store.database import Database
from service.store.filters import Filter
from service.store.items import QueueItem, with_context
from service.store.orders import Cursor, Placed
from service.store.orders import list_queue as list_placed
from service.tokens import named_id, new_id
from service.vocabulary import OPEN, Choice, Order, Role, Status

_STATUS_OF = {Choice.APPROVE: Status.PUBLISHED, Choice.REJECT: Status.REJECTED}
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")  # what no database keeps


@dataclass(frozen=True, slots=True)
class Watched:
    """What an open desk asks for now and then: `waiting` on all of the actor's sites, `newer` how
    many match that came in since."""

    waiting: int
    newer: int
    standings: list[queue.Standing]


async def list_queue(
    actor: Actor,
    wanted: Filter,
    *,
    order: Order = Order.OLDEST,
    limit: int = 50,
    after: Cursor | None = None,
    grouped: bool = False,
    store: Database,
) -> list[QueueItem]:
    """A page of comments the actor may see; `grouped` as the desk shows them: a group by its
    oldest, and with what stands around.

    `wanted.site_ids` is replaced by the actor's own sites. Raises Forbidden for a site that is
    not theirs, NotFound (with the same words) for one that does not exist.
    """

    await make_searchable(wanted, store)

    def read(conn: Connection) -> list[QueueItem]:
        own = _own(conn, actor, wanted)
        in_groups = grouped and own.status in OPEN
        page = list_placed(conn, own, order, limit=limit, after=after, grouped=in_groups)
        return with_context(conn, page, own if in_groups else None, near=grouped)

    return await store.read(read)


async def count_waiting(actor: Actor, wanted: Filter, *, store: Database) -> int:
    """How many comments match."""
    await make_searchable(wanted, store)
    return await store.read(lambda conn: queue.count_queue(conn, _own(conn, actor, wanted))[0])


async def claim(
    actor: Actor,
    limit: int,
    *,
    ids: Sequence[str] = (),
    lease: timedelta = queue.LEASE,
    store: Database,
    now: datetime,
) -> list[QueueItem]:
    """Lease held comments to the actor; nobody else is handed them until the lease ends.

    The next ones, or of `ids`, where there are any, those that nobody else has.
    """
    return await store.write(_claim, actor, limit, ids, lease, now)


async def release(actor: Actor, ids: Sequence[str], *, store: Database) -> int:
    """Give one's claims back; returns how many."""
    return await store.write(queue.release, actor.name, ids)


async def look_again(
    actor: Actor, wanted: Filter, ids: Sequence[str], since: str | None, *, store: Database,
    now: datetime,
) -> Watched:  # fmt: skip
    """How comments that somebody has on screen stand now, and what has come in since.

    Comments of sites the actor may not see are left out. Raises Forbidden and NotFound as
    `list_queue` does.
    """
    await make_searchable(wanted, store)
    return await store.read(_look_again, actor, wanted, ids, since, now)


async def decide(
    actor: Actor, decision: Decision, *, store: Database, now: datetime
) -> DecisionResult:
    """Approve or reject one or many; what somebody else changed meanwhile becomes a conflict.

    Ids that do not exist, or belong to sites the actor may not moderate, are conflicts without a
    status. Each changed comment has its audit entry. A decision whose `key` its actor has used
    before changes nothing and has the first one's result. Raises InvalidSubmission for a reason to
    approve, or a note that is not text; IdempotencyMismatch for the key of another decision.
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


async def find_author(comment: Comment, *, store: Database) -> authors.Author:
    """What the site of a comment that the actor may see knows of its author."""
    return await store.read(authors.find_author, comment, network_of)


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


def _look_again(
    conn: Connection, actor: Actor, wanted: Filter, ids: Sequence[str], since: str | None,
    now: datetime,
) -> Watched:  # fmt: skip
    own = _own(conn, actor, wanted)
    waiting, _oldest = queue.count_queue(conn, Filter(own.site_ids))
    newer = queue.count_newer(conn, own, since) if since else 0
    return Watched(waiting, newer, queue.list_standings(conn, own.site_ids, ids, now))


def _claim(
    conn: Connection, actor: Actor, limit: int, ids: Sequence[str], lease: timedelta, now: datetime
) -> list[QueueItem]:
    site_ids = actor.site_ids(Role.MODERATOR)
    claimed = queue.claim_next(conn, site_ids, actor.name, limit, now, ids=ids, lease=lease)
    return with_context(conn, [Placed(comment) for comment in claimed])


def _decide(conn: Connection, actor: Actor, decision: Decision, now: datetime) -> DecisionResult:
    """One transaction: the decision, each comment's new status, its audit entry, the conflicts."""
    found: dict[str, Comment | None] = {}
    for comment_id in sorted(set(decision.ids)):  # locked in one order: nobody waits in a circle
        comment = comments.find_comment(conn, comment_id, lock=True)
        is_own = comment is not None and actor.may(Role.MODERATOR, comment.site_id)
        found[comment_id] = comment if is_own else None
    decision_id = named_id("decision", actor.name, decision.key) if decision.key else new_id(now)
    made = decisions.find(conn, decision_id) if decision.key else None
    if made is not None:
        return _result(conn, decision, decision_id, _changed_before(conn, made, decision), found)
    target = _STATUS_OF[decision.choice]
    changed: list[decisions.MadeItem] = []
    for comment_id, comment in found.items():
        if comment is None or comment.status is Status.REMOVED:
            continue
        expected = decision.versions.get(comment_id, comment.version)
        settled = comment.status is target and comment.decision_id and not comment.reports
        if expected == comment.version and not settled and comments.change_status(
            conn, comment, target, actor=actor.name, action=decision.choice,
            detail=_why(decision), decision_id=decision_id, now=now,
        ):  # fmt: skip
            was = (comment.status, comment.decision_id)
            changed.append(decisions.MadeItem(comment_id, *was, comment.version + 1))
    if changed:
        decisions.add(conn, decision_id, decision, actor.name, now)
        for item in changed:
            decisions.add_item(conn, decision_id, item)
    return _result(conn, decision, decision_id, {item.comment_id for item in changed}, found)


def _changed_before(conn: Connection, made: decisions.Made, decision: Decision) -> set[str]:
    """What the decision changed that was made with this key."""
    done = {item.comment_id for item in decisions.list_items(conn, made.id)}
    if (made.choice, made.reason) != (decision.choice, decision.reason) or done - {*decision.ids}:
        raise IdempotencyMismatch
    return done


def _result(
    conn: Connection, decision: Decision, decision_id: str, done: set[str],
    found: dict[str, Comment | None],
) -> DecisionResult:  # fmt: skip
    asked = tuple(dict.fromkeys(decision.ids))
    left = [(i, found[i]) for i in asked if i not in done]
    conflicts = [Conflict(i, c.status if c else None, "") for i, c in left]
    ids = tuple(i for i in asked if i in done)
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
    (item,) = with_context(conn, [Placed(comment)], near=True)
    return item, audit.list_entries(conn, comment_id)
