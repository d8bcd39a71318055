"""Clusters of near-identical comments, found by the limiter's script on real servers."""

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from service.domain import Cluster
from service.errors import RateLimited
from tests.limiting import a_policy, a_submission, attempt, limiting
from tests.redis_server import RedisServer, running_server, server_binaries

BASE = 0x0123_4567_89AB_CDEF


@pytest.fixture(scope="module", params=server_binaries(), ids=lambda path: path.name)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """A server of each kind; every test asks for a site of its own."""
    with running_server(tmp_path_factory.mktemp("redis"), binary=request.param) as server:
        yield server


def a_site() -> str:
    return f"site-{secrets.token_hex(8)}"


async def join_all(url: str, fingerprints: list[int], site: str) -> list[Cluster | None]:
    async with limiting(url) as limits:
        submission, policy = a_submission(site), a_policy()
        admissions = [await limits.admit(submission, policy, each) for each in fingerprints]
    return [admission.cluster for admission in admissions]


def flipped(fingerprint: int, bits: set[int]) -> int:
    for bit in bits:
        fingerprint ^= 1 << bit
    return fingerprint


def sizes(clusters: list[Cluster | None]) -> list[int]:
    return [cluster.size for cluster in clusters if cluster is not None]


@settings(max_examples=60, deadline=None)
@given(base=st.integers(0, 2**64 - 1), bits=st.sets(st.integers(0, 63), max_size=8))
def test_comments_up_to_three_bits_apart_are_one_cluster_and_no_others(
    shared: RedisServer, base: int, bits: set[int]
) -> None:
    clusters = asyncio.run(join_all(shared.url, [base, flipped(base, bits)], a_site()))

    assert clusters[0] == Cluster(f"{base:016x}", 1)
    assert sizes(clusters) == [1, 2 if len(bits) <= 3 else 1]


def test_a_comment_joins_the_nearest_cluster(shared: RedisServer) -> None:
    far, near = flipped(BASE, {0, 1, 2}), flipped(BASE, {63})

    clusters = asyncio.run(join_all(shared.url, [far, near, BASE], a_site()))

    assert [cluster.id if cluster else "" for cluster in clusters] == [
        f"{far:016x}", f"{near:016x}", f"{near:016x}",
    ]  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(bits=st.lists(st.sets(st.integers(0, 63), max_size=1), min_size=5, max_size=30))
def test_a_flood_of_variants_is_counted_one_by_one(
    shared: RedisServer, bits: list[set[int]]
) -> None:
    variants = [flipped(BASE, each) for each in bits]

    clusters = asyncio.run(join_all(shared.url, variants, a_site()))

    assert sizes(clusters) == list(range(1, len(bits) + 1))


def test_sites_know_nothing_of_each_other(shared: RedisServer) -> None:
    here = asyncio.run(join_all(shared.url, [BASE, BASE], a_site()))
    there = asyncio.run(join_all(shared.url, [BASE], a_site()))

    assert (sizes(here), sizes(there)) == ([1, 2], [1])


def test_what_a_limit_refuses_is_like_nothing(shared: RedisServer) -> None:
    site, policy = a_site(), a_policy(site="1/hour")

    async def scenario() -> tuple[object, Cluster | None]:
        async with limiting(shared.url) as limits:
            other = replace(a_submission(site), comment="Something else")
            await limits.admit(other, policy, flipped(BASE, set(range(20))))
            refused = await attempt(limits.admit(a_submission(site), policy, BASE))
            later = await limits.admit(a_submission(site), a_policy(), BASE)
        return refused, later.cluster

    refused, cluster = asyncio.run(scenario())

    assert isinstance(refused, RateLimited)
    assert cluster == Cluster(f"{BASE:016x}", 1)


def test_what_is_remembered_is_bounded_and_expires(tmp_path: Path) -> None:
    alike = [(n << 16) | 0xBEEF for n in range(1, 500)]  # all share the lowest band

    with running_server(tmp_path) as server:
        asyncio.run(join_all(server.url, alike, "news"))

        assert server.command("EXISTS", "desk:{news}:like:news:3:beef") == 1
        keys = server.command("KEYS", "*")
        assert isinstance(keys, list)
        assert all(0 < int(str(server.command("TTL", key))) <= 7 * 86_400 for key in keys)


def test_without_redis_there_is_no_cluster_and_no_error(tmp_path: Path) -> None:
    assert asyncio.run(join_all(f"unix://{tmp_path}/absent.sock", [BASE] * 3, "news")) == [None] * 3


def test_a_full_redis_gives_no_cluster_and_no_error(tmp_path: Path) -> None:
    with running_server(tmp_path, "--maxmemory", "1") as server:
        assert asyncio.run(join_all(server.url, [BASE], "news")) == [None]
