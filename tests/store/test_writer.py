"""The writer: group commit on its thread and on the event loop, failures that harm nobody else."""

import asyncio
import sqlite3
import threading
import time
from asyncio import Task
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection

from service.errors import Unavailable, UsageError
from service.store.database import Database
from tests.store.rows import add, count, fail


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


@pytest.fixture(params=["write", "jot"])
def way(request: pytest.FixtureRequest) -> str:
    """On the writer's thread, or on the event loop."""
    return str(request.param)


def ask(database: Database, way: str, call: Callable[..., object], *args: object) -> Task[object]:
    """Hand a function to the writer one way or the other."""
    handed: Coroutine[Any, Any, object] = getattr(database, way)(call, *args)
    return asyncio.ensure_future(handed)


async def queue_up(
    database: Database, way: str, *calls: Callable[[Connection], object]
) -> list[object]:
    """Let the writer find all of these waiting at once; answers and errors in order."""
    async with busy_writer(database):
        waiting = [ask(database, way, call) for call in calls]
        await asyncio.sleep(0)
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_what_waits_together_shares_one_transaction(database: Database, way: str) -> None:
    async def scenario() -> list[object]:
        return await queue_up(database, way, *[lambda conn: conn] * 100)

    connections = asyncio.run(scenario())

    assert len({id(conn) for conn in connections}) == 1


def test_a_failing_function_in_a_batch_harms_only_itself(database: Database, way: str) -> None:
    async def scenario() -> list[object]:
        return await queue_up(
            database,
            way,
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
    database: Database, way: str, error: Exception
) -> None:
    async def scenario() -> list[object]:
        return await queue_up(
            database, way, lambda conn: fail(conn, "bad", error), lambda conn: add(conn, "good")
        )

    async def bounded() -> list[object]:
        async with asyncio.timeout(10):
            return await scenario()

    bad, good = asyncio.run(bounded())

    assert isinstance(bad, Exception)
    assert "no" in str(bad)
    assert good == "good"


def test_functions_run_in_the_order_they_were_asked_for(database: Database, way: str) -> None:
    seen: list[int] = []

    def note(_conn: Connection, place: int) -> None:
        seen.append(place)

    async def scenario() -> None:
        await asyncio.gather(*(ask(database, way, note, place) for place in range(600)))

    asyncio.run(scenario())

    assert seen == list(range(600))


def test_thousands_of_writes_are_each_stored_once(database: Database, way: str) -> None:
    async def scenario() -> None:
        for thousand in range(3):
            await asyncio.gather(
                *(ask(database, way, add, f"{thousand} {place}") for place in range(1000))
            )

    asyncio.run(scenario())

    with database.transaction() as conn:
        assert count(conn) == 3000


def test_more_than_can_wait_is_refused_at_once(database: Database, way: str) -> None:
    async def scenario() -> list[object]:
        async with busy_writer(database):
            waiting = [ask(database, way, add, str(n)) for n in range(2200)]
            await asyncio.sleep(0)
            refused_already = sum(task.done() for task in waiting)
            assert refused_already > 0
        return await asyncio.gather(*waiting, return_exceptions=True)

    answers = asyncio.run(scenario())

    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert 0 < len(refused) <= 2200 - 2048
    with database.transaction() as conn:
        assert count(conn) == len(answers) - len(refused)


def test_a_caller_that_leaves_takes_nobody_along(database: Database, way: str) -> None:
    async def scenario() -> object:
        async with busy_writer(database):
            leaving = ask(database, way, add, "left")
            staying = ask(database, way, add, "stayed")
            await asyncio.sleep(0)
            leaving.cancel()
        return await staying

    assert asyncio.run(scenario()) == "stayed"


def test_stopping_finishes_what_waits(database_url: str | URL, way: str) -> None:
    async def scenario() -> list[object]:
        database = Database(database_url)
        database.start()
        waiting = [ask(database, way, add, str(n)) for n in range(300)]
        await asyncio.sleep(0)
        database.stop()
        return await asyncio.gather(*waiting)

    assert asyncio.run(scenario()) == [str(n) for n in range(300)]


def test_a_stopped_database_refuses_and_keeps_nobody_waiting(
    database_url: str | URL,
    way: str,
) -> None:
    async def scenario() -> None:
        database = Database(database_url)
        database.start()
        await ask(database, way, add, "in time")
        database.stop()
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable):
                await ask(database, way, add, "too late")

    asyncio.run(scenario())


def test_what_is_jotted_together_shares_one_transaction_on_the_event_loop(
    sqlite: Database,
) -> None:
    def where(conn: Connection) -> tuple[int, int]:
        return threading.get_ident(), id(conn)

    async def scenario() -> list[tuple[int, int]]:
        return await asyncio.gather(*(sqlite.jot(where) for _ in range(20)))

    found = set(asyncio.run(scenario()))

    assert len(found) == 1
    assert found.pop()[0] == threading.get_ident()


def test_what_is_jotted_under_a_foreign_lock_waits_for_it_and_stops_nobody(
    sqlite: Database, tmp_path: Path
) -> None:
    async def scenario() -> tuple[str, float]:
        foreign = sqlite3.connect(tmp_path / "comments.db", isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        waiting = asyncio.ensure_future(sqlite.jot(add, "patient"))
        began = time.monotonic()
        await asyncio.sleep(0.2)
        late = time.monotonic() - began
        assert not waiting.done()
        foreign.execute("ROLLBACK")
        foreign.close()
        return await waiting, late

    answer, late = asyncio.run(scenario())

    assert answer == "patient"
    assert late < 1  # the loop turned meanwhile


def test_what_is_jotted_is_there_once_its_answer_is(sqlite: Database, tmp_path: Path) -> None:
    async def scenario() -> None:
        for place in range(50):
            await asyncio.gather(*(sqlite.jot(add, f"{place} {n}") for n in range(3)))
            other = sqlite3.connect(tmp_path / "comments.db")
            assert other.execute("SELECT count(*) FROM repeat").fetchone() == (3 * (place + 1),)
            other.close()

    asyncio.run(scenario())


def test_both_ways_at_once_store_each_once(database: Database) -> None:
    async def scenario() -> None:
        await asyncio.gather(
            *(ask(database, "jot" if n % 3 else "write", add, str(n)) for n in range(1500))
        )

    asyncio.run(scenario())

    with database.transaction() as conn:
        assert count(conn) == 1500
