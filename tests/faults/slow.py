"""Clients that send or read next to nothing, for as long as they are let."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx2

from tests.faults.load import Log
from tests.serving import Service
from tests.web.asking import COMMENTS, a_body, bearing

_HEAD = b"POST /api/v1/comments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
_PAGE = "https://news.example/long"
_READ = f"GET {COMMENTS}?site=news&page_url={_PAGE}&limit=200 HTTP/1.1\r\nHost: x\r\n\r\n"
_ARRIVING = 100  # a second: slow clients are tried here, not a flood
KINDS = {  # what is sent at once, and then a piece a second
    "head": (_HEAD, b"X: y\r\n"),
    "body": (_HEAD + b"Content-Length: 90000\r\n\r\n{", b" "),
    "reader": (_READ.encode() * 8, b""),  # reads a byte a second of some megabytes
}


class SlowClients:
    """So many at once, of each kind as many, from a thread of their own."""

    def __init__(self, service: Service, count: int) -> None:
        self._port = service.port
        self._count = count
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()))
        self.answers: list[bytes] = []  # what those who sent slowly were told at the end

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    async def _work(self) -> None:
        kinds = list(KINDS)
        await asyncio.gather(*(self._be_slow(kinds[n % len(kinds)], n) for n in range(self._count)))

    async def _be_slow(self, kind: str, place: int) -> None:
        start, drop = KINDS[kind]
        loop = asyncio.get_running_loop()
        await asyncio.sleep(place / _ARRIVING)
        with socket.socket() as client, suppress(ConnectionError):
            client.setblocking(False)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            await loop.sock_connect(client, ("127.0.0.1", self._port))
            await loop.sock_sendall(client, start)
            while not self._stopping.is_set():
                await asyncio.sleep(1)
                if drop:
                    await loop.sock_sendall(client, drop)
                with suppress(BlockingIOError):
                    said = client.recv(1 if kind == "reader" else 4096)
                    if kind != "reader":
                        self.answers.append(said.partition(b"\r\n")[0])
                    if kind != "reader" or not said:
                        return


def make_long_page(service: Service, log: Log, token: str) -> None:
    """Publish what the slow ones read: more than a socket takes at once."""
    ids = []
    for key in (f"long-{number}" for number in range(100)):
        body = a_body(comment=f"Remark {key} {'on the barley ' * 500}.", page_url=_PAGE)
        began = time.monotonic()
        answer = httpx2.post(f"{service.url}{COMMENTS}", json=body, timeout=30)
        assert answer.status_code == 201, answer.text
        log.note(key, answer, began)
        ids.append(log.ids[key])
    decision = {"ids": ids, "outcome": "approve"}
    answer = httpx2.post(
        f"{service.url}/api/v1/decisions", json=decision, headers=bearing(token), timeout=30
    )
    assert len(answer.json()["changed"]) == len(ids), answer.text


@contextmanager
def slow_clients(service: Service, count: int) -> Iterator[SlowClients]:
    """Slow clients for the length of the block."""
    slow = SlowClients(service, count)
    slow.start()
    try:
        yield slow
    finally:
        slow.stop()
