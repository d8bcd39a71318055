"""Notes: what moderators write for one another about a comment or its author."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, false, insert, or_, select

from service.domain import Comment
from service.store.schema import note as table

_MOST = 50  # of one comment or author


@dataclass(frozen=True, slots=True)
class Note:
    """A note; `comment_id` None where it is about the author `email`."""

    id: str
    site_id: int
    comment_id: str | None
    email: str | None
    text: str
    actor: str
    created_at: datetime


def add(conn: Connection, note: Note) -> None:
    """Store a note."""
    values = {column.name: getattr(note, column.name) for column in table.columns}
    conn.execute(insert(table).values(values))


def find(conn: Connection, note_id: str) -> Note | None:
    """The note with this id, or None."""
    row = conn.execute(select(table).where(table.c.id == note_id)).first()
    return None if row is None else _note(row)


def remove(conn: Connection, note_id: str) -> None:
    """Delete a note; nothing of it stays."""
    conn.execute(delete(table).where(table.c.id == note_id))


def list_about(conn: Connection, comments: Sequence[Comment]) -> dict[str, list[Note]]:
    """The notes on each of these comments and on its author, oldest first, by comment id."""
    authors = {(c.site_id, c.email.lower()) for c in comments}
    by_site: dict[int, list[str]] = {}
    for site_id, email in authors:
        by_site.setdefault(site_id, []).append(email)
    on_authors = [and_(table.c.site_id == s, table.c.email.in_(e)) for s, e in by_site.items()]
    on_comments = table.c.comment_id.in_([c.id for c in comments])
    rows = conn.execute(
        select(table).where(or_(false(), on_comments, *on_authors)).order_by(table.c.id)
    )
    found = [_note(row) for row in rows]
    return {c.id: [n for n in found if _is_about(n, c)][-_MOST:] for c in comments}


def _is_about(note: Note, comment: Comment) -> bool:
    if note.comment_id is not None:
        return note.comment_id == comment.id
    return (note.site_id, note.email) == (comment.site_id, comment.email.lower())


def _note(row: Row[*tuple[Any, ...]]) -> Note:
    return Note(**row._mapping)
