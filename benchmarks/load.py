"""Drives a server over HTTP/1.1 keep-alive connections of its own; costs little CPU itself."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

_ANSWER_SECONDS = 30.0  # an answer later than this counts as none
_MOST_UNANSWERED = 100


@dataclass(slots=True)
class Outcome:
    """What came back: per answer its status and seconds; how long it all took."""

    statuses: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    unanswered: int = 0
    elapsed: float = 0.0

    @property
    def accepted(self) -> int:
        """How many were answered with 2xx."""
        return sum(200 <= status < 300 for status in self.statuses)

    def percentile(self, share: float) -> float:
        """The seconds within which this share of the answers came."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Connection(asyncio.Protocol):
    """One request at a time, and its answer's status and body."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank or self._answer is None:
            return
        _, found, rest = head.lower().partition(b"content-length:")
        length = int(rest.partition(b"\r\n")[0]) if found else 0
        if len(body) >= length and not self._answer.done():
            self._received = b""
            self._answer.set_result((int(head[9:12]), body))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        if self._transport is None:
            raise ConnectionResetError
        self._received = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await asyncio.wait_for(self._answer, _ANSWER_SECONDS)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def connect(port: int) -> Connection:
    """A new connection to this machine."""
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
    return connection


def post(path: str, content: object, headers: dict[str, str]) -> bytes:
    """The bytes of a POST with a JSON body."""
    body = msgspec.json.encode(content)
    lines = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def get(path: str, headers: dict[str, str] | None = None) -> bytes:
    """The bytes of a GET."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()


def again(request: bytes) -> Iterator[bytes]:
    """The same request without end."""
    return itertools.repeat(request)


def drive(
    port: int,
    requests: Iterator[bytes],
    *,
    connections: int,
    seconds: float | None = None,
    keep_bodies: bool = False,
) -> Outcome:
    """Send requests over so many connections, each waiting for its answer before the next.

    Ends when there are none left or the time is over; what is under way then is still awaited, so
    every request sent has its answer in the outcome, in the order in which answers came.
    """
    outcome = Outcome()

    async def work_together() -> None:
        began = time.perf_counter()
        deadline = float("inf") if seconds is None else began + seconds
        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(_work(port, requests, outcome, deadline, keep_bodies))
        outcome.elapsed = time.perf_counter() - began

    _run(work_together)
    return outcome


async def _work(
    port: int, requests: Iterator[bytes], outcome: Outcome, deadline: float, keep_bodies: bool
) -> None:
    """One connection's share of `drive`."""
    connection = await connect(port)
    while time.perf_counter() < deadline and (request := next(requests, None)) is not None:
        began = time.perf_counter()
        try:
            status, body = await connection.ask(request)
        except (OSError, TimeoutError):
            outcome.unanswered += 1
            connection.close()
            if outcome.unanswered > _MOST_UNANSWERED:
                raise SystemExit("The service does not answer.") from None
            connection = await connect(port)
            continue
        outcome.seconds.append(time.perf_counter() - began)
        outcome.statuses.append(status)
        if keep_bodies:
            outcome.bodies.append(body)
    connection.close()


def _run(main: Callable[[], Any]) -> None:
    try:
        from uvloop import new_event_loop
    except ImportError:
        asyncio.run(main())
        return
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
