"""What wraps every answer: security headers, CORS for listed origins, counting and timing."""

import time
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import read
from service.errors import DeskError
from service.intake.page import is_allowed_origin
from service.web.body import MAX_BODY
from service.web.headers import header
from service.web.languages import hear
from service.web.problems import problem_response, unexpected_response

# Pages may be framed or scripted only where their own handler says so with a policy of its own.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")
_CROSS_ORIGIN = (
    "/api/v1/comments", "/api/v1/form", "/api/v1/preview", "/api/v1/counts", "/embed/",
)  # fmt: skip
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-None-Match",
    "Access-Control-Max-Age": "600",
}
_ORIGINS_KEPT = 1.0  # seconds that a listed origin stays so, however much is stored meanwhile
_VARY = (b"vary", b"Origin")
_EXPOSED = (b"access-control-expose-headers", b"ETag, Location, Retry-After")
_GONE = 499  # counted for a request whose client left before its end; nobody is answered


class Envelope:
    """What goes round every answer: counted and timed, of bounded size, with security headers.

    An error nobody foresaw becomes a problem here, so that the server logs nothing of its own.
    One layer rather than four: each costs every request its own coroutine.
    """

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = (*_HEADERS, _HSTS) if https else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        hear(scope)
        began = time.perf_counter()
        status = received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if max(received, _declared_length(scope)) > MAX_BODY:
                raise HTTPException(413)  # where the body is read, so it becomes a problem
            return message

        async def send_in_envelope(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message["headers"])
                named = {name for name, _ in headers}
                message["headers"] = headers + [h for h in self.headers if h[0] not in named]
            await send(message)

        try:
            await self.app(scope, receive_within_limit, send_in_envelope)
        except ClientDisconnect:
            status = status or _GONE
        except Exception as error:  # the last resort, below which is only the server
            known = isinstance(error, DeskError)
            response = problem_response(error) if known else unexpected_response(error)
            if not status:
                await response(scope, receive, send_in_envelope)
        finally:
            endpoint = getattr(scope.get("endpoint"), "__name__", "none")
            if not scope.get("endless"):  # whose length says nothing
                took = time.perf_counter() - began
                scope["state"]["metrics"].count_request(endpoint, status, took)


def _declared_length(scope: Scope) -> int:
    length = header(scope, b"content-length")
    return int(length) if length.isdigit() else 0


class Cors:
    """Lets pages of listed origins call the public API. No cookie counts there, so none is let in.

    A preflight cannot name a site, so it is answered for any site's origin; the request itself is
    checked against its own site's by the verb.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.known: frozenset[str] = frozenset()
        self.version: object = None  # the database's, when `known` was read
        self.read_at = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_public(scope["path"]):
            await self.app(scope, receive, send)
            return
        origin = header(scope, b"origin")
        extra = [_VARY]  # several such lines are one list
        allowed = bool(origin) and await self._is_listed(origin.decode("latin-1"), scope["state"])
        if allowed:
            extra += [(b"access-control-allow-origin", origin), _EXPOSED]
        if scope["method"] == "OPTIONS" and header(scope, b"access-control-request-method"):
            preflight = Response(None, 204 if allowed else 403, _PREFLIGHT if allowed else None)
            await preflight(scope, receive, _adding(send, extra))
            return
        await self.app(scope, receive, _adding(send, extra))

    async def _is_listed(self, origin: str, state: Mapping[str, Any]) -> bool:
        version, now = state["store"].version(), time.monotonic()
        young = now - self.read_at < _ORIGINS_KEPT and is_allowed_origin(origin, self.known)
        if self.version != version and not young:
            self.known = await read.list_origins(store=state["store"])
            self.version, self.read_at = version, now
        return is_allowed_origin(origin, self.known)


def is_public(path: str) -> bool:
    """Whether a path belongs to the API that pages of other origins may call."""
    return path.startswith(_CROSS_ORIGIN) and not path.endswith("/history")


def _adding(send: Send, extra: list[tuple[bytes, bytes]]) -> Send:
    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *extra]
        await send(message)

    return send_with
