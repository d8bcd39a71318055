"""Reports of readers: who has reported what, kept as digests, and the count on the comment."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, ScalarSelect, bindparam, delete, func, select, text, update

from service.store.columns import Id, Instant
from service.store.prepared import Prepared
from service.store.schema import comment
from service.store.schema import report as table

KEPT = timedelta(days=90)  # afterwards the same reader may count again

_ADD = Prepared(
    text(
        "INSERT INTO report (comment_id, reader, at) VALUES (:comment_id, :reader, :at)"
        " ON CONFLICT (comment_id, reader) DO NOTHING"
    ).bindparams(bindparam("comment_id", type_=Id), bindparam("at", type_=Instant))
)


def add(conn: Connection, comment_id: str, reader: bytes, now: datetime) -> bool:
    """Count a report; False where the same reader has reported this comment before."""
    if not _ADD.run(conn, comment_id=comment_id, reader=reader, at=now):
        return False
    conn.execute(
        update(comment).where(comment.c.id == comment_id).values(reports=comment.c.reports + 1)
    )
    return True


def count_of(comment_id: str) -> ScalarSelect[int]:
    """How many readers reported a comment, as part of a statement."""
    count = select(func.count()).select_from(table).where(table.c.comment_id == comment_id)
    return count.scalar_subquery()


def forget_expired(conn: Connection, now: datetime) -> None:
    """Forget who reported what long ago; the counts stay."""
    conn.execute(delete(table).where(table.c.at <= now - KEPT))
