"""The index of words: which comments it lacks, how they get into it, and what a query finds.

Taking a comment in never waits for it. A search and the tidying put in what is missing; an edit or
an erasure changes at once what is in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    cast,
    exists,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from service.searching import Query, parse_query, words_of_comment
from service.store.schema import comment
from service.store.schema import search_entry as table
from service.tokens import NO_ID, first_id, time_of

# An id is given before its comment is stored, so a lower one may come after a higher.
_LATE = timedelta(minutes=10)
_TEXTS = select(
    comment.c.id, comment.c.version, comment.c.name, comment.c.email, comment.c.website,
    comment.c.comment,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """The words of a comment as it was at this version."""

    comment_id: str
    version: int
    words: str


def list_missing(conn: Connection, limit: int, *, after: str | None = None) -> list[Entry]:
    """Up to `limit` comments that the index lacks, the oldest first.

    Looks at what came in from shortly before the newest that is in; with `after` at all that came
    in after that comment.
    """
    query = _TEXTS.where(~exists().where(table.c.comment_id == comment.c.id))
    start = _soon_before_newest(conn) if after is None else after
    rows = conn.execute(query.where(comment.c.id > start).order_by(comment.c.id).limit(limit))
    return [_entry(row) for row in rows]


def add_entries(conn: Connection, entries: Sequence[Entry]) -> None:
    """Put these in, as far as their comments have not changed since."""
    now = select(comment.c.id, comment.c.version).where(
        comment.c.id.in_([entry.comment_id for entry in entries])
    )
    versions = {row.id: row.version for row in conn.execute(now)}
    values = [
        {"comment_id": entry.comment_id, "words": entry.words}
        for entry in entries
        if versions.get(entry.comment_id) == entry.version
    ]
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    if values:  # another process may be at the same
        adding = dialect.insert(table).on_conflict_do_nothing(index_elements=["comment_id"])
        conn.execute(adding, values)


def index_again(conn: Connection, comment_id: str) -> None:
    """The words of one comment as it is now, at once, where the index has those of before."""
    row = conn.execute(_TEXTS.where(comment.c.id == comment_id)).one()
    conn.execute(
        update(table).where(table.c.comment_id == comment_id).values(words=_entry(row).words)
    )


def _soon_before_newest(conn: Connection) -> str:
    newest: str | None = conn.scalar(
        select(table.c.comment_id).order_by(table.c.comment_id.desc()).limit(1)
    )
    return NO_ID if newest is None else first_id(time_of(newest) - _LATE)


def _entry(row: Row[*tuple[Any, ...]]) -> Entry:
    words = words_of_comment(row.name, row.email, row.website, row.comment)
    return Entry(row.id, row.version, words)


def found_by(conn: Connection, written: str, t: FromClause) -> ColumnElement[bool]:
    """The condition that a row of `t`, the comments, is found by what somebody wrote."""
    query = parse_query(written)
    if not query.phrases:
        return text("1 = 0")  # type: ignore[return-value]
    if conn.dialect.name == "sqlite":
        matching = text(
            "SELECT search_entry.comment_id FROM search_words"
            " JOIN search_entry ON search_entry.id = search_words.rowid"
            " WHERE search_words MATCH :searched"
        ).bindparams(searched=_for_sqlite(query))
        inside: Any = matching.columns(table.c.comment_id)
    else:
        match = table.c.words.op("@@")(cast(_for_postgresql(query), postgresql.TSQUERY))
        inside = select(table.c.comment_id).where(match)
    return t.c.id.in_(inside)


def _for_sqlite(query: Query) -> str:
    phrases = [f'"{" ".join(words)}"' for words in query.phrases]
    if query.is_unfinished:
        phrases[-1] += " *"
    return " AND ".join(phrases)


def _for_postgresql(query: Query) -> str:
    phrases = [[f"'{word}'" for word in words] for words in query.phrases]
    if query.is_unfinished:
        phrases[-1][-1] += ":*"
    return " & ".join(f"({' <-> '.join(words)})" for words in phrases)
