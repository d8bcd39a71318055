"""Retraining beside the service: one at a time, and what becomes of it."""

import asyncio
import itertools
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from service.retrain import NOTHING_DECIDED
from service.retraining import Retrainer
from service.store import retrainings, schema
from service.store.database import Database
from service.store.retrainings import STALE, Retraining
from tests.factories import NOW
from tests.redis_server import wait_until
from tests.serving import environment

SECONDS = 60.0


def last(database: Database) -> Retraining:
    with database.transaction() as conn:
        found = retrainings.find_last(conn)
    assert found is not None
    return found


def run(database: Database, data_dir: Path, steps: Callable[[Retrainer], Awaitable[None]]) -> None:
    """Take some steps with a retrainer of a database in a data directory."""

    async def scenario() -> None:
        async with asyncio.timeout(SECONDS):
            retrainer = Retrainer(database, environment=environment(data_dir), clock=lambda: NOW)
            try:
                await steps(retrainer)
            finally:
                await retrainer.aclose()

    asyncio.run(scenario())


async def ended(database: Database) -> None:
    def has_ended() -> bool:
        return last(database).ended_at is not None

    await asyncio.to_thread(wait_until, has_ended, "the retraining to end", seconds=SECONDS)


def test_it_runs_in_a_process_of_its_own_and_what_it_said_is_kept(
    sqlite: Database, tmp_path: Path
) -> None:
    async def steps(retrainer: Retrainer) -> None:
        assert await retrainer.start("ada")
        assert not await retrainer.start("max")
        await ended(sqlite)

    run(sqlite, tmp_path, steps)

    told = last(sqlite)
    assert (told.actor, told.started_at, told.status) == ("ada", NOW, 2)
    assert NOTHING_DECIDED in told.output


def test_it_ends_with_the_service_and_gives_its_place_back(
    sqlite: Database, tmp_path: Path
) -> None:
    async def steps(retrainer: Retrainer) -> None:
        assert await retrainer.start("ada")

    run(sqlite, tmp_path, steps)

    assert last(sqlite).ended_at == NOW
    assert last(sqlite).status != 0


def test_what_cannot_even_start_is_told(sqlite: Database, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("no directory")

    async def steps(retrainer: Retrainer) -> None:
        assert await retrainer.start("ada")
        await ended(sqlite)

    run(sqlite, broken, steps)

    assert last(sqlite).status == 2
    assert "COMMENT_DESK_DATA_DIR" in last(sqlite).output


def at(database: Database, now: datetime, actor: str = "max") -> int | None:
    """Begin one at that time."""
    with database.transaction() as conn:
        return retrainings.begin(conn, actor, now)


def test_of_many_at_once_one_begins(database: Database) -> None:
    async def all_at_once() -> list[int | None]:
        others = [Database(database._writer_engine.url) for _ in range(3)]
        for one in others:
            one.start()
        try:
            starts = (one.write(retrainings.begin, "ada", NOW) for one in [database, *others])
            return await asyncio.gather(*starts)
        finally:
            for one in others:
                one.stop()

    assert sorted(asyncio.run(all_at_once()), key=str) == [1, None, None, None]
    with database.transaction() as conn:
        retrainings.end(conn, 1, 0, "done", NOW)
    assert at(database, NOW, "ida") == 2
    assert last(database).actor == "ida"


def test_one_whose_process_was_killed_blocks_the_next_for_two_minutes_at_most(
    database: Database,
) -> None:
    seen = NOW + timedelta(hours=2)
    assert at(database, NOW, "ada") == 1
    with database.transaction() as conn:
        assert retrainings.keep_alive(conn, 1, seen)

    assert at(database, seen + timedelta(minutes=2, seconds=-1)) is None
    assert at(database, seen + timedelta(minutes=2)) == 2

    with database.transaction() as conn:  # the first one was not dead after all
        assert not retrainings.keep_alive(conn, 1, seen + timedelta(minutes=2))
        assert retrainings.keep_alive(conn, 2, seen + timedelta(minutes=2))


def test_one_begun_by_a_program_before_that_gave_no_signs_of_life_blocks_no_longer(
    database: Database,
) -> None:
    assert at(database, NOW) == 1
    with database.transaction() as conn:
        conn.execute(update(schema.retraining).values(seen_at=None))

    assert at(database, NOW + STALE - timedelta(seconds=1)) is None
    assert at(database, NOW + STALE) == 2


def test_the_last_hundred_are_kept(database: Database) -> None:
    for number in range(1, 104):
        assert at(database, NOW + number * STALE) == number

    with database.transaction() as conn:
        kept: list[int] = sorted(conn.scalars(select(schema.retraining.c.id)))
    assert kept == list(range(4, 104))


def test_while_it_runs_whoever_runs_it_is_seen(sqlite: Database, tmp_path: Path) -> None:
    seconds = itertools.count()

    async def scenario() -> None:
        async with asyncio.timeout(SECONDS):
            retrainer = Retrainer(
                sqlite, environment=environment(tmp_path), beat=0.01,
                clock=lambda: NOW + timedelta(seconds=next(seconds)),
            )  # fmt: skip
            assert await retrainer.start("ada")
            await ended(sqlite)
            await retrainer.aclose()

    asyncio.run(scenario())

    told = last(sqlite)
    assert told.seen_at is not None
    assert told.ended_at is not None
    assert told.started_at < told.seen_at < told.ended_at


def status_of(database: Database, number: int) -> int | None:
    with database.transaction() as conn:
        query = select(schema.retraining.c.status).where(schema.retraining.c.id == number)
        status: int | None = conn.execute(query).scalar_one()
    return status


def test_one_that_was_taken_for_dead_ends_when_another_has_begun(
    sqlite: Database, tmp_path: Path
) -> None:
    def has_ended() -> bool:
        return status_of(sqlite, 1) is not None

    async def scenario() -> None:
        async with asyncio.timeout(SECONDS):
            retrainer = Retrainer(
                sqlite, environment=environment(tmp_path), clock=lambda: NOW, beat=0.01
            )
            assert await retrainer.start("ada")
            assert await sqlite.write(retrainings.begin, "max", NOW + STALE) == 2
            await asyncio.to_thread(wait_until, has_ended, "the first to end", seconds=SECONDS)
            await retrainer.aclose()

    asyncio.run(scenario())

    assert status_of(sqlite, 1) == -signal.SIGTERM
