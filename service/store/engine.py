"""How SQLite and PostgreSQL are opened, and what of their trouble reaches a caller."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url

from service.errors import Unavailable

_BUSY_SECONDS = 5  # how long a foreign writer may lock SQLite before we answer 503


@contextmanager
def database_trouble() -> Iterator[None]:
    """Turn a database that is locked, full, gone or damaged into Unavailable."""
    try:
        yield
    except (exc.OperationalError, exc.InternalError, exc.TimeoutError) as error:
        raise Unavailable("The database cannot be reached at the moment.") from error
    except exc.DatabaseError as error:
        if type(error) is not exc.DatabaseError:  # a mistake of ours
            raise
        raise Unavailable("The database is damaged: restore a backup.") from error


def open_engine(
    url: str | URL, begin: str, *, size: int, busy_seconds: float = _BUSY_SECONDS
) -> Engine:
    """An engine of at most `size` connections; `begin` starts each of SQLite's transactions.

    So long each statement waits for a lock that another connection holds on SQLite.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_size=size, max_overflow=0, pool_pre_ping=True)
    engine = create_engine(
        parsed,
        pool_size=size,
        max_overflow=0,
        connect_args={"timeout": busy_seconds, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        conn.exec_driver_sql(begin)

    return engine


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Once in the life of a file; SQLite's own busy timeout does not hold while others do so."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.01)
        else:
            return
