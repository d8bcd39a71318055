"""Which Redis a URL names: one server, a primary that Sentinels know, or a cluster."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

import hiredis
from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

Argument: TypeAlias = str | bytes | int | float
Place: TypeAlias = tuple[str, int]  # host and port


FAILURES = (exceptions.RedisError, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class RedisCluster:
    """Where a cluster can be asked about itself, and how to connect to each of its servers."""

    seeds: tuple[Place, ...]
    options: dict[str, Any] = field(repr=False)

    def open(self, place: Place) -> Redis:
        """A client of one server, not connected yet."""
        return Redis(host=place[0], port=place[1], **self.options)


@dataclass(frozen=True, slots=True)
class Map:
    """What a server of a cluster knows: spans of slots, first to last, and who holds them."""

    spans: tuple[tuple[int, int, Place], ...]
    servers: frozenset[Place]  # replicas too


def open_client(url: str, timeout: float) -> tuple[Redis, Sentinel | None] | RedisCluster:
    """The client a URL asks for, not connected yet, with the Sentinels it names; or a cluster.

    `timeout`, in seconds, is for connecting. Raises ValueError when the URL names none of them.
    """
    scheme, _, rest = url.partition("://")
    if scheme in ("redis", "rediss", "unix"):
        return Redis.from_url(url, **_options(timeout)), None
    security, _, kind = scheme.partition("+")
    if security not in ("redis", "rediss") or kind not in ("cluster", "sentinel") or not rest:
        raise ValueError(f"unknown kind of Redis URL: {scheme}://")
    place = urlsplit(url)
    credentials, _, hosts = place.netloc.rpartition("@")
    name, _, password = credentials.partition(":")
    options = _options(timeout) | {"ssl": security == "rediss"}
    # a Sentinel has a login of its own, and one that hangs must leave time to ask the next one
    sentinel_options = options | dict.fromkeys(
        ("socket_timeout", "socket_connect_timeout"), timeout / 4
    )
    options |= {"username": unquote(name) or None, "password": unquote(password) or None}
    if kind == "cluster":
        return RedisCluster(tuple(_host_and_port(host, 6379) for host in hosts.split(",")), options)
    service, _, db = place.path.strip("/").partition("/")
    if not service or not (db or "0").isdecimal():
        raise ValueError("a Sentinel URL ends in /SERVICE or /SERVICE/DB")
    places = [_host_and_port(host, 26379) for host in hosts.split(",")]
    sentinel = Sentinel(places, sentinel_kwargs=sentinel_options)  # type: ignore[no-untyped-call]
    return sentinel.master_for(service, db=int(db or 0), **options), sentinel


def _options(timeout: float) -> dict[str, Any]:
    # No timeout of redis-py's own on replies (ours covers a whole batch at a tenth of the cost),
    # no retries (the breaker's probes are the retries), RESP2 to spare a handshake.
    return {
        "protocol": 2,
        "socket_timeout": None,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
    }


def _host_and_port(text: str, default: int) -> Place:
    place = urlsplit(f"//{text}")
    if not place.hostname:
        raise ValueError("a Redis URL names its hosts as host:port,host:port")
    return place.hostname, place.port or default


async def exchange(client: Redis, commands: Sequence[tuple[Argument, ...]]) -> list[object]:
    """Send commands together; their replies in order, errors the server answered with included.

    It costs half of what redis-py's pipeline does.
    """
    pool = client.connection_pool
    connection: AbstractConnection = await pool.get_connection()  # type: ignore[no-untyped-call]
    try:
        packed = b"".join(hiredis.pack_command(command) for command in commands)  # type: ignore[arg-type]
        await connection.send_packed_command(packed)
        return [await _reply(connection) for _ in commands]
    finally:
        await pool.release(connection)


async def hear(url: str, channel: str, *, silent: float) -> AsyncIterator[str]:
    """What is published on a channel, on a connection of its own.

    Raises one of FAILURES when the connection ends, and TimeoutError after so many seconds
    without a message: a server that hangs says nothing.
    """
    found = open_client(url, 1.0)
    client, sentinel = (
        (found.open(random.choice(found.seeds)), None)  # noqa: S311 - each hears all of them
        if isinstance(found, RedisCluster)
        else found
    )
    listener = client.pubsub()
    try:
        await listener.subscribe(channel)
        messages = listener.listen()
        while True:
            async with asyncio.timeout(silent):
                message = await anext(messages)
            if message["type"] == "message":
                yield message["data"].decode()
    finally:
        await listener.aclose()  # type: ignore[no-untyped-call]
        await client.aclose()
        if sentinel is not None:
            await sentinel.aclose()


async def read_map(cluster: RedisCluster, place: Place) -> Map:
    """What this server knows of the cluster, asked on a connection of its own.

    Raises redis-py's errors and OSError.
    """
    pool = cluster.open(place).connection_pool
    connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        await connection.connect()  # type: ignore[no-untyped-call]
        await connection.send_packed_command(connection.pack_command("CLUSTER", "SLOTS"))
        reply = await connection.read_response()
    finally:
        await connection.disconnect(nowait=True)  # closed even where this task is cancelled
    spans, servers = [], set[Place]()
    for first, last, *holders in reply:
        places = [_announced(holder, place) for holder in holders]
        spans.append((first, last, places[0]))
        servers.update(places)
    return Map(tuple(spans), frozenset(servers))


def _announced(holder: list[Any], asked: Place) -> Place:
    # A server that does not know its own name, or may not tell it, leaves it out.
    host = (holder[0] or b"").decode()
    return (asked[0] if host in ("", "?") else host), holder[1]


async def _reply(connection: AbstractConnection) -> object:
    try:
        return await connection.read_response()
    except exceptions.ResponseError as error:
        return error
