"""How requests are read and answers written: within bounds of length and time, in one piece."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 64 * 1024  # bytes of request line and headers, or of trailers
LONGEST_WAIT = 30.0  # seconds for a whole request to come in, and for an answer to be taken
_LARGEST_COPY = 64 * 1024  # bytes of an answer that are sent in one piece

_END = b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large" + _END
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout" + _END


class OneWrite:
    """A transport that sends what is written in one turn of the event loop in one piece.

    uvicorn writes an answer's head and its body apart: two system calls, and two packets that the
    client wakes up for.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send this with whatever is written in the same turn."""
        if not self._parts:
            asyncio.get_running_loop().call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        """Send what was written, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if self._transport.is_closing():
            return
        if sum(map(len, parts)) <= _LARGEST_COPY:
            parts = [b"".join(parts)] if parts else []
        for part in parts:  # a long page is the cache's own, not a copy for each slow reader
            self._transport.write(part)


class Bounded(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, which bounds only the URL and the time between two requests.

    A head that is too long is 431 and the end; without this, one connection fills the memory with
    headers that no handler ever sees. What counts is what came since the last head, piece of a
    body or whole request was complete. A request that takes too long to come in is 408 and the
    end, an answer that nobody takes is given up; without this, a client that sends or reads a
    byte now and then holds its connection for ever.
    """

    longest_wait = LONGEST_WAIT

    _pending = 0
    _moved = False
    _whole = False  # whether nothing of a further request has come
    _sending: asyncio.TimerHandle | None = None  # until the client must have sent its request
    _taking: asyncio.TimerHandle | None = None  # until it must have read its answer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there, and owes us a request."""
        super().connection_made(transport)
        self.transport = cast(asyncio.Transport, OneWrite(transport))
        self._sending = self.loop.call_later(self.longest_wait, self._stop_waiting)

    def shutdown(self) -> None:
        """The server stops: what is under way is finished, but a stream would never be."""
        super().shutdown()
        if self.cycle is not None and self.cycle.scope.get("endless"):
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        super().connection_lost(exc)
        for timer in (self._sending, self._taking):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Bytes from the client, a few hundred KiB at most."""
        self._moved = self._whole = False
        super().data_received(data)
        self._pending = 0 if self._moved else self._pending + len(data)
        if self._pending > LONGEST_HEAD and not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()
        if not self._whole and self._sending is None:
            self._sending = self.loop.call_later(self.longest_wait, self._stop_waiting)
        elif self._whole and self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def on_message_begin(self) -> None:
        """The first bytes of a request."""
        self._whole = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole; what this raises is answered with 400."""
        self._moved = True
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise ValueError("not one host")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body, which has a limit of its own."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._moved = self._whole = True
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The client takes its answer slower than it is written."""
        super().pause_writing()
        if self._taking is None:
            self._taking = self.loop.call_later(self.longest_wait, self.transport.abort)

    def resume_writing(self) -> None:
        """It has taken enough of it."""
        super().resume_writing()
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _stop_waiting(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if not (answering and self.cycle.response_started) and not self.transport.is_closing():
            self.transport.write(_TOO_SLOW)
        self.transport.close()
