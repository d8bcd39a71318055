"""The limiter while Redis is away, hanging, full or emptied, and after it came back."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from service.domain import Submission
from service.limits import Admission, Limits
from tests.limiting import a_policy, a_submission, attempt, attempts, limiting
from tests.redis_server import DEADLINE, RedisServer, running_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server for tests that break it."""
    with running_server(tmp_path) as server:
        yield server


async def until_restored(limits: Limits, submission: Submission) -> Admission:
    """The first admission that Redis counted again."""
    async with asyncio.timeout(DEADLINE):
        for _ in count():
            admission = await limits.admit(submission, a_policy(site="9999/second"))
            if not admission.degraded:
                return admission
            await asyncio.sleep(0.01)
    raise AssertionError


def test_while_redis_is_away_each_process_limits_for_itself_and_recovers_alone(
    server: RedisServer,
) -> None:
    async def scenario() -> None:
        policy = a_policy(address="10/minute")
        submission = a_submission("news", token_nonce="nonce")
        async with limiting(server.url) as limits:
            await limits.admit(submission, policy)
            server.stop()
            admitted, refused = await attempts(limits, submission, policy, 50)
            assert admitted == [Admission(degraded=True, token_uses=None)] * 10
            assert {refusal.scope for refusal in refused} == {"address"}
            assert max(refusal.retry_after for refusal in refused) == pytest.approx(6, abs=0.5)
            server.start()
            assert (await until_restored(limits, submission)).token_uses == 1

    with capture_logs() as events:
        asyncio.run(scenario())
    assert [event["event"] for event in events] == ["limits-degraded", "limits-restored"]


def test_sign_ins_stay_limited_while_redis_is_away(tmp_path: Path) -> None:
    async def scenario() -> int:
        async with limiting(f"unix://{tmp_path}/absent.sock") as limits:
            calls = (attempt(limits.admit_sign_in("ann", "a")) for _ in range(50))
            return (await asyncio.gather(*calls)).count(None)

    assert asyncio.run(scenario()) == 5


def _hang(server: RedisServer) -> None:
    server.pause()


def _fill(server: RedisServer) -> None:
    server.command("CONFIG", "SET", "maxmemory", 1)


def _free(server: RedisServer) -> None:
    server.command("CONFIG", "SET", "maxmemory", 0)


@pytest.mark.parametrize(
    ("breaks", "mends"),
    [
        pytest.param(_hang, RedisServer.resume, id="hanging"),
        pytest.param(_fill, _free, id="full"),
    ],
)
def test_a_redis_that_hangs_or_is_full_degrades_the_limiter_and_fails_nobody(
    server: RedisServer,
    breaks: Callable[[RedisServer], None],
    mends: Callable[[RedisServer], None],
) -> None:
    async def scenario() -> None:
        policy = a_policy(page="10/minute")
        async with limiting(server.url) as limits:
            await limits.admit(a_submission("news"), policy)
            breaks(server)
            admitted, refused = await attempts(limits, a_submission("news"), policy, 30)
            assert (len(admitted), len(refused)) == (10, 20)
            assert all(admission.degraded for admission in admitted)
            mends(server)
            await until_restored(limits, a_submission("news"))

    asyncio.run(scenario())


def test_a_redis_that_lost_its_keys_starts_every_limit_afresh(server: RedisServer) -> None:
    async def scenario() -> None:
        policy = a_policy(page="2/hour")
        async with limiting(server.url) as limits:
            assert len((await attempts(limits, a_submission("news"), policy, 5))[0]) == 2
            server.command("FLUSHALL")
            admitted, _ = await attempts(limits, a_submission("news"), policy, 5)
            assert admitted == [Admission(degraded=False, token_uses=None)] * 2

    asyncio.run(scenario())
