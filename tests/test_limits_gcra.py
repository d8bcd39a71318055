"""The rule of the limiter, in Lua and in Python, on a clock that the test sets."""

import asyncio
import math
import secrets
from collections.abc import Iterator
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.lane import Script
from service.limits import ADMIT, Limit, LocalLimits
from service.link import Link, open_link
from service.settings import Rate
from tests.redis_server import RedisServer, running_server, server_binaries

MICROSECONDS = 1_000_000
START = 1_700_000_000 * MICROSECONDS
CLOCKED = Script(
    ADMIT.text.replace("redis.call('TIME')", "{math.floor(ARGV[5] / 1e6), ARGV[5] % 1e6}")
)
rates = st.builds(Rate, st.integers(1, 6), st.sampled_from([60, 3600]))
# Milliseconds between attempts: bursts, near the intervals, and long pauses.
gaps = st.one_of(st.just(0), st.integers(0, 20_000), st.integers(0, 4_000_000))


@pytest.fixture(scope="module", params=server_binaries(), ids=lambda path: path.name)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """A server of each kind; every test counts on keys of its own."""
    with running_server(tmp_path_factory.mktemp("redis"), binary=request.param) as server:
        yield server


async def answers(url: str, attempts: list[tuple[list[Limit], int]]) -> list[tuple[int, int]]:
    """What the script says to limits at moments in microseconds: (wait, number of the limit)."""
    link = open_link(url)
    try:
        replies = await asyncio.gather(*(_ask(link, *attempt) for attempt in attempts))
    finally:
        await link.aclose()
    return replies


async def _ask(link: Link, limits: list[Limit], moment: int) -> tuple[int, int]:
    words = " ".join(f"{limit.rate.count}/{limit.rate.period}" for limit in limits)
    match await link.call(CLOCKED, [limit.key for limit in limits], (words, 0, "", 0, moment)):
        case [int(wait), int(number)]:
            return wait, number
        case other:
            pytest.fail(f"the script replied {other!r}")


def moments_of(gaps: list[int]) -> list[int]:
    return list(accumulate((gap * 1000 for gap in gaps), initial=START))


def limits_of(rates: list[Rate]) -> list[Limit]:
    tag = secrets.token_hex(8)
    return [Limit(f"limit-{n}", f"{{{tag}}}:{n}", rate) for n, rate in enumerate(rates)]


@settings(max_examples=40, deadline=None)
@given(rates=st.lists(rates, min_size=1, max_size=3), gaps=st.lists(gaps, min_size=1, max_size=60))
def test_no_window_holds_more_than_burst_and_rate_allow(
    shared: RedisServer, rates: list[Rate], gaps: list[int]
) -> None:
    assert CLOCKED.text != ADMIT.text
    limits = limits_of(rates)
    moments = moments_of(gaps)

    outcome = asyncio.run(answers(shared.url, [(limits, moment) for moment in moments]))

    local = LocalLimits()
    assert outcome == [local.admit(limits, moment) for moment in moments]
    admitted = [moment for moment, (wait, _) in zip(moments, outcome, strict=True) if wait == 0]
    assert admitted[0] == moments[0]
    for rate in rates:
        for first, start in enumerate(admitted):
            for within, end in enumerate(admitted[first:], start=1):
                window = (end - start) / MICROSECONDS
                assert within <= rate.count * (1 + window / rate.period) + 1e-6


@settings(max_examples=20, deadline=None)
@given(rate=rates, number=st.integers(1, 12))
def test_whoever_waits_as_long_as_told_is_admitted_and_not_before(
    shared: RedisServer, rate: Rate, number: int
) -> None:
    limits = limits_of([rate])

    async def scenario() -> None:
        first = await answers(shared.url, [(limits, START)] * number)
        assert [wait == 0 for wait, _ in first] == [n < rate.count for n in range(number)]
        wait, _ = first[-1]
        if wait:
            later = await answers(shared.url, [(limits, START + wait - 1), (limits, START + wait)])
            assert [w for w, _ in later] == [1, 0]

    asyncio.run(scenario())


def test_a_clock_that_steps_back_locks_nobody_out_and_one_that_steps_on_opens_no_flood(
    shared: RedisServer,
) -> None:
    limits = limits_of([Rate(6, 60)])
    hour, interval = 3600 * MICROSECONDS, 10 * MICROSECONDS

    async def waits(*moments: int) -> list[int]:
        replies = await answers(shared.url, [(limits, moment) for moment in moments])
        return [wait for wait, _ in replies]

    async def scenario() -> None:
        assert await waits(*[START] * 6) == [0] * 6
        back = START - hour
        assert await waits(back, back + interval, back + interval) == [interval, 0, interval]
        assert (await waits(*[START + hour] * 10)).count(0) == 6

    asyncio.run(scenario())


@settings(max_examples=40, deadline=None)
@given(changes=st.lists(st.tuples(rates, gaps), min_size=1, max_size=60))
def test_the_in_process_limiter_reckons_a_changed_rate_as_the_script_does(
    shared: RedisServer, changes: list[tuple[Rate, int]]
) -> None:
    key = secrets.token_hex(8)
    moments = moments_of([gap for _, gap in changes])
    attempts = [
        ([Limit("page", key, rate)], moment)
        for (rate, _), moment in zip(changes, moments, strict=False)
    ]

    outcome = asyncio.run(answers(shared.url, attempts))

    local = LocalLimits()
    assert outcome == [local.admit(limits, moment) for limits, moment in attempts]


def test_the_in_process_limiter_forgets_the_oldest_beyond_its_capacity() -> None:
    local = LocalLimits(capacity=100)
    rate = Rate(1, 3600)

    for n in range(1000):
        assert local.admit([Limit("email", f"k{n}", rate)], 0) == (0, 0)

    assert local.admit([Limit("email", "k999", rate)], 0) != (0, 0)
    assert local.admit([Limit("email", "k0", rate)], 0) == (0, 0)
    assert len(local) == 100


def test_the_strict_side_of_a_rate_that_does_not_divide_is_taken() -> None:
    local, limit = LocalLimits(), [Limit("page", "k", Rate(7, 1))]

    waits = [local.admit(limit, 0)[0] for _ in range(8)]

    assert waits == [0] * 7 + [math.ceil(MICROSECONDS / 7)]
