"""What the desk's numbers are counted from: arrivals, and what was decided, since a moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, func, select, union_all

from service.store.schema import comment, decision, decision_item, site, thread
from service.vocabulary import Band, Choice, Outcome, Reason, Status

MOST = 5_000  # comments looked at one by one, the newest; so the page stays quick
_SITES = 100  # each gets a look of its own, which an index answers


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision did to one comment, as far as the numbers need it."""

    decision_id: str
    actor: str
    choice: Choice
    reason: Reason | None
    at: datetime
    undone: bool
    from_status: Status
    score: float | None
    band: Band


def all_sites(conn: Connection) -> frozenset[int]:
    """The id of every site."""
    return frozenset(conn.scalars(select(site.c.id)))


def count_arrivals(
    conn: Connection, site_ids: frozenset[int], edges: Sequence[datetime]
) -> list[int]:
    """How many comments came in between each two neighbouring edges; answered by an index."""
    query = select(func.count()).select_from(comment).where(comment.c.site_id.in_(site_ids))
    at = comment.c.created_at
    return [conn.scalar(query.where(at >= begin, at < end)) or 0 for begin, end in pairwise(edges)]


def tally_arrivals(
    conn: Connection, site_ids: frozenset[int], since: datetime
) -> Iterator[tuple[int, Outcome, int]]:
    """The newest `MOST` comments since then, as (thread id, verdict, how many)."""
    columns = comment.c.thread_id, comment.c.verdict, comment.c.created_at
    arrived = select(*columns).where(comment.c.created_at >= since)
    if len(site_ids) <= _SITES:
        looks = (
            arrived.where(comment.c.site_id == site_id)
            .order_by(comment.c.created_at.desc())
            .limit(MOST)
            .subquery()
            for site_id in sorted(site_ids)
        )
        found = union_all(*(select(look) for look in looks)).subquery()
    else:
        of_these = arrived.where(comment.c.site_id.in_(site_ids))
        found = of_these.order_by(comment.c.id.desc()).limit(MOST).subquery()
    newest = select(found).order_by(found.c.created_at.desc()).limit(MOST).subquery()
    rows = conn.execute(
        select(newest.c.thread_id, newest.c.verdict, func.count().label("total")).group_by(
            newest.c.thread_id, newest.c.verdict
        )
    )
    return ((row.thread_id, Outcome(row.verdict), row.total) for row in rows)


def name_threads(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """The address and the title of these pages."""
    rows = conn.execute(select(thread.c.id, thread.c.url, thread.c.title).where(
        thread.c.id.in_(ids)
    ))  # fmt: skip
    return {row.id: (row.url, row.title) for row in rows}


def list_decided(conn: Connection, site_ids: frozenset[int], since: datetime) -> list[Decided]:
    """What was decided since then, comment by comment, newest first; `MOST` at most."""
    # no planner may begin with a site's comments: the decisions of the span are far fewer
    of_these = (comment.c.site_id + 0).in_(site_ids)
    rows = conn.execute(
        select(
            decision.c.id, decision.c.actor, decision.c.choice, decision.c.reason,
            decision.c.created_at, decision.c.undone_at, decision_item.c.from_status,
            comment.c.score, comment.c.band,
        )
        .join(decision_item, decision_item.c.decision_id == decision.c.id)
        .join(comment, comment.c.id == decision_item.c.comment_id)
        .where(decision.c.created_at >= since, of_these)
        .order_by(decision.c.created_at.desc())
        .limit(MOST)
    )  # fmt: skip
    return [
        Decided(
            row.id, row.actor, Choice(row.choice), None if row.reason is None else
            Reason(row.reason), row.created_at, row.undone_at is not None,
            Status(row.from_status), row.score, Band(row.band),
        )
        for row in rows
    ]  # fmt: skip
