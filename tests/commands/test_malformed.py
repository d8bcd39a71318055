"""S7: broken HTTP/1.1 is refused or cut off, never read out of step, and harms nobody else."""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress

import httpx2
import pytest

from service.web.body import MAX_BODY
from tests.redis_server import wait_until
from tests.serving import Service, running_service

GET = b"GET /livez HTTP/1.1\r\n"
POST = b"POST /api/v1/comments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HOST = b"Host: x\r\n"
END = b"0\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
HONEST = GET + HOST + b"\r\n"  # whoever answers this with 200 has lost the thread
REFUSALS = {b"400", b"408", b"411", b"413", b"414", b"431", b"501", b"505"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all these connections."""
    with running_service(tmp_path_factory.mktemp("malformed")) as running:
        yield running


BROKEN = {
    "nonsense": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown version": b"GET /livez HTTP/9.9\r\n" + HOST + b"\r\n",
    "no version": b"GET /livez HTTP/x\r\n" + HOST + b"\r\n",
    "an unknown method": b"FROB /livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tunnel": b"CONNECT a.example:1 HTTP/1.1\r\n" + HOST + b"\r\n",
    "an address without a path": b"GET http://x HTTP/1.1\r\n" + HOST + b"\r\n",
    "bare line feeds": b"GET /livez HTTP/1.1\nHost: x\n\n",
    "bare carriage returns": b"GET /livez HTTP/1.1\rHost: x\r\r",
    "bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "NUL in the path": b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": GET + b"\r\n",
    "two hosts": GET + HOST + b"Host: y\r\n\r\n",
    "NUL in a header": GET + HOST + b"A: \x00\r\n\r\n",
    "a control character in a header": GET + HOST + b"A: \x01\r\n\r\n",
    "a carriage return in a header": GET + HOST + b"A: a\rb\r\n\r\n",
    "a header without a colon": GET + HOST + b"Abc\r\n\r\n",
    "a header without a name": GET + HOST + b": x\r\n\r\n",
    "a blank in a header's name": GET + HOST + b"A B: x\r\n\r\n",
    "a blank before the colon": POST + b"Content-Length : 2\r\n\r\n{}",
    "a folded header": GET + HOST + b"A: x\r\n y\r\n\r\n",
    "a folded first header": GET + b" X: y\r\n" + HOST + b"\r\n",
    "an endless address": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "an endless header": GET + HOST + b"A: " + b"x" * 500_000 + b"\r\n\r\n",
    "endless headers": GET + HOST + b"A: x\r\n" * 100_000 + b"\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "one length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "a length below zero": POST + b"Content-Length: -1\r\n\r\n{}",
    "a length with a plus": POST + b"Content-Length: +2\r\n\r\n{}",
    "a hexadecimal length": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "no digits": POST + b"Content-Length: two\r\n\r\n{}",
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "a length beyond the limit": POST + b"Content-Length: 999999999999\r\n\r\n{}",
    "length, then chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + END,
    "chunks, then length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + END,
    "another encoding": POST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "nearly chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked in quotes": POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "two encodings": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked with a blank": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "chunked with a tab": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0 with length": POST.replace(b"1.1", b"1.0")
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no size of a chunk": CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n",
    "a size below zero": CHUNKED + b"-1\r\nhello\r\n0\r\n\r\n",
    "a size with 0x": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "a size beyond 64 bits": CHUNKED + b"f" * 20 + b"\r\nhello\r\n0\r\n\r\n",
    "a chunk longer than it says": CHUNKED + b"2\r\nhello\r\n0\r\n\r\n",
    "chunks ended with line feeds": CHUNKED + b"2\n{}\n0\n\n",
    "chunks beyond the limit": CHUNKED + b"10000\r\n" + (b"x" * 65536 + b"\r\n10000\r\n") * 5,
    "an endless chunk extension": CHUNKED + b"2;" + b"a" * 500_000 + b"\r\n{}\r\n0\r\n\r\n",
    "endless trailers": CHUNKED + b"2\r\n{}\r\n0\r\n" + b"A: b\r\n" * 100_000,
}  # fmt: skip


LAST = HONEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def exchange(service: Service, sent: bytes) -> tuple[list[bytes], bool]:
    """The statuses of all answers to these bytes, and whether the connection was closed."""
    answer = b""
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as client:
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(sent)
        client.settimeout(0.3)
        try:
            while piece := client.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
        except TimeoutError:
            return re.findall(rb"HTTP/1\.1 (\d+)", answer), False
    return re.findall(rb"HTTP/1\.1 (\d+)", answer), True


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN)
def test_s7_a_broken_request_is_refused_and_nothing_after_it_is_read(
    service: Service, sent: bytes
) -> None:
    statuses, closed = exchange(service, sent + HONEST)

    assert len(statuses) <= 1
    assert set(statuses) <= REFUSALS
    assert closed or statuses == [b"413"]  # which waits for the rest of the body, for a while
    assert exchange(service, HONEST + LAST) == ([b"200", b"200"], True)


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (HONEST * 20, [b"200"] * 20),
        (POST + b"Content-Length: 2\r\n\r\n{}" + HONEST, [b"422", b"200"]),
        (POST.replace(b"json", b"other") + b"Content-Length: 72\r\n\r\n" + HONEST * 2, [b"415"]),
        (CHUNKED + b"2;a=b\r\n{}\r\n0\r\nHost: y\r\n\r\n" + HONEST, [b"422", b"200"]),
        (GET + HOST + b"Connection: close\r\n\r\n" + HONEST, [b"200"]),
        (GET + HOST + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", [b"200"]),
        (GET + HOST + b"Upgrade: h2c\r\nConnection: upgrade, x\r\nX: \xff\r\n\r\n", [b"200"]),
    ],
    ids=["many", "an empty object", "a body nobody reads", "trailers",
         "the last one", "a web socket", "HTTP/2"],
)  # fmt: skip
def test_requests_one_after_the_other_are_told_apart(
    service: Service, sent: bytes, statuses: list[bytes]
) -> None:
    found, _ = exchange(service, sent)

    assert found[: len(statuses)] == statuses
    assert set(found[len(statuses) :]) <= REFUSALS


def metrics(service: Service) -> str:
    return httpx2.get(f"{service.url}/metrics").text


def count_gone(service: Service) -> float:
    """How many clients were seen to leave before the end of their request."""
    return sum(map(float, re.findall(r'_total\{.*status="499"\} (\S+)', metrics(service))))


def test_a_client_that_leaves_in_the_middle_is_no_error_of_ours(service: Service) -> None:
    before = count_gone(service)
    kinds = (b"application/json", b"application/x-www-form-urlencoded",
             b"multipart/form-data; boundary=b")  # fmt: skip
    for kind in kinds:
        for rest in (b"", b"--b\r\n", b"x" * (MAX_BODY - 1)):
            head = POST.replace(b"application/json", kind) + b"Content-Length: %d\r\n\r\n"
            with socket.create_connection(("127.0.0.1", service.port), timeout=5) as client:
                client.sendall(head % (len(rest) + 1) + rest)

    wait_until(lambda: count_gone(service) == before + 9, "all nine to be counted")
    assert 'status="5' not in metrics(service)
    assert '"error"' not in service.logged
