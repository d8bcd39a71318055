"""The only module that knows threads: readers on a small pool, one writer with group commit.

Everything that waits for the writer shares one transaction and one fsync. If one function fails,
the batch is rolled back and each function runs in a transaction of its own.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, exc, make_url, text

from service.errors import Unavailable
from service.store import schema
from service.store.engine import database_trouble, open_engine

P = ParamSpec("P")
T = TypeVar("T")

_BATCH = 256  # functions that share one transaction at most
_WAITING = 2048  # functions that may wait for the writer; more are refused at once
_VERSION_TABLE = (  # as Alembic makes it
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
    " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


class _Job:
    """A function waiting for the writer, and whoever waits for its answer."""

    __slots__ = ("answer", "call", "error", "future", "loop")

    def __init__(
        self,
        call: Callable[[Connection], Any],
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[Any],
    ) -> None:
        self.call = call
        self.loop = loop
        self.future = future
        self.answer: Any = None
        self.error: BaseException | None = None


class Database:
    """A SQLite file or a PostgreSQL database, by SQLAlchemy URL. `start` before use, then `stop`.

    Database trouble (locked, full, gone) reaches the caller as errors.Unavailable.
    """

    def __init__(self, url: str | URL, *, readers: int = 4) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self._writer_engine = open_engine(url, "BEGIN IMMEDIATE", size=1)
        self._reader_engine = open_engine(url, "BEGIN", size=readers + 1)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="reader")
        self._reader = threading.local()
        self._reader_connections: list[Connection] = []  # one for each reader thread
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._run_writer, name="writer", daemon=True)
        self._commits = 0  # batches finished
        self._stopped = False
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
        self._stopped = True
        if self._writer.is_alive():
            self._jobs.put(None)
            self._writer.join()
        self._readers.shutdown()
        for conn in self._reader_connections:
            conn.close()
        if self._version_connection is not None:
            self._version_connection.close()
        if self._glances is not None:
            self._glances.close()
        self._reader_engine.dispose()
        self._writer_engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction on the calling thread, for the command line."""
        with database_trouble(), self._writer_engine.begin() as conn:
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
        if self._stopped:
            raise Unavailable("The service is stopping.")
        if self._jobs.qsize() >= _WAITING:
            raise Unavailable("Too much is waiting to be stored.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(lambda conn: fn(conn, *args, **kwargs), loop, future))
        return await future

    def version(self) -> object:
        """A value that differs whenever something may have changed since it was last taken.

        SQLite: exact over all processes (`PRAGMA data_version`, no thread hop). PostgreSQL: exact
        for this process's own writes, at most one second old for those of others.
        """
        if self._version_connection is not None:
            row: tuple[int] = self._version_connection.execute("PRAGMA data_version").fetchone()
            return row[0]
        return self._commits, int(time.monotonic())

    @property
    def waiting(self) -> int:
        """How many functions wait for the writer."""
        return self._jobs.qsize()

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

    def _run_writer(self) -> None:
        while batch := self._next_batch():
            try:
                self._run_together(batch)
            except Unavailable as error:
                if _is_retryable(error.__cause__):
                    self._run_each_alone(batch)
                else:
                    for job in batch:
                        job.error = error
            except Exception:  # whoever failed is found by running each alone
                self._run_each_alone(batch)
            self._commits += 1
            for loop in {job.loop for job in batch}:
                settled = [job for job in batch if job.loop is loop]
                try:
                    loop.call_soon_threadsafe(_settle, settled)
                except RuntimeError:
                    continue  # that loop is closed: nobody waits any more

    def _run_together(self, batch: list[_Job]) -> None:
        with database_trouble(), self._writer_engine.begin() as conn:
            for job in batch:
                job.answer = job.call(conn)

    def _run_each_alone(self, batch: list[_Job]) -> None:
        for job in batch:
            for _attempt in range(3):
                try:
                    self._run_together([job])
                    job.error = None
                    break
                except Unavailable as error:
                    job.error = error
                    if not _is_retryable(error.__cause__):
                        break
                except Exception as error:
                    job.error = error
                    break

    def _next_batch(self) -> list[_Job]:
        job = self._jobs.get()
        batch: list[_Job] = []
        while job is not None:
            batch.append(job)
            if len(batch) == _BATCH or self._jobs.empty():
                return batch
            job = self._jobs.get()
        if batch:
            self._jobs.put(None)  # asked to stop: first finish these
        return batch


def _settle(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue  # the caller left
        if isinstance(job.error, StopIteration):  # which no future takes (as in PEP 479)
            job.future.set_exception(RuntimeError(repr(job.error)))
        elif job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.answer)


def _is_retryable(cause: BaseException | None) -> bool:
    """Deadlocks and serialisation failures are rolled back whole and may simply run again."""
    return getattr(getattr(cause, "orig", None), "sqlstate", None) in ("40001", "40P01")


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
