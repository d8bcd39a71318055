"""What a rule would have met: a look through the newest comments, without changing any."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from service.rulebook import RuleBook, Traits
from service.store.schema import HELD
from service.store.schema import comment as table
from service.tokens import first_id
from service.vocabulary import Status

_CHUNK = 500  # comments in memory at once


def find_met(
    conn: Connection,
    rules: RuleBook,
    site_ids: Collection[int] | None,
    *,
    since: datetime | None = None,
    now: datetime,
    most: int,
    only_held: bool = False,
) -> tuple[list[tuple[str, Status]], int]:
    """The newest comments that meet one of the rules, as (id, status), and how many were read.

    No more than `most` comments are read. What an author took back holds nothing to read.
    """
    met: list[tuple[str, Status]] = []
    read = 0
    for row in _newest(conn, site_ids, since, most, only_held):
        read += 1
        traits = Traits(
            comment=row.comment, name=row.name, website=row.website, email=row.email,
            address=row.address,
        )  # fmt: skip
        if rules.find_any(traits, now) is not None:
            met.append((row.id, Status(row.status)))
    return met, read


def _newest(
    conn: Connection, site_ids: Collection[int] | None, since: datetime | None, most: int,
    only_held: bool,
) -> Iterator[Row[*tuple[Any, ...]]]:  # fmt: skip
    query = select(
        table.c.id, table.c.status, table.c.comment, table.c.name, table.c.website, table.c.email,
        table.c.address,
    ).order_by(table.c.id.desc())  # fmt: skip
    query = query.where(HELD if only_held else table.c.status != Status.REMOVED.value)
    if site_ids is not None:
        query = query.where(table.c.site_id.in_(site_ids))
    if since is not None:
        query = query.where(table.c.id >= first_id(since))
    below: str | None = None
    while most > 0:
        chunk = query if below is None else query.where(table.c.id < below)
        rows = conn.execute(chunk.limit(min(most, _CHUNK))).all()
        yield from rows
        if len(rows) < min(most, _CHUNK):
            return
        most, below = most - len(rows), rows[-1].id
