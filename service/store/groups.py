"""Groups of near-identical held comments: which comments lack one, and which there are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from service.store.schema import GROUPED, UNGROUPED
from service.store.schema import comment as table

_GROUP = re.compile("[0-9a-f]{1,16}")
_LATEST = 2000  # comments of a site that are compared with


@dataclass(frozen=True, slots=True)
class Ungrouped:
    """A held comment without a group."""

    id: str
    site_id: int
    comment: str


def list_ungrouped(conn: Connection, limit: int) -> list[Ungrouped]:
    """Up to `limit` held comments without a group, the oldest first."""
    rows = conn.execute(
        select(table.c.id, table.c.site_id, table.c.comment)
        .where(UNGROUPED)
        .order_by(table.c.id)
        .limit(limit)
    )
    return [Ungrouped(row.id, row.site_id, row.comment) for row in rows]


def list_latest(conn: Connection, site_id: int) -> list[str]:
    """The groups of the site's newest held comments, each once."""
    rows: Iterable[str] = conn.scalars(
        select(table.c.cluster)
        .where(GROUPED, table.c.site_id == site_id, table.c.deferred == 0)
        .order_by(table.c.id.desc())
        .limit(_LATEST)
    )
    return [group for group in dict.fromkeys(rows) if _GROUP.fullmatch(group)]


def set_groups(conn: Connection, groups: dict[str, str]) -> None:
    """Put each of these comments, by id, into its group, unless it has got one meanwhile."""
    for comment_id, group in groups.items():
        conn.execute(
            update(table)
            .where(table.c.id == comment_id, table.c.cluster == "")
            .values(cluster=group)
        )
