"""The lane against real servers: batching, time limits, the breaker."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.lane import LinkDown, Script
from tests.linking import COUNT, TIMEOUT, failures, linked, until_up
from tests.redis_server import RedisServer, free_port, running_server

ECHO = Script("return {ARGV[1], KEYS[1]}")
SLACK = 0.3  # seconds that a busy machine may add


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with running_server(tmp_path) as server:
        yield server


def test_each_call_gets_its_own_reply(server: RedisServer) -> None:
    async def scenario() -> list[object]:
        async with linked(server.url) as link:
            calls = (link.call(ECHO, [f"k{n}"], [n]) for n in range(600))
            return await asyncio.gather(*calls)

    replies = asyncio.run(scenario())

    assert replies == [[b"%d" % n, b"k%d" % n] for n in range(600)]


def test_calls_made_together_share_a_round_trip(server: RedisServer) -> None:
    def reads() -> int:
        return int(server.command("INFO", "stats")["total_reads_processed"])

    async def scenario() -> int:
        async with linked(server.url) as link:
            await link.call(COUNT, ["k"], [])
            before = reads()
            assert await failures(link, 50) == 0
            return reads() - before

    read = asyncio.run(scenario())

    assert read <= 8  # the calls' one or two, and those of the question and its connection


def test_a_server_that_forgot_the_scripts_is_told_them_again(server: RedisServer) -> None:
    async def scenario() -> object:
        async with linked(server.url) as link:
            await link.call(COUNT, ["k"], [])
            server.command("SCRIPT", "FLUSH")
            assert await failures(link, 20) == 0
            return await link.call(COUNT, ["k"], [])

    assert asyncio.run(scenario()) == 22


def test_without_a_server_calls_fail_at_once_and_it_is_found_when_it_comes(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)

    async def scenario() -> None:
        async with linked(server.url) as link:
            assert await failures(link, 10) == 10
            before = link.state
            server.start()
            await until_up(link)
            after = link.state
            assert (before.status, after.status) == ("down", "up")
            assert await failures(link, 10) == 0

    try:
        asyncio.run(scenario())
    finally:
        server.stop()


def test_a_server_that_dies_under_load_is_found_again_when_it_is_back(server: RedisServer) -> None:
    async def scenario() -> None:
        async with linked(server.url) as link:
            assert await failures(link, 50) == 0
            server.stop()
            assert await failures(link, 50) == 50
            assert link.state.last_error == "ConnectionError"
            server.start()
            await until_up(link)
            assert await failures(link, 50) == 0

    asyncio.run(scenario())


def test_a_server_that_hangs_costs_a_call_its_timeout_and_then_nothing(server: RedisServer) -> None:
    async def scenario() -> None:
        async with linked(server.url) as link:
            await link.ping()
            server.pause()
            started = time.monotonic()
            first = asyncio.create_task(failures(link, 20))
            await asyncio.sleep(TIMEOUT / 2)
            second = asyncio.create_task(failures(link, 20))  # waits behind the first batch
            assert await first == await second == 20
            assert TIMEOUT <= time.monotonic() - started < TIMEOUT + SLACK

            started = time.monotonic()
            assert await failures(link, 100) == 100
            assert time.monotonic() - started < TIMEOUT

            server.resume()
            await until_up(link)

    asyncio.run(scenario())


def test_a_dead_server_is_probed_seldom_however_many_calls_there_are(tmp_path: Path) -> None:
    connections = 0

    async def slam(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    async def scenario() -> None:
        path = str(tmp_path / "slam.sock")
        server = await asyncio.start_unix_server(slam, path)
        async with server, linked(f"unix://{path}") as link:
            deadline = time.monotonic() + 1
            while time.monotonic() < deadline:
                assert await failures(link, 10) == 10
                await asyncio.sleep(0.002)

    asyncio.run(scenario())

    assert 2 <= connections <= 8  # the first call, then probes after about 50, 100, 200, 400 ms


def test_a_full_server_refuses_calls_without_opening_the_breaker(server: RedisServer) -> None:
    async def scenario() -> None:
        async with linked(server.url) as link:
            server.command("CONFIG", "SET", "maxmemory", 1)
            assert await failures(link, 5) == 5
            assert link.state.last_error == "OutOfMemoryError"
            assert not await link.ping()
            server.command("CONFIG", "SET", "maxmemory", 0)
            assert await failures(link, 5) == 0
            assert link.state.status == "up"

    asyncio.run(scenario())


def test_a_primary_that_became_a_replica_counts_as_down_until_it_is_one_no_more(
    server: RedisServer,
) -> None:
    async def scenario() -> None:
        async with linked(server.url) as link:
            await link.ping()
            server.command("REPLICAOF", "127.0.0.1", 1)
            assert await failures(link, 5) == 5
            assert link.state.last_error == "ReadOnlyError"
            server.command("REPLICAOF", "NO", "ONE")
            await until_up(link)
            assert await failures(link, 5) == 0

    asyncio.run(scenario())


def test_a_busy_process_does_not_take_its_own_delay_for_the_servers(server: RedisServer) -> None:
    async def scenario() -> int:
        async with linked(server.url) as link:
            await link.ping()
            call = asyncio.create_task(failures(link, 1))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            busy_until = time.monotonic() + 2 * TIMEOUT
            while time.monotonic() < busy_until:
                pass
            return await call

    assert asyncio.run(scenario()) == 0


def test_a_caller_that_goes_away_leaves_the_others_alone(server: RedisServer) -> None:
    async def scenario() -> int:
        async with linked(server.url) as link:
            gone = asyncio.create_task(link.call(COUNT, ["k"], []))
            others = asyncio.create_task(failures(link, 10))
            await asyncio.sleep(0)
            gone.cancel()
            return await others

    assert asyncio.run(scenario()) == 0


def test_closing_answers_the_calls_that_still_wait(server: RedisServer) -> None:
    async def scenario() -> int:
        async with linked(server.url) as link:
            await link.ping()
            server.pause()
            waiting = asyncio.create_task(failures(link, 10))
            await asyncio.sleep(TIMEOUT / 4)
            await link.aclose()
            return await waiting

    assert asyncio.run(scenario()) == 10


def test_neither_state_nor_error_shows_the_password() -> None:
    async def scenario() -> str:
        async with linked(f"redis://reader:hunter2@127.0.0.1:{free_port()}") as link:
            with pytest.raises(LinkDown) as caught:
                await link.call(COUNT, ["k"], [])
            return f"{link.state} {link!r} {caught.value!r}"

    assert "hunter2" not in asyncio.run(scenario())
