"""The readers and the version: what was written is seen, and that something was."""

import asyncio
import time

import psycopg
import pytest
from sqlalchemy import URL

from service.errors import UsageError
from service.store.database import Database
from tests.redis_server import wait_until
from tests.store.rows import add, count, fail


def test_a_read_sees_what_was_written_before_it_and_leaves_nothing_behind(
    database: Database,
) -> None:
    async def scenario() -> int:
        for number in range(20):
            await database.write(add, str(number))
            assert await database.read(count) == number + 1
        with pytest.raises(UsageError):
            await database.read(fail, "bad", UsageError("no"))
        return await database.read(count)

    assert asyncio.run(scenario()) == 20


# --- versions ---------------------------------------------------------------------------------


def test_the_version_stands_until_something_is_written(database: Database) -> None:
    async def scenario() -> None:
        await database.write(add, "one")
        before = [database.version() for _ in range(3)]
        await database.read(count)
        assert len({*before}) <= 2  # on PostgreSQL a second may have passed
        await database.write(add, "two")
        assert database.version() not in before

    asyncio.run(scenario())


def test_the_version_changes_when_another_program_writes(
    database: Database, database_url: str | URL
) -> None:
    other = Database(database_url)
    before = database.version()

    with other.transaction() as conn:
        add(conn, "by another")

    if database.is_sqlite:
        assert database.version() != before
    else:
        wait_until(lambda: database.version() != before, "the version to change")
    other.stop()


# --- others' transactions ---------------------------------------------------------------------


def test_the_oldest_transaction_of_postgresql_is_known(postgresql: str) -> None:
    database = Database(postgresql)
    database.start()

    async def age() -> float:
        return await database.oldest_transaction()

    try:
        with psycopg.connect(postgresql) as other:
            other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            other.execute("SELECT 1")
            began = time.monotonic()
            wait_until(lambda: asyncio.run(age()) > 0.2, "it to grow old")
            assert time.monotonic() - began > 0.1
        wait_until(lambda: asyncio.run(age()) == 0, "its end to be seen")
    finally:
        database.stop()


def test_sqlite_has_no_transaction_to_wait_for(sqlite: Database) -> None:
    assert asyncio.run(sqlite.oldest_transaction()) == 0
