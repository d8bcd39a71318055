"""Snippets: the notes that a site's moderators choose from when they reject."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from service.store.schema import snippet as table


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text to choose from."""

    id: str
    site_id: int
    text: str
    actor: str
    created_at: datetime


def add(conn: Connection, snippet: Snippet) -> None:
    """Store a snippet."""
    values = {column.name: getattr(snippet, column.name) for column in table.columns}
    conn.execute(insert(table).values(values))


def find(conn: Connection, snippet_id: str) -> Snippet | None:
    """The snippet with this id, or None."""
    row = conn.execute(select(table).where(table.c.id == snippet_id)).first()
    return None if row is None else Snippet(**row._mapping)


def change(conn: Connection, snippet_id: str, text: str, actor: str) -> None:
    """Give a snippet another text; an empty one removes it. Notes made from it stay as they are."""
    if text:
        conn.execute(update(table).where(table.c.id == snippet_id).values(text=text, actor=actor))
    else:
        conn.execute(delete(table).where(table.c.id == snippet_id))


def list_of(conn: Connection, site_ids: Collection[int] | None) -> dict[int, list[Snippet]]:
    """The snippets of each of these sites, in the order they were made."""
    query = select(table).order_by(table.c.id)
    if site_ids is not None:
        query = query.where(table.c.site_id.in_(site_ids))
    found: dict[int, list[Snippet]] = {}
    for row in conn.execute(query):
        found.setdefault(row.site_id, []).append(Snippet(**row._mapping))
    return found
