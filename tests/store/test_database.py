"""The readers and the version: what was written is seen, and that something was."""

import asyncio

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
