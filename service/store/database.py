"""The database as everything else sees it: readers on a small pool, one writer, quick looks."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, exc, make_url, text

from service.errors import Unavailable
from service.store import schema
from service.store.engine import database_trouble, open_engine
from service.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

_VERSION_TABLE = (  # as Alembic makes it
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)

_OLDEST_TRANSACTION = text(  # of those whose snapshot or changes keep dead rows from being removed
    "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)"
    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
    " AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)"
)


class Database:
    """A SQLite file or a PostgreSQL database, by SQLAlchemy URL. `start` before use, then `stop`.

    Database trouble (locked, full, gone) reaches the caller as errors.Unavailable.
    """

    def __init__(self, url: str | URL, *, readers: int = 4) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._writer_engine = open_engine(url, "BEGIN IMMEDIATE", size=1)
        self._writer = Writer(
            self._writer_engine,
            open_engine(url, "BEGIN IMMEDIATE", size=1, busy_seconds=0) if self.is_sqlite else None,
        )
        self._reader_engine = open_engine(url, "BEGIN", size=readers + 2)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="reader")
        self._reader = threading.local()
        self._reader_connections: list[Connection] = []  # one for each reader thread
        self._version_connection: sqlite3.Connection | None = None
        self._glances: Connection | None = None

    def start(self) -> None:
        """Start the writer thread; in SQLite also open the connection that watches for changes."""
        if self.is_sqlite:
            path = self._writer_engine.url.database
            assert path is not None
            self._version_connection = sqlite3.connect(path, isolation_level=None)
            self._glances = self._reader_engine.connect()
        self._writer.start()

    def stop(self) -> None:
        """Finish what waits, then close every connection."""
        self._writer.stop()
        self._readers.shutdown()
        for conn in self._reader_connections:
            conn.close()
        if self._version_connection is not None:
            self._version_connection.close()
        if self._glances is not None:
            self._glances.close()
        self._reader_engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction on the calling thread, for the command line."""
        with database_trouble(), self._writer_engine.begin() as conn:
            yield conn

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """One read transaction on the calling thread, for the command line; nobody waits for it."""
        with database_trouble(), self._reader_engine.begin() as conn:
            yield conn

    async def read(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(conn, …)` in a read transaction on a reader thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._readers, self._run_reader, lambda conn: fn(conn, *args, **kwargs)
        )

    async def glance(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `read`, for look-ups of a few rows by key: in SQLite without leaving the event loop.

        A hop to another thread costs several times such a look-up, and readers of a WAL wait for
        nobody. Each statement sees the newest state; there is no transaction around them.
        """
        if self._glances is None:
            return await self.read(fn, *args, **kwargs)
        with database_trouble():
            try:
                return fn(self._glances, *args, **kwargs)
            finally:
                if self._glances.in_transaction():
                    self._glances.rollback()

    async def write(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(conn, …)` in a write transaction; returns once it is on disk.

        `fn` may run twice (its batch is retried function by function), so it changes nothing
        but the database. Raises Unavailable when too many wait or the database fails.
        """
        return await self._writer.write(lambda conn: fn(conn, *args, **kwargs))

    async def jot(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `write`, for a few rows by key: in SQLite on the event loop, all but the commit."""
        return await self._writer.jot(lambda conn: fn(conn, *args, **kwargs))

    def version(self) -> object:
        """A value that differs whenever something may have changed since it was last taken.

        SQLite: exact over all processes (`PRAGMA data_version`, no thread hop). PostgreSQL: exact
        for this process's own writes, at most one second old for those of others.
        """
        if self._version_connection is not None:
            row: tuple[int] = self._version_connection.execute("PRAGMA data_version").fetchone()
            return row[0]
        return self._writer.batches, int(time.monotonic())

    async def oldest_transaction(self) -> float:
        """Age in seconds of the oldest transaction under way in PostgreSQL, whoever's it is.

        While it lasts no dead row is removed, and the queue grows slow; 0 where there is none, and
        in SQLite. Other roles' transactions show only to members of `pg_read_all_stats`.
        """
        if self.is_sqlite:
            return 0.0
        return await self.read(lambda conn: float(conn.scalar(_OLDEST_TRANSACTION) or 0))

    @property
    def written(self) -> int:
        """How many transactions of this process have ended; it grows with each."""
        return self._writer.batches

    @property
    def waiting(self) -> int:
        """How many functions wait for the writer."""
        return self._writer.waiting

    def _run_reader(self, call: Callable[[Connection], T]) -> T:
        with database_trouble():
            try:
                return self._read_once(call)
            except exc.DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                return self._read_once(call)  # the server went away: once more on a new connection

    def _read_once(self, call: Callable[[Connection], T]) -> T:
        conn: Connection | None = getattr(self._reader, "conn", None)
        if conn is None or conn.invalidated or conn.closed:
            conn = self._reader.conn = self._reader_engine.connect()
            self._reader_connections = [c for c in self._reader_connections if not c.closed]
            self._reader_connections.append(conn)
        with conn.begin():
            return call(conn)


def migrate(database: Database) -> str:
    """Bring the schema to the newest version; returns what was done in a few words.

    A new database gets the tables at once; an older one goes through the migrations. Raises
    Unavailable with a clear text when the database is newer than this program.
    """
    with database.transaction() as conn:
        found = _schema_version(conn)
        if found == schema.HEAD:
            return "up to date"
        if found is None:
            schema.metadata.create_all(conn)
            conn.execute(text(_VERSION_TABLE))
            conn.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": schema.HEAD})
            return "created"
        if found > schema.HEAD:
            raise Unavailable(
                f"The database has schema {found}, newer than this program's {schema.HEAD}: "
                "start the newer version, or restore a backup from before the upgrade."
            )
        from service.store.migrations import upgrade

        upgrade(conn)
        return f"migrated from {found} to {schema.HEAD}"


def _schema_version(conn: Connection) -> str | None:
    if conn.dialect.name == "postgresql":
        # replicas may start together: the second waits here until the first is done
        conn.execute(text("SELECT pg_advisory_xact_lock(7262027)"))
    if not conn.dialect.has_table(conn, "alembic_version"):
        return None
    found: str | None = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def sqlite_url(data_dir: Path) -> URL:
    """The URL of the embedded database in a data directory, whatever characters are in its name."""
    return URL.create("sqlite", database=str(data_dir / "comments.db"))
