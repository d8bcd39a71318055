"""The limiter against real servers: what each limit counts, and that a refusal counts nothing."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from service.errors import RateLimited
from service.limits import Admission
from service.settings import Policy, Rate
from tests.limiting import a_policy, a_submission, attempt, attempts, limiting
from tests.redis_server import RedisServer, running_server, server_binaries


@pytest.fixture(scope="module", params=server_binaries(), ids=lambda path: path.name)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """A server of each kind, for tests that only count on a site of their own."""
    with running_server(tmp_path_factory.mktemp("redis"), binary=request.param) as server:
        yield server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server for tests that break it."""
    with running_server(tmp_path) as server:
        yield server


@pytest.fixture
def site() -> str:
    return f"site-{secrets.token_hex(8)}"


def test_s18_of_50_at_once_over_several_workers_only_the_burst_is_admitted(
    shared: RedisServer, site: str
) -> None:
    async def scenario() -> tuple[int, int]:
        policy = a_policy(address="10/minute")
        async with limiting(shared.url) as one, limiting(shared.url) as two:
            outcomes = await asyncio.gather(
                *(attempts(worker, a_submission(site), policy, 25) for worker in (one, two))
            )
        return sum(len(a) for a, _ in outcomes), sum(len(r) for _, r in outcomes)

    assert asyncio.run(scenario()) == (10, 40)


@pytest.mark.parametrize(
    ("scope", "elsewhere"),
    [
        ("address", {"address_prefixes": ("203.0.113.7/32", "203.0.113.0/24")}),
        ("network", {"address_prefixes": ("203.0.200.9/32", "203.0.200.0/24")}),
        ("email", {"email": "bob@example.org"}),
        ("page", {"page_url": "https://news.example/b"}),
        ("site", {"site": "another-site"}),
    ],
)
def test_each_limit_counts_what_it_is_named_after_and_nothing_else(
    shared: RedisServer, site: str, scope: str, elsewhere: dict[str, object]
) -> None:
    async def scenario() -> None:
        policy = a_policy(**{scope: "2/hour"})
        async with limiting(shared.url) as limits:
            admitted, refused = await attempts(limits, a_submission(site), policy, 3)
            assert len(admitted) == 2
            assert [refusal.scope for refusal in refused] == [scope]
            assert refused[0].retry_after == pytest.approx(1800, abs=1)

            others = replace(a_submission(site), **elsewhere)
            admitted, _ = await attempts(limits, others, policy, 1)
            assert admitted

    asyncio.run(scenario())
    shared.command("FLUSHALL")


def test_an_email_counts_as_the_same_in_any_case(shared: RedisServer, site: str) -> None:
    async def scenario() -> None:
        policy = a_policy(email="1/hour")
        async with limiting(shared.url) as limits:
            await limits.admit(a_submission(site, email="Ann@Example.org"), policy)
            with pytest.raises(RateLimited):
                await limits.admit(a_submission(site), policy)

    asyncio.run(scenario())


def test_a_refusal_consumes_nothing(shared: RedisServer, site: str) -> None:
    async def scenario() -> None:
        policy = a_policy(email="2/hour", page="5/hour", site="5/hour")
        async with limiting(shared.url) as limits:
            admitted, refused = await attempts(limits, a_submission(site), policy, 20)
            assert (len(admitted), len(refused)) == (2, 18)

            other = a_submission(site, email="bob@example.org", token_nonce="n")
            admitted, _ = await attempts(limits, other, policy, 2)
            assert [admission.token_uses for admission in admitted] == [1, 2]
            assert len((await attempts(limits, other, policy, 3))[0]) == 0

            third = a_submission(site, email="cat@example.org", token_nonce="n")
            admitted, refused = await attempts(limits, third, policy, 2)
            assert [admission.token_uses for admission in admitted] == [3]
            assert refused[0].scope in {"page", "site"}

    asyncio.run(scenario())


def test_a_changed_limit_holds_from_the_next_call_on(shared: RedisServer, site: str) -> None:
    async def scenario() -> None:
        async with limiting(shared.url) as limits:
            submission = a_submission(site)

            async def admitted(rate: str) -> int:
                return len((await attempts(limits, submission, a_policy(page=rate), 200))[0])

            assert await admitted("3/day") == 3
            assert await admitted("off") == 200
            assert await admitted("100/day") == 97  # three were admitted before
            assert await admitted("20/day") == 0
            _, refused = await attempts(limits, submission, a_policy(page="1/second"), 1)
            assert refused[0].retry_after <= 1  # not the rest of the day

    asyncio.run(scenario())


def test_the_global_limit_counts_over_all_sites(shared: RedisServer, site: str) -> None:
    async def scenario() -> list[str]:
        async with limiting(shared.url, global_rate=Rate(4, 3600)) as limits:
            calls = (
                attempt(limits.admit(a_submission(f"{site}-{n}"), a_policy(site="9/hour")))
                for n in range(6)
            )
            outcomes = await asyncio.gather(*calls)
        return [outcome.scope for outcome in outcomes if isinstance(outcome, RateLimited)]

    assert asyncio.run(scenario()) == ["global", "global"]
    assert {key.split(b"{")[1].split(b"}")[0] for key in shared.command("KEYS", "*")} >= {b"all"}


def test_with_every_limit_off_nothing_is_asked_of_redis(tmp_path: Path, site: str) -> None:
    async def scenario() -> Admission:
        async with limiting(f"unix://{tmp_path}/absent.sock") as limits:
            return await limits.admit(a_submission(site), a_policy())

    assert asyncio.run(scenario()) == Admission(degraded=False, token_uses=None)


def test_no_address_or_email_can_be_read_from_the_keys_and_all_expire(server: RedisServer) -> None:
    async def scenario() -> None:
        async with limiting(server.url) as limits:
            submission = a_submission("news", token_nonce="nonce")
            await limits.admit(submission, Policy.from_settings({}))
            await limits.admit_sign_in("Ann", "203.0.113.9/32")

    asyncio.run(scenario())

    keys = server.command("KEYS", "*")
    assert len(keys) == 8
    assert not any(word in key for key in keys for word in (b"203.0", b"ann", b"Ann", b"example"))
    assert all(server.command("PTTL", key) > 0 for key in keys)


def test_a_token_is_remembered_for_as_long_as_its_form_is_good(server: RedisServer) -> None:
    policy = Policy.from_settings({"form.max-age": "2h"})

    async def scenario() -> None:
        async with limiting(server.url) as limits:
            await limits.admit(a_submission("news", token_nonce="nonce"), policy)

    asyncio.run(scenario())

    (key,) = server.command("KEYS", "*:token:*")
    assert 7190 <= server.command("TTL", key) <= 7200


def test_sign_ins_are_limited_by_name_and_address_and_by_address(
    shared: RedisServer, site: str
) -> None:
    async def scenario() -> None:
        async with limiting(shared.url) as limits:

            async def refusals(name: str, address: str, number: int) -> list[str]:
                calls = (attempt(limits.admit_sign_in(name, address)) for _ in range(number))
                outcomes = await asyncio.gather(*calls)
                return [outcome.scope for outcome in outcomes if isinstance(outcome, RateLimited)]

            assert await refusals("ann", site, 7) == ["sign-in"] * 2
            assert await refusals("ANN", site, 1) == ["sign-in"]
            assert await refusals("ann", f"{site}-other", 5) == []  # the name itself is not locked
            for name in ("bob", "cat", "dan"):
                assert await refusals(name, site, 5) == []
            assert await refusals("eve", site, 1) == ["sign-in-address"]

    asyncio.run(scenario())
