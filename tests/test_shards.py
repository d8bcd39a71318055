"""A real cluster of two servers: calls find their slot, follow it, and wait while it moves."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.crc import key_slot

from service.lane import LinkDown, Script
from tests.linking import COUNT, TIMEOUT, linked, until_up
from tests.redis_cluster import SLOTS, Node, cluster_options
from tests.redis_server import DEADLINE, RedisServer, running_server, wait_until

COUNT_BOTH = Script("return redis.call('INCR', KEYS[1]) + redis.call('INCR', KEYS[2])")
ABSENT_HOST = "127.0.0.1:1"  # where nobody listens: one server of several may be gone


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Node, Node]]:
    """Two primaries, the first with the lower half of the slots."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (port, bus, words), (other_port, other_bus, other_words) = cluster_options(), cluster_options()
    with (
        running_server(tmp_path / "one", *words) as one,
        running_server(tmp_path / "two", *other_words) as two,
    ):
        one.command("CLUSTER", "ADDSLOTSRANGE", 0, SLOTS // 2 - 1)
        two.command("CLUSTER", "ADDSLOTSRANGE", SLOTS // 2, SLOTS - 1)
        one.command("CLUSTER", "SET-CONFIG-EPOCH", 1)
        two.command("CLUSTER", "SET-CONFIG-EPOCH", 2)
        one.command("CLUSTER", "MEET", "127.0.0.1", other_port, other_bus)
        wait_until(lambda: is_whole(one) and is_whole(two), "the cluster")
        yield Node(one, port, bus), Node(two, other_port, other_bus)


def is_whole(server: RedisServer) -> bool:
    info = server.command("CLUSTER", "INFO").decode()
    return "cluster_state:ok" in info and "cluster_known_nodes:2" in info


def url_of(*nodes: Node) -> str:
    return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes)


def tag_of_the_first() -> str:
    """A hash tag whose slot is among the lower half."""
    return next(f"t{n}" for n in range(100) if key_slot(b"t%d" % n) < SLOTS // 2)


def begin_move(tag: str, source: Node, target: Node) -> None:
    slot = key_slot(tag.encode())
    target.server.command("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
    source.server.command("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)


def end_move(tag: str, source: Node, target: Node) -> None:
    slot = key_slot(tag.encode())
    for key in source.server.command("CLUSTER", "GETKEYSINSLOT", slot, 100):
        source.server.command("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
    for node in (target, source):
        node.server.command("CLUSTER", "SETSLOT", slot, "NODE", target.id)


def test_calls_on_every_slot_are_answered_and_the_rest_is_found_from_one(
    pair: tuple[Node, Node],
) -> None:
    async def scenario() -> list[object]:
        async with linked(f"{url_of(pair[0])},{ABSENT_HOST}") as link:
            await until_up(link)
            calls = (link.call(COUNT, [f"{{k{n}}}:a", f"{{k{n}}}:b"], []) for n in range(50))
            return list(await asyncio.gather(*calls))

    assert asyncio.run(scenario()) == [1] * 50


def test_a_call_follows_its_slot_while_it_moves_and_after(pair: tuple[Node, Node]) -> None:
    one, two = pair
    tag = tag_of_the_first()

    async def scenario() -> list[object]:
        async with linked(url_of(one)) as link:
            await until_up(link)
            found: list[object] = [await link.call(COUNT, [f"{{{tag}}}:old"], [])]
            begin_move(tag, one, two)
            asked = (link.call(COUNT, [f"{{{tag}}}:new"], []) for _ in range(20))
            found += sorted(await asyncio.gather(*asked), key=str)
            end_move(tag, one, two)
            moved = (link.call(COUNT, [f"{{{tag}}}:{key}"], []) for key in ("old", "new"))
            found += await asyncio.gather(*moved)
            assert link.state.status == "up"
            return found

    assert asyncio.run(scenario()) == [1, *sorted(range(1, 21), key=str), 2, 21]


def test_a_call_whose_keys_are_on_the_move_waits_for_them_as_long_as_it_may(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    tag = tag_of_the_first()
    keys = [f"{{{tag}}}:old", f"{{{tag}}}:new"]

    async def scenario() -> object:
        async with linked(url_of(one)) as link:
            await until_up(link)
            await link.call(COUNT, keys[:1], [])
            begin_move(tag, one, two)
            with pytest.raises(LinkDown, match="TryAgain"):
                await link.call(COUNT_BOTH, keys, [])
            assert link.state.status == "up"
        async with linked(url_of(one), DEADLINE) as link:
            waiting = asyncio.create_task(link.call(COUNT_BOTH, keys, []))
            await asyncio.sleep(TIMEOUT)
            await asyncio.to_thread(end_move, tag, one, two)
            return await waiting

    assert asyncio.run(scenario()) == 3


def test_a_server_that_dies_is_felt_by_calls_for_its_own_keys_alone(
    pair: tuple[Node, Node],
) -> None:
    one, two = pair
    tag = tag_of_the_first()
    other = next(f"t{n}" for n in range(100) if key_slot(b"t%d" % n) >= SLOTS // 2)

    async def scenario() -> list[object]:
        async with linked(url_of(one, two)) as link:
            await until_up(link)
            one.server.stop()
            calls = [link.call(COUNT, [f"{{{name}}}"], []) for name in (tag, other) for _ in "abc"]
            found: list[object] = await asyncio.gather(*calls, return_exceptions=True)
            assert not await link.ping()
            assert link.state.status == "down"
            return found

    failed = asyncio.run(scenario())

    assert [isinstance(reply, LinkDown) for reply in failed] == [True] * 3 + [False] * 3
    assert failed[3:] == [1, 2, 3]
