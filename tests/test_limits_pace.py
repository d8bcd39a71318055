"""The pace of a site is counted in the limiter's one round trip, by all processes together."""

import asyncio

import pytest

from service.likeness import fingerprint
from service.limits import Limits
from service.pace import Pace
from service.settings import Policy
from tests.limiting import OFF, a_submission, limiting
from tests.redis_server import RedisServer

AUTO = Policy.from_settings(OFF | {"attack.mode": "auto"})
LIKE = fingerprint("Buy cheap pills in our little shop today")


async def paces(limits: Limits, site: str, prints: list[int], **more: bool) -> list[Pace | None]:
    submission = a_submission(site)
    return [(await limits.admit(submission, AUTO, own, **more)).pace for own in prints]


def test_processes_count_one_pace_together_and_sites_apart(valkey: RedisServer) -> None:
    async def scenario() -> list[Pace | None]:
        async with limiting(valkey.url) as one, limiting(valkey.url) as other:
            await paces(one, "paced", [LIKE, LIKE])
            await paces(one, "apart", [LIKE])
            return await paces(other, "paced", [LIKE])

    (pace,) = asyncio.run(scenario())

    assert pace is not None
    assert pace.recent == pytest.approx(3, abs=0.3)
    assert pace.alike == pytest.approx(2, abs=0.3)
    assert pace.usual == pytest.approx(3 * 30 / 86_400, abs=0.001)


def test_what_comes_in_an_attack_is_not_counted_as_usual(valkey: RedisServer) -> None:
    async def scenario() -> list[Pace | None]:
        async with limiting(valkey.url) as limits:
            return await paces(limits, "attacked", [LIKE] * 5, is_attacked=True)

    *_, last = asyncio.run(scenario())

    assert last is not None
    assert last.usual == 0
    assert last.recent > 4


def test_nothing_is_counted_where_nobody_asks(valkey: RedisServer) -> None:
    async def scenario() -> Pace | None:
        async with limiting(valkey.url) as limits:
            off = Policy.from_settings(OFF)
            return (await limits.admit(a_submission("unasked"), off, LIKE)).pace

    assert asyncio.run(scenario()) is None


def test_a_process_without_redis_counts_for_itself() -> None:
    async def scenario() -> list[Pace | None]:
        async with limiting("unix:///nonexistent/socket") as limits:
            return await paces(limits, "alone", [LIKE] * 4)

    *_, last = asyncio.run(scenario())

    assert last is not None
    assert last.recent == pytest.approx(4, abs=0.5)
    assert last.alike == 0
