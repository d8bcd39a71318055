"""Attacks: a row for each, and two columns of the site that every submission reads anyway."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from service.pace import Pace
from service.store.prepared import Prepared
from service.store.schema import attack as table
from service.store.schema import comment, site
from service.tokens import first_id, new_id

_BEGIN = Prepared(
    update(site)
    .where(site.c.id == bindparam("site_id"), site.c.attacked_since.is_(None))
    .values(attacked_since=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack on a site. `recent` and `usual` are comments in about half a minute."""

    id: str
    site_id: int
    site: str
    cause: str
    recent: float
    usual: float
    began_at: datetime
    ended_at: datetime | None
    ended_by: str


def begin(conn: Connection, site_id: int, cause: str, pace: Pace, now: datetime) -> None:
    """Write down that a site is under attack, unless another process has."""
    if not _BEGIN.run(conn, site_id=site_id, now=now):
        return
    conn.execute(
        insert(table).values(
            id=new_id(now), site_id=site_id, cause=cause, recent=pace.recent, usual=pace.usual,
            began_at=now,
        )
    )  # fmt: skip


def end(
    conn: Connection, site_id: int, actor: str, now: datetime, *, quiet: timedelta | None = None
) -> bool:
    """End the attack on a site; False where there is none. `quiet`: no other begins for so long."""
    ended = conn.execute(
        update(site)
        .where(site.c.id == site_id, site.c.attacked_since.is_not(None))
        .values(attacked_since=None, quiet_until=None if quiet is None else now + quiet)
    )
    conn.execute(
        update(table)
        .where(table.c.site_id == site_id, table.c.ended_at.is_(None))
        .values(ended_at=now, ended_by=actor)
    )
    return ended.rowcount > 0


def list_attacks(
    conn: Connection, site_ids: frozenset[int] | None, *, only_current: bool = False,
    limit: int = 50,
) -> list[Attack]:  # fmt: skip
    """Attacks on these sites, the newest first."""
    query = select(table, site.c.key.label("site")).join(site, site.c.id == table.c.site_id)
    if site_ids is not None:
        query = query.where(table.c.site_id.in_(site_ids))
    if only_current:
        query = query.where(table.c.ended_at.is_(None))
    return [_attack(row) for row in conn.execute(query.order_by(table.c.id.desc()).limit(limit))]


def count_since(conn: Connection, site_id: int, since: datetime, most: int) -> int:
    """How many comments came in on a site since then, as far as `most`."""
    some = (
        select(comment.c.id)
        .where(comment.c.site_id == site_id, comment.c.id >= first_id(since))
        .limit(most)
        .subquery()
    )
    return conn.scalar(select(func.count()).select_from(some)) or 0


def _attack(row: Row[*tuple[Any, ...]]) -> Attack:
    return Attack(
        row.id, row.site_id, row.site, row.cause, row.recent, row.usual, row.began_at,
        row.ended_at, row.ended_by or "",
    )  # fmt: skip
