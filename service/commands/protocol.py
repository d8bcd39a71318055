"""How much of a request's head is taken in before anybody knows what it wants."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 64 * 1024  # bytes of request line and headers, or of trailers

_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHead(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, which bounds only the URL: a longer head is 431 and the end.

    Without this, one connection fills the memory with headers that no handler ever sees. What
    counts is what came since the last head, piece of a body or whole request was complete.
    """

    _pending = 0
    _moved = False

    def data_received(self, data: bytes) -> None:
        """Bytes from the client, a few hundred KiB at most."""
        self._moved = False
        super().data_received(data)
        self._pending = 0 if self._moved else self._pending + len(data)
        if self._pending > LONGEST_HEAD and not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._moved = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body, which has a limit of its own."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._moved = True
        super().on_message_complete()
