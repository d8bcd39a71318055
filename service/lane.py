"""The calls to one Redis server: many Lua scripts in one round trip, a time limit, a breaker."""

import asyncio
import contextlib
import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from msgspec import Struct
from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.sentinel import Sentinel

from service.redis_url import FAILURES, Argument, exchange

Reply: TypeAlias = "int | bytes | None | list[Reply]"

_BATCH = 256  # calls in one pipeline: some 5 ms of the event loop's time
_FIRST_PROBE, _LAST_PROBE = 0.05, 2.0  # seconds; doubled from one to the other, with jitter
_CONNECT = 5  # times the time limit of a call, for a probe to connect in

# A server that is well says that what is asked for lies, or shortly will lie, on another one.
ELSEWHERE = (exceptions.AskError, exceptions.TryAgainError)  # MovedError is an AskError


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


class _Call(Struct, frozen=True):
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


# With `#!lua` and no flags it counts as one that writes: a server that is full refuses it, too.
PROBE = Script("#!lua\nreturn 1")
PROBE_KEY = "desk:probe"  # never written; with a key, a cluster that is down says so


class Lane:
    """The calls to one server, or to the primary that Sentinels know, and their breaker.

    Calls made while another round trip is under way, or in the same turn of the event loop, share
    the next one. A failed round trip opens the breaker: calls then fail at once, while one probe
    at a time, further and further apart, waits for the server to come back. `on_break` is called
    when the breaker opens; `probe_key` must be one that this server answers for.
    """

    def __init__(
        self,
        client: Redis,
        *,
        timeout: float,
        sentinel: Sentinel | None = None,
        on_break: Callable[[], None] = lambda: None,
    ) -> None:
        self.probe_key = PROBE_KEY
        self._timeout = timeout
        self._client, self._sentinel = client, sentinel
        self._on_break = on_break
        self._asking = 0
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
            return await self.call(PROBE, (self.probe_key,), ()) == 1
        return False

    async def ask(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Reply:
        """Run a script on a slot that another server is handing over to this one.

        Raises LinkDown, after the timeout at the latest.
        """
        if self._recovery is not None:
            raise LinkDown(self._last_error)
        command = ("EVAL", script.text, len(keys), *keys, *args)
        self._asking += 1
        try:
            async with asyncio.timeout(self._timeout):  # both on one connection, in this order
                _, reply = await exchange(self._client, [("ASKING",), command])
        except FAILURES as error:
            self._open_breaker(error)
            raise _down(error) from error
        finally:
            self._asking -= 1
        if isinstance(reply, Exception):
            raise _down(reply)
        return reply  # type: ignore[return-value]  # redis-py says Any

    @property
    def is_busy(self) -> bool:
        """Whether calls are under way."""
        return self._sender is not None or self._asking > 0

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
        except FAILURES as failure:
            error = failure
            self._open_breaker(failure)
        finally:  # whatever happened, no caller is left waiting
            replies += [error] * (len(batch) - len(replies))
            for call, reply in zip(batch, replies, strict=True):
                call.settle(reply)
        failures = (
            reply
            for reply in replies
            if isinstance(reply, Exception) and not isinstance(reply, ELSEWHERE)
        )
        self._note(next(failures, None))

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
        replies = await exchange(self._client, [call.command("EVALSHA") for call in batch])
        absent = [i for i, r in enumerate(replies) if isinstance(r, exceptions.NoScriptError)]
        if absent:  # a new or flushed server: EVAL runs the script and keeps it
            again = await exchange(self._client, [batch[i].command("EVAL") for i in absent])
            for i, reply in zip(absent, again, strict=True):
                replies[i] = reply
        return replies

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
            self._on_break()

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
            await self._client.aclose()  # drops the connection; Sentinels are asked anew
            await asyncio.sleep(after)
            # No request waits for this, so there is time to pass by Sentinels that are dead.
            async with asyncio.timeout(_CONNECT * self._timeout):
                await exchange(self._client, [("PING",)])
            async with asyncio.timeout(self._timeout):
                command = ("EVAL", PROBE.text, 1, self.probe_key)
                await self._client.execute_command(*command)  # type: ignore[no-untyped-call]
        except exceptions.MovedError:
            return True  # it is well, and the next call learns from it where to go
        except FAILURES as error:
            self._last_error = type(error).__name__
            return False
        return True


def _is_lost(reply: object) -> bool:
    # Whether only a new connection helps: a demoted primary answers READONLY for as long as one
    # stays connected to it, and a cluster without all of its slots may be one that moved away.
    return isinstance(reply, (exceptions.ReadOnlyError, exceptions.ClusterDownError))


def _down(error: Exception) -> LinkDown:
    # What the server itself says helps an operator; other errors may name hosts.
    text = f": {error}" if isinstance(error, exceptions.ResponseError) else ""
    down = LinkDown(f"{type(error).__name__}{text}")
    down.__cause__ = error
    return down
