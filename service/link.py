"""The one connection to Redis: runs the stages' Lua scripts, many calls in one round trip."""

import asyncio
import contextlib
import hashlib
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

Reply: TypeAlias = "int | bytes | None | list[Reply]"
Argument: TypeAlias = str | bytes | int | float
Client: TypeAlias = "Redis | RedisCluster"

_BATCH = 256  # calls in one pipeline: some 5 ms of the event loop's time
_FIRST_PROBE, _LAST_PROBE = 0.05, 5.0  # seconds; doubled from one to the other, with jitter

_FAILURES = (exceptions.RedisError, exceptions.RedisClusterException, OSError, TimeoutError)


class LinkDown(Exception):
    """Redis did not answer in time, could not be reached, or refused (full, loading, read-only).

    Whoever calls has a written-down answer for it; it never reaches a person.
    """


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script, of the Redis 7.0 command set; all keys of one call share a hash tag."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        object.__setattr__(self, "sha", digest)


@dataclass(frozen=True, slots=True)
class LinkState:
    """Whether the last call was answered, for how many seconds so, and the last error's class."""

    status: Literal["up", "down"]
    seconds: float
    last_error: str


@dataclass(frozen=True, slots=True)
class _Call:
    script: Script
    keys: Sequence[str]
    args: Sequence[Argument]
    deadline: float
    reply: "asyncio.Future[Reply]"

    def command(self, name: str) -> tuple[Argument, ...]:
        body = self.script.sha if name == "EVALSHA" else self.script.text
        return (name, body, len(self.keys), *self.keys, *self.args)

    def settle(self, reply: object) -> None:
        if self.reply.done():  # its caller went away
            return
        if isinstance(reply, Exception):
            self.reply.set_exception(_down(reply))
        else:
            self.reply.set_result(reply)  # type: ignore[arg-type]  # redis-py says Any


_PROBE = Script("return 1")
_PROBE_KEY = "desk:probe"  # never written; with a key, a cluster that is down says so


class Link:
    """The connection, its batching and its breaker; one for each event loop.

    `redis://`, `rediss://` and `unix://` name one server, `redis+sentinel://host:port,host:port/
    SERVICE/DB` a primary that Sentinels know, `redis+cluster://host:port,host:port` a cluster
    (`rediss+…` with TLS). Raises ValueError when the URL is none of these.

    Calls made while another round trip is under way, or in the same turn of the event loop, share
    the next one. A failed round trip opens the breaker: calls then fail at once, while one probe
    at a time, further and further apart, waits for Redis to come back.
    """

    def __init__(self, url: str, *, timeout: float = 0.2) -> None:
        self._timeout = timeout
        self._client, self._sentinel = _open(url, timeout)
        self._waiting: list[_Call] = []
        self._sender: asyncio.Task[None] | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._up = True
        self._since = time.monotonic()
        self._last_error = ""

    @property
    def state(self) -> LinkState:
        """What `/readyz` shows; never contains an address or a password."""
        seconds = time.monotonic() - self._since
        return LinkState("up" if self._up else "down", seconds, self._last_error)

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Reply:
        """Run a script and return its reply.

        Raises LinkDown, after the timeout at the latest, or a quarter of it for each batch ahead.
        """
        if self._recovery is not None:
            raise LinkDown(self._last_error)
        loop = asyncio.get_running_loop()
        call = _Call(script, keys, args, loop.time() + self._timeout, loop.create_future())
        self._waiting.append(call)
        if self._sender is None:
            self._sender = loop.create_task(self._send_waiting())
        return await call.reply

    async def ping(self) -> bool:
        """Whether Redis answers now; at once while the breaker is open."""
        with contextlib.suppress(LinkDown):
            return await self.call(_PROBE, (_PROBE_KEY,), ()) == 1
        return False

    async def aclose(self) -> None:
        """Close the connection; calls still waiting get LinkDown."""
        for task in (self._sender, self._recovery):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        await self._client.aclose()
        if self._sentinel is not None:
            await self._sentinel.aclose()

    async def _send_waiting(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:_BATCH]
                del self._waiting[:_BATCH]
                await self._send(batch)
        finally:
            self._sender = None
            self._fail_waiting(LinkDown("closed"))  # none, unless closed or not foreseen

    async def _send(self, batch: list[_Call]) -> None:
        replies: list[object] = []
        error: BaseException = LinkDown("closed")
        try:
            replies = await self._bounded(batch)
            lost = next((reply for reply in replies if _is_lost(reply)), None)
            if isinstance(lost, Exception):
                self._open_breaker(lost)
        except _FAILURES as failure:
            error = failure
            self._open_breaker(failure)
        finally:  # whatever happened, no caller is left waiting
            replies += [error] * (len(batch) - len(replies))
            for call, reply in zip(batch, replies, strict=True):
                call.settle(reply)
        self._note(next((reply for reply in replies if isinstance(reply, Exception)), None))

    async def _bounded(self, batch: list[_Call]) -> list[object]:
        # A call that waited for the round trip before still gets a quarter of the time.
        loop = asyncio.get_running_loop()
        grace = self._timeout / 4
        deadline = max(batch[0].deadline, loop.time() + grace)
        async with asyncio.timeout(None) as bound:

            def expire() -> None:
                # A timer that fires late means that this process was busy, not Redis: the reply
                # may lie unread in the socket, so it gets one short extension.
                late = loop.time() - deadline
                bound.reschedule(loop.time() + (grace if late > grace else 0))

            timer = loop.call_at(deadline, expire)
            try:
                return await self._run(batch)
            finally:
                timer.cancel()

    async def _run(self, batch: list[_Call]) -> list[object]:
        replies = await self._pipeline([call.command("EVALSHA") for call in batch])
        absent = [i for i, r in enumerate(replies) if isinstance(r, exceptions.NoScriptError)]
        if absent:  # a new or flushed server: EVAL runs the script and keeps it
            again = await self._pipeline([batch[i].command("EVAL") for i in absent])
            for i, reply in zip(absent, again, strict=True):
                replies[i] = reply
        return replies

    async def _pipeline(self, commands: list[tuple[Argument, ...]]) -> list[object]:
        # redis-py blocks only the method `evalsha` on cluster pipelines; the command itself is
        # routed by its keys, so all kinds of server go through the same lines.
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return list(await pipeline.execute(raise_on_error=False))

    def _note(self, error: Exception | None) -> None:
        if error is not None:
            self._last_error = type(error).__name__
        if self._up != (error is None):
            self._up = error is None
            self._since = time.monotonic()

    def _open_breaker(self, error: Exception) -> None:
        self._note(error)
        self._fail_waiting(error)
        if self._recovery is None:
            self._recovery = asyncio.get_running_loop().create_task(self._recover())

    def _fail_waiting(self, error: Exception) -> None:
        for call in self._waiting:
            call.settle(error)
        self._waiting.clear()

    async def _recover(self) -> None:
        delay = _FIRST_PROBE
        try:
            while not await self._answers(after=delay * random.uniform(0.5, 1.5)):  # noqa: S311
                delay = min(delay * 2, _LAST_PROBE)
            self._note(None)
        finally:
            self._recovery = None

    async def _answers(self, *, after: float) -> bool:
        try:
            await self._client.aclose()  # drops the connection; a cluster's map is read anew
            await asyncio.sleep(after)
            async with asyncio.timeout(self._timeout):
                await self._client.execute_command("EVAL", _PROBE.text, 1, _PROBE_KEY)
        except _FAILURES as error:
            self._last_error = type(error).__name__
            return False
        return True


def _is_lost(reply: object) -> bool:
    # Whether only a new connection helps. In a cluster a broken one shows as the result of a call;
    # a demoted primary answers READONLY for as long as one stays connected to it.
    if isinstance(reply, exceptions.ResponseError):
        return isinstance(reply, (exceptions.ReadOnlyError, exceptions.ClusterDownError))
    return isinstance(reply, Exception)


def _down(error: Exception) -> LinkDown:
    # What the server itself says helps an operator; other errors may name hosts.
    text = f": {error}" if isinstance(error, exceptions.ResponseError) else ""
    down = LinkDown(f"{type(error).__name__}{text}")
    down.__cause__ = error
    return down


def _open(url: str, timeout: float) -> tuple[Client, Sentinel | None]:
    """The client a URL asks for, not connected yet, and the Sentinels where it names some."""
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
    sentinel_options = options | {"socket_timeout": timeout / 4}
    options |= {"username": unquote(name) or None, "password": unquote(password) or None}
    if kind == "cluster":
        nodes = [ClusterNode(*_host_and_port(host, 6379)) for host in hosts.split(",")]
        return RedisCluster(startup_nodes=nodes, **options), None
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


def _host_and_port(text: str, default: int) -> tuple[str, int]:
    place = urlsplit(f"//{text}")
    if not place.hostname:
        raise ValueError("a Redis URL names its hosts as host:port,host:port")
    return place.hostname, place.port or default
