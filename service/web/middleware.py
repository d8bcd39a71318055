"""What wraps every answer: security headers, CORS for listed origins, counting and timing."""

import time
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import read
from service.intake.page import is_allowed_origin
from service.web.problems import unexpected_response

# Pages may be framed or scripted only where their own handler says so with a policy of its own.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_HSTS = "max-age=31536000"
_CROSS_ORIGIN = ("/api/v1/comments", "/api/v1/form", "/api/v1/preview", "/api/v1/counts")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-None-Match",
    "Access-Control-Max-Age": "600",
}
_EXPOSED = "ETag, Location, Retry-After"


class SecurityHeaders:
    """Adds the headers every answer carries, unless its handler has set them."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = _HEADERS | ({"Strict-Transport-Security": _HSTS} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class LastResort:
    """Turns an error nobody foresaw into a problem, so that the server logs nothing of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception as error:
            if scope["type"] != "http":
                raise
            response = unexpected_response(error)
            if not started:
                await response(scope, receive, send)


class Cors:
    """Lets pages of listed origins call the public API. No cookie counts there, so none is let in.

    A preflight cannot name a site, so it is answered for any site's origin; the request itself is
    checked against its own site's by the verb.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.known: tuple[object, frozenset[str]] = (None, frozenset())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_CROSS_ORIGIN):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        allowed = bool(origin) and await self._is_listed(origin, scope["state"])
        extra = {"Vary": "Origin"}
        if allowed:
            extra |= {
                "Access-Control-Allow-Origin": origin,
                "Access-Control-Expose-Headers": _EXPOSED,
            }
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            preflight = extra | (_PREFLIGHT if allowed else {})
            await Response(None, 204 if allowed else 403, preflight)(scope, receive, send)
            return
        await self.app(scope, receive, _adding(send, extra))

    async def _is_listed(self, origin: str, state: Mapping[str, Any]) -> bool:
        version = state["store"].version()
        if self.known[0] != version:
            self.known = (version, await read.list_origins(store=state["store"]))
        return is_allowed_origin(origin, self.known[1])


class Measure:
    """Counts and times each request by endpoint and status."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            endpoint = getattr(scope.get("endpoint"), "__name__", "none")
            metrics = scope["state"]["metrics"]
            metrics.requests.labels(endpoint, status).inc()
            metrics.seconds.labels(endpoint).observe(time.perf_counter() - started)


def _adding(send: Send, extra: Mapping[str, str]) -> Send:
    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in extra.items():
                if name == "Vary":
                    headers.add_vary_header(value)
                else:
                    headers[name] = value
        await send(message)

    return send_with
