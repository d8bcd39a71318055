"""The writer and the readers: group commit, failures that stay where they belong, versions."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import URL, Connection, func, insert, select

from service.errors import Unavailable, UsageError
from service.store.database import Database
from service.store.schema import repeat
from service.tokens import digest
from tests.factories import NOW
from tests.redis_server import wait_until


def add(conn: Connection, name: str) -> str:
    """Store one row under this name, which nobody else may have."""
    conn.execute(
        insert(repeat).values(
            key=digest(name), comment_id="00000000-0000-7000-8000-000000000000", expires_at=NOW
        )
    )
    return name


def count(conn: Connection) -> int:
    return conn.scalar(select(func.count()).select_from(repeat)) or 0


def fail(conn: Connection, name: str, error: Exception) -> None:
    add(conn, name)
    raise error


@asynccontextmanager
async def busy_writer(database: Database) -> AsyncIterator[None]:
    """The writer works on something until the block ends."""
    started, finish = threading.Event(), threading.Event()

    def wait(conn: Connection) -> None:
        started.set()
        assert finish.wait(10)

    working = asyncio.ensure_future(database.write(wait))
    assert await asyncio.to_thread(started.wait, 10)
    try:
        yield
    finally:
        finish.set()
        await working


async def queue_up(database: Database, *calls: Callable[[Connection], object]) -> list[object]:
    """Let the writer find all of these waiting at once; answers and errors in order."""
    async with busy_writer(database):
        waiting = [asyncio.ensure_future(database.write(call)) for call in calls]
        await asyncio.sleep(0)
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_what_waits_together_shares_one_transaction(database: Database) -> None:
    async def scenario() -> list[object]:
        return await queue_up(database, *[lambda conn: conn] * 100)

    connections = asyncio.run(scenario())

    assert len({id(conn) for conn in connections}) == 1


def test_a_failing_function_in_a_batch_harms_only_itself(database: Database) -> None:
    async def scenario() -> list[object]:
        return await queue_up(
            database,
            lambda conn: add(conn, "first"),
            lambda conn: fail(conn, "bad", UsageError("no")),
            lambda conn: add(conn, "second"),
            lambda conn: add(conn, "first"),  # taken
            lambda conn: add(conn, "third"),
        )

    first, bad, second, taken, third = asyncio.run(scenario())

    assert (first, second, third) == ("first", "second", "third")
    assert isinstance(bad, UsageError)
    assert isinstance(taken, Exception)
    with database.transaction() as conn:
        assert count(conn) == 3


@pytest.mark.parametrize(
    "error",
    [UsageError("no"), ValueError("no"), KeyError("no"), StopIteration("no"), TimeoutError("no")],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_reaches_whoever_asked_and_nobody_else(
    database: Database, error: Exception
) -> None:
    async def scenario() -> list[object]:
        return await queue_up(
            database, lambda conn: fail(conn, "bad", error), lambda conn: add(conn, "good")
        )

    async def bounded() -> list[object]:
        async with asyncio.timeout(10):
            return await scenario()

    bad, good = asyncio.run(bounded())

    assert isinstance(bad, Exception)
    assert "no" in str(bad)
    assert good == "good"


def test_functions_run_in_the_order_they_were_asked_for(database: Database) -> None:
    seen: list[int] = []

    def note(_conn: Connection, place: int) -> None:
        seen.append(place)

    async def scenario() -> None:
        await asyncio.gather(*(database.write(note, place) for place in range(600)))

    asyncio.run(scenario())

    assert seen == list(range(600))


def test_thousands_of_writes_are_each_stored_once(database: Database) -> None:
    async def scenario() -> None:
        for thousand in range(3):
            await asyncio.gather(
                *(database.write(add, f"{thousand} {place}") for place in range(1000))
            )

    asyncio.run(scenario())

    with database.transaction() as conn:
        assert count(conn) == 3000


def test_more_than_can_wait_is_refused_at_once(sqlite: Database) -> None:
    async def scenario() -> list[object]:
        async with busy_writer(sqlite):
            waiting = [asyncio.ensure_future(sqlite.write(add, str(n))) for n in range(2200)]
            await asyncio.sleep(0)
            refused_already = sum(task.done() for task in waiting)
            assert refused_already > 0
        return await asyncio.gather(*waiting, return_exceptions=True)

    answers = asyncio.run(scenario())

    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert 0 < len(refused) <= 2200 - 2048
    with sqlite.transaction() as conn:
        assert count(conn) == len(answers) - len(refused)


def test_a_caller_that_leaves_takes_nobody_along(database: Database) -> None:
    async def scenario() -> str:
        async with busy_writer(database):
            leaving = asyncio.ensure_future(database.write(add, "left"))
            staying = asyncio.ensure_future(database.write(add, "stayed"))
            await asyncio.sleep(0)
            leaving.cancel()
        return await staying

    assert asyncio.run(scenario()) == "stayed"


def test_stopping_finishes_what_waits(database_url: str | URL) -> None:
    async def scenario() -> list[str]:
        database = Database(database_url)
        database.start()
        waiting = [asyncio.ensure_future(database.write(add, str(n))) for n in range(300)]
        await asyncio.sleep(0)
        database.stop()
        return await asyncio.gather(*waiting)

    assert asyncio.run(scenario()) == [str(n) for n in range(300)]


def test_a_stopped_database_refuses_and_keeps_nobody_waiting(
    database_url: str | URL,
) -> None:
    async def scenario() -> None:
        database = Database(database_url)
        database.start()
        await database.write(add, "in time")
        database.stop()
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable):
                await database.write(add, "too late")

    asyncio.run(scenario())


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
