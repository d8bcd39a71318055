"""S7, R16: requests are bounded in length and time before any handler sees them, on a socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import cast

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from service.commands.protocol import Bounded, OneWrite
from tests.serving import Service, running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all these connections."""
    with running_service(tmp_path_factory.mktemp("protocol")) as running:
        yield running


def answer_to(service: Service, *pieces: bytes) -> bytes:
    """The first line of what comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as client:
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                client.sendall(piece)
        try:
            return client.recv(65536).partition(b"\r\n")[0]
        except ConnectionResetError:
            return b""


HEAD = b"GET /livez HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "more",
    [[b"A: " + b"x" * 4_000_000], [b"A: x\r\n" * 100_000] * 4],
    ids=["one long header", "many short headers"],
)
def test_an_endless_head_is_cut_off(service: Service, more: list[bytes]) -> None:
    assert answer_to(service, HEAD, *more) in (
        b"HTTP/1.1 431 Request Header Fields Too Large", b"",
    )  # fmt: skip


def test_a_usual_head_in_small_pieces_and_many_requests_on_one_connection_are_served(
    service: Service,
) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each piece waits 40 ms
        for _ in range(300):
            client.sendall(HEAD + b"Cookie: " + b"x" * 1000)
            client.sendall(b"\r\n\r\n")
            answer = b""
            while not answer.endswith(b"ok\n"):
                piece = client.recv(65536)
                assert piece, answer
                answer += piece
            assert answer.startswith(b"HTTP/1.1 200")


class _Writes(asyncio.Protocol):
    """Writes an answer as uvicorn does, its head and its body apart, and closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        one = OneWrite(cast(asyncio.Transport, transport))
        one.write(b"head, ")
        one.write(b"body")
        assert one.get_write_buffer_size() == 0  # nothing is with the socket yet
        asyncio.get_running_loop().call_later(0.05, self._say_more, one)

    def _say_more(self, one: OneWrite) -> None:
        one.write(b" and more")
        one.close()
        one.write(b"too late")


def test_what_is_written_in_one_turn_comes_in_one_piece_and_nothing_is_lost_at_the_end() -> None:
    async def pieces() -> list[bytes]:
        server = await asyncio.get_running_loop().create_server(_Writes, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            found = [await reader.read(100), await reader.read(100), await reader.read(100)]
            writer.close()
            await writer.wait_closed()
        return found

    assert asyncio.run(pieces()) == [b"head, body", b" and more", b""]


class _Hasty(Bounded):
    """The same protocol for tests that have less time."""

    longest_wait = 0.4


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that answers with the body, or with much more than a socket holds."""
    body = await Request(scope, receive).body()
    long = scope["path"] == "/long"
    await Response(bytes(20_000_000) if long else body)(scope, receive, send)


@asynccontextmanager
async def _serving_in_haste() -> AsyncIterator[int]:
    """The port of a server with the hasty protocol."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(_echo, http=_Hasty, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    running = asyncio.ensure_future(server.serve([listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        listener.close()


async def _drip(port: int, start: bytes, drop: bytes) -> bytes:
    """What comes back for a start and then a drop ten times a second, up to the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(start)
    answer = b""
    with suppress(ConnectionError):
        async with asyncio.timeout(5):
            while not reader.at_eof():
                with suppress(TimeoutError):
                    answer += await asyncio.wait_for(reader.read(65536), 0.1)
                if not reader.at_eof():
                    writer.write(drop)
    writer.close()
    return answer


POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
SLOW = {
    "nothing at all": (b"", b"", [b"408"]),
    "empty lines": (b"\r\n", b"\r\n", [b"408"]),
    "a head": (HEAD, b"A: b\r\n", [b"408"]),
    "a body": (POST + b"Content-Length: 99\r\n\r\n", b"x", [b"408"]),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", [b"408"]),
    "empty lines after a request": (HEAD + b"\r\n", b"\r\n", [b"200", b"408"]),
    "a second head": (HEAD + b"\r\n" + HEAD, b"A: b\r\n", [b"200", b"408"]),
}


@pytest.mark.parametrize(("start", "drop", "statuses"), SLOW.values(), ids=SLOW)
def test_a_client_that_never_comes_to_an_end_is_cut_off(
    start: bytes, drop: bytes, statuses: list[bytes]
) -> None:
    async def scenario() -> bytes:
        async with _serving_in_haste() as port:
            return await _drip(port, start, drop)

    answers = asyncio.run(scenario()).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == statuses


def test_slow_clients_keep_nobody_else_waiting_and_requests_in_time_are_answered() -> None:
    async def scenario() -> None:
        async with _serving_in_haste() as port:
            slow = [asyncio.ensure_future(_drip(port, HEAD, b"A: b\r\n")) for _ in range(50)]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(4):  # together longer than one request may take
                writer.write(POST + b"Content-Length: 2\r\n\r\n{")
                await asyncio.sleep(0.15)
                writer.write(b"}")
                async with asyncio.timeout(1):
                    assert (await reader.readuntil(b"{}")).startswith(b"HTTP/1.1 200")
            writer.close()
            assert all(b" 408 " in answer for answer in await asyncio.gather(*slow))

    asyncio.run(scenario())


def test_an_answer_that_nobody_takes_is_given_up() -> None:
    async def scenario() -> int:
        async with _serving_in_haste() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
            writer.write(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(1.5)
            taken = 0
            with suppress(ConnectionError):
                while piece := await reader.read(1_000_000):
                    taken += len(piece)
            writer.close()
            return taken

    assert asyncio.run(scenario()) < 20_000_000
