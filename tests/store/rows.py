"""Rows of the smallest table, for tests of the database itself."""

from sqlalchemy import Connection, func, insert, select

from service.store.schema import repeat
from service.tokens import digest
from tests.factories import NOW


def add(conn: Connection, name: str) -> str:
    """Store one row under this name, which nobody else may have."""
    conn.execute(
        insert(repeat).values(
            key=digest(name), comment_id="00000000-0000-7000-8000-000000000000", expires_at=NOW
        )
    )
    return name


def count(conn: Connection) -> int:
    """How many rows there are."""
    return conn.scalar(select(func.count()).select_from(repeat)) or 0


def fail(conn: Connection, name: str, error: Exception) -> None:
    """Store one row, then raise."""
    add(conn, name)
    raise error
