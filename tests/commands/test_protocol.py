"""A request's head is bounded before any handler sees it, on a real socket."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import cast

import pytest

from service.commands.protocol import OneWrite
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
