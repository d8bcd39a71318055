"""Databases that are locked, damaged, restarted or gone, and what of it reaches a caller."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from service.errors import DeskError, Unavailable
from service.store.database import Database, migrate, sqlite_url
from tests.store.rows import add, count


def test_sqlite_keeps_what_it_has_answered_for_through_a_power_cut(sqlite: Database) -> None:
    async def pragma(name: str) -> object:
        return await sqlite.write(lambda conn: conn.scalar(text(f"PRAGMA {name}")))

    assert asyncio.run(pragma("journal_mode")) == "wal"
    assert asyncio.run(pragma("synchronous")) == 2  # FULL
    assert asyncio.run(pragma("foreign_keys")) == 1


def test_a_short_foreign_lock_on_sqlite_is_waited_for_and_reads_go_on(
    sqlite: Database, tmp_path: Path
) -> None:
    async def scenario() -> str:
        foreign = sqlite3.connect(tmp_path / "comments.db", isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        waiting = asyncio.ensure_future(sqlite.write(add, "patient"))
        assert await sqlite.read(count) == 0
        assert not waiting.done()
        foreign.execute("ROLLBACK")
        foreign.close()
        return await waiting

    assert asyncio.run(scenario()) == "patient"


def test_a_long_foreign_lock_on_sqlite_becomes_unavailable_and_is_got_over(
    sqlite: Database, tmp_path: Path
) -> None:
    async def scenario() -> str:
        foreign = sqlite3.connect(tmp_path / "comments.db", isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as refusal:
            await sqlite.write(add, "refused")
        assert refusal.value.retry_after > 0
        foreign.execute("ROLLBACK")
        foreign.close()
        return await sqlite.write(add, "later")

    assert asyncio.run(scenario()) == "later"
    with sqlite.transaction() as conn:
        assert count(conn) == 1


def test_a_damaged_sqlite_file_is_unavailable_and_no_riddle(tmp_path: Path) -> None:
    (tmp_path / "comments.db").write_bytes(b"this is no database, " * 1000)
    database = Database(sqlite_url(tmp_path))

    with pytest.raises(Unavailable):
        migrate(database)
    database.stop()


def test_readers_and_writer_come_back_after_postgresql_ended_every_connection(
    postgresql: str,
) -> None:
    def end_all(conn: Connection) -> None:
        conn.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        )

    async def scenario(database: Database) -> None:
        key = f"unique {id(database)}"
        await database.write(add, f"{key} before")
        await asyncio.gather(*(database.read(count) for _ in range(8)))
        other = Database(postgresql)
        with other.transaction() as conn:
            end_all(conn)
        other.stop()
        await asyncio.gather(*(database.read(count) for _ in range(8)))
        await database.write(add, f"{key} after")

    database = Database(postgresql)
    database.start()
    asyncio.run(scenario(database))
    database.stop()


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql://nobody@/nothing?host={tmp_path}")
    database.start()

    async def scenario() -> None:
        for asked in (database.read, database.write):
            with pytest.raises(Unavailable):
                await asked(count)

    asyncio.run(scenario())
    with pytest.raises(DeskError), database.transaction():
        pass
    database.stop()


def test_a_deadlock_between_two_replicas_is_run_again(postgresql: str) -> None:
    one, two = Database(postgresql), Database(postgresql)
    locked = threading.Barrier(2)
    first_time = {"a": True, "b": True}

    def lock(conn: Connection, mine: str, other: str) -> str:
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ord(mine)})
        if first_time[mine]:
            first_time[mine] = False
            locked.wait(10)
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ord(other)})
        return mine

    async def scenario() -> tuple[str, str]:
        return await asyncio.gather(one.write(lock, "a", "b"), two.write(lock, "b", "a"))

    for database in (one, two):
        database.start()
    assert list(asyncio.run(scenario())) == ["a", "b"]
    for database in (one, two):
        database.stop()


@pytest.mark.parametrize("name", ["plain", "a b", "what?#%20:&", "schön"])
def test_a_data_directory_may_have_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    database = Database(sqlite_url(tmp_path / name))
    database.start()

    assert migrate(database) == "created"
    database.version()
    database.stop()

    assert (tmp_path / name / "comments.db").is_file()
