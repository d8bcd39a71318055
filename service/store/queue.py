"""The queue: a query over comments, not a store of its own; a claim is two columns."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, and_, false, func, or_, select, update

from service.domain import Comment
from service.store.comments import SELECT_COMMENT, comment_of
from service.store.filters import Filter, conditions
from service.store.schema import HELD, decision
from service.store.schema import comment as table
from service.vocabulary import Band, Status

LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a comment stands: `by` made the decision in force, `claimed_by` looks at it now."""

    id: str
    status: Status
    version: int
    by: str
    claimed_by: str


def count_queue(conn: Connection, wanted: Filter) -> tuple[int, datetime | None]:
    """How many comments match, and when the oldest of them came in."""
    total = (
        conn.scalar(select(func.count()).select_from(table).where(*conditions(conn, wanted))) or 0
    )
    # statements of their own: the count needs nothing but an index, and each half sorts by time
    halves = range(2) if wanted.status is Status.HELD else [None]
    oldest: list[datetime | None] = [conn.scalar(_oldest(conn, wanted, half)) for half in halves]
    return total, min((at for at in oldest if at), default=None)


def _oldest(conn: Connection, wanted: Filter, deferred: int | None) -> Select[datetime]:
    query = (
        select(table.c.created_at).where(*conditions(conn, wanted)).order_by(table.c.id).limit(1)
    )
    return query if deferred is None else query.where(table.c.deferred == deferred)


def count_held(conn: Connection, site_id: int) -> tuple[int, datetime | None, int]:
    """What waits on a site: how many comments, the oldest, and how many more look like spam."""
    is_spam = table.c.band == Band.LIKELY_SPAM
    row = conn.execute(
        select(
            func.count().filter(~is_spam).label("waiting"),
            func.min(table.c.created_at).filter(~is_spam).label("oldest"),
            func.count().filter(is_spam).label("spam"),
        ).where(HELD, table.c.site_id == site_id)
    ).one()
    return row.waiting, row.oldest, row.spam


def count_newer(conn: Connection, wanted: Filter, since: str) -> int:
    """How many comments match that came in after the comment `since`."""
    query = select(func.count()).select_from(table).where(*conditions(conn, wanted))
    if wanted.status is Status.HELD:
        query = query.where(table.c.deferred.in_((0, 1)))  # so that the index of ids is of use
    return conn.scalar(query.where(table.c.id > since)) or 0


def list_standings(
    conn: Connection, site_ids: frozenset[int] | None, ids: Sequence[str], now: datetime
) -> list[Standing]:
    """How those of these comments that are on these sites stand, by id."""
    query = (
        select(table.c.id, table.c.status, table.c.version, decision.c.actor, table.c.claimed_by,
               table.c.claimed_until)
        .outerjoin(decision, decision.c.id == table.c.decision_id)
        .where(table.c.id.in_(ids))
        .order_by(table.c.id)
    )  # fmt: skip
    if site_ids is not None:
        query = query.where(table.c.site_id.in_(site_ids))
    return [
        Standing(
            row.id, Status(row.status), row.version, row.actor or "",
            looker(row.claimed_by, row.claimed_until, now),
        )
        for row in conn.execute(query)
    ]  # fmt: skip


def looker(claimed_by: str | None, claimed_until: datetime | None, now: datetime) -> str:
    """Who has a claim now, or "" where nobody has or its lease is over."""
    has_claim = claimed_until is not None and now < claimed_until <= now + 2 * LEASE
    return claimed_by or "" if has_claim else ""


def claim_next(
    conn: Connection,
    site_ids: frozenset[int] | None,
    actor: str,
    limit: int,
    now: datetime,
    *,
    ids: Sequence[str] = (),
    lease: timedelta = LEASE,
) -> list[Comment]:
    """Lease the oldest free held comments to `actor`; nobody else is handed them meanwhile.

    Their own unexpired claims are handed out again first, with a new lease. With `ids`, only
    those of them that are free.
    """
    free = or_(
        table.c.claimed_until.is_(None),
        table.c.claimed_until <= now,
        table.c.claimed_until > now + 2 * LEASE,  # of before the clock was set back
        table.c.claimed_by == actor,
    )
    query = select(table.c.id).where(HELD, free)
    if ids:
        query = query.where(table.c.id.in_(ids))
    if site_ids is not None:
        query = query.where(table.c.site_id.in_(site_ids))
    order = (table.c.deferred, table.c.id)
    chosen = query.order_by(*order).limit(limit).with_for_update(skip_locked=True)
    claimed: list[str] = list(conn.scalars(chosen))
    conn.execute(
        update(table)
        .where(table.c.id.in_(claimed))
        .values(claimed_by=actor, claimed_until=now + lease)
    )
    rows = conn.execute(SELECT_COMMENT.where(table.c.id.in_(claimed)).order_by(*order))
    return [comment_of(row) for row in rows]


def release(conn: Connection, actor: str, ids: Sequence[str]) -> int:
    """Give claims back; only one's own. Returns how many."""
    return conn.execute(
        update(table)
        .where(table.c.id.in_(ids), table.c.claimed_by == actor)
        .values(claimed_by=None, claimed_until=None)
    ).rowcount


def count_reasons(conn: Connection, site_ids: frozenset[int] | None) -> dict[str, int]:
    """How many held comments carry each reason code; over the newest 5,000 of each half."""
    query = select(table.c.reasons).where(HELD)
    if site_ids is not None:
        query = query.where(table.c.site_id.in_(site_ids))
    counts: Counter[str] = Counter()
    total = func.count().label("total")
    for deferred in range(2):
        half = query.where(table.c.deferred == deferred)
        newest = half.order_by(table.c.id.desc()).limit(5000).subquery()
        for row in conn.execute(select(newest.c.reasons, total).group_by(newest.c.reasons)):
            for code, _detail in json.loads(row.reasons):
                counts[code] += row.total
    return dict(counts.most_common())


def list_by_author(
    conn: Connection, site_id: int, email: str, *, limit: int = 5
) -> list[tuple[str, str, datetime]]:
    """The author's latest comments on the site as (id, status, time), newest first."""
    rows = conn.execute(
        select(table.c.id, table.c.status, table.c.created_at)
        .where(table.c.site_id == site_id, func.lower(table.c.email) == func.lower(email))
        .order_by(table.c.id.desc())
        .limit(limit)
    )
    return [(row.id, row.status, row.created_at) for row in rows]


def count_by_authors(
    conn: Connection, authors: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], dict[str, int]]:
    """For each (site id, e-mail), whatever its case: how many comments it has by status."""
    author = func.lower(table.c.email).label("author")
    folded = {(site_id, email): (site_id, email.lower()) for site_id, email in authors}
    by_site: dict[int, list[str]] = {}
    for site_id, email in folded.values():
        by_site.setdefault(site_id, []).append(email)
    # site by site, since SQLite finds no index for a list of pairs
    of_these = [and_(table.c.site_id == s, author.in_(emails)) for s, emails in by_site.items()]
    rows = conn.execute(
        select(table.c.site_id, author, table.c.status, func.count().label("total"))
        .where(or_(false(), *of_these))
        .group_by(table.c.site_id, author, table.c.status)
    )
    counts: dict[tuple[int, str], dict[str, int]] = {}
    for row in rows:
        counts.setdefault((row.site_id, row.author), {})[row.status] = row.total
    return {named: counts.get(key, {}) for named, key in folded.items()}
