"""Retraining beside the service: one at a time, and what becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

from service.retrain import NOTHING_DECIDED
from service.retraining import Retrainer
from service.store import retrainings
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


def begin(database: Database, actor: str, now: datetime) -> int | None:
    with database.transaction() as conn:
        return retrainings.begin(conn, actor, now)


def test_of_many_at_once_one_begins_and_after_an_hour_of_silence_another_may(
    database: Database,
) -> None:
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
    assert begin(database, "max", NOW + STALE - timedelta(seconds=1)) is None
    assert begin(database, "max", NOW + STALE) == 2
    with database.transaction() as conn:
        retrainings.end(conn, 2, 0, "done", NOW)
    assert begin(database, "ida", NOW + STALE) == 3
    assert last(database).actor == "ida"
