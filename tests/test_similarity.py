"""Clusters of near-identical comments, found by the script on real servers."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import Cluster
from service.link import Link, Reply, Script
from service.similarity import JOIN, Similarity, keys_of
from tests.redis_server import RedisServer, running_server, server_binaries

BASE = 0x0123_4567_89AB_CDEF
DAY = 86_400
START = 1_700_000_000
CLOCKED = Script(JOIN.text.replace("redis.call('TIME')", "({ARGV[2]})"))


@pytest.fixture(scope="module", params=server_binaries(), ids=lambda path: path.name)
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """A server of each kind; every test joins on a site of its own."""
    with running_server(tmp_path_factory.mktemp("redis"), binary=request.param) as server:
        yield server


def a_site() -> str:
    return f"site-{secrets.token_hex(8)}"


@asynccontextmanager
async def linked(url: str) -> AsyncIterator[Link]:
    link = Link(url)
    try:
        yield link
    finally:
        await link.aclose()


async def join_all(url: str, fingerprints: list[int], site: str) -> list[Cluster | None]:
    async with linked(url) as link:
        similarity = Similarity(link)
        return await asyncio.gather(*(similarity.join(site, each) for each in fingerprints))


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
    apart = flipped(far, {40})  # one from far, and four from the base

    clusters = asyncio.run(join_all(shared.url, [far, near, BASE, apart], a_site()))

    assert [cluster.id if cluster else "" for cluster in clusters] == [
        f"{far:016x}", f"{near:016x}", f"{near:016x}", f"{far:016x}",
    ]  # fmt: skip


def test_sites_know_nothing_of_each_other(shared: RedisServer) -> None:
    here = asyncio.run(join_all(shared.url, [BASE, BASE], a_site()))
    there = asyncio.run(join_all(shared.url, [BASE], a_site()))

    assert (sizes(here), sizes(there)) == ([1, 2], [1])


def test_a_cluster_counts_the_last_seven_days(shared: RedisServer) -> None:
    site, digits = a_site(), f"{BASE:016x}"
    days = [0, 0, 1, 5, 6, 7, 8, 20]

    async def scenario() -> list[Reply]:
        async with linked(shared.url) as link:
            return [
                await link.call(CLOCKED, keys_of(site, digits), (digits, START + day * DAY))
                for day in days
            ]

    replies = asyncio.run(scenario())

    assert CLOCKED.text != JOIN.text
    assert replies == [[digits.encode(), size] for size in (1, 2, 3, 4, 5, 4, 4, 1)]


def test_what_a_site_keeps_is_bounded_and_expires(tmp_path: Path) -> None:
    alike = [(n << 16) | 0xBEEF for n in range(1, 2000)]  # all share the lowest band

    with running_server(tmp_path) as server:
        asyncio.run(join_all(server.url, alike, "news"))

        assert server.command("ZCARD", "desk:{news}:similar:3:beef") == 32
        assert all(server.command("TTL", key) > 0 for key in server.command("KEYS", "*"))


def test_the_oldest_clusters_are_forgotten_beyond_the_bound(tmp_path: Path) -> None:
    small = Script(JOIN.text.replace("10000", "50"))
    assert small.text != JOIN.text

    async def scenario(url: str) -> None:
        async with linked(url) as link:
            digits = [secrets.token_hex(8) for _ in range(500)]
            await asyncio.gather(*(link.call(small, keys_of("news", d), (d,)) for d in digits))

    with running_server(tmp_path) as server:
        asyncio.run(scenario(server.url))
        assert server.command("ZCARD", "desk:{news}:similar:clusters") == 50
        assert server.command("HLEN", "desk:{news}:similar:sizes") == 50


def test_without_redis_there_is_no_cluster_and_no_error(tmp_path: Path) -> None:
    assert asyncio.run(join_all(f"unix://{tmp_path}/absent.sock", [BASE] * 3, "news")) == [None] * 3


def test_a_full_redis_gives_no_cluster_and_no_error(tmp_path: Path) -> None:
    with running_server(tmp_path, "--maxmemory", "1") as server:
        assert asyncio.run(join_all(server.url, [BASE], "news")) == [None]
