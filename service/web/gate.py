"""Turns comments away, early and cheaply, while more are under way than are soon dealt with."""

import random
import time

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import Unavailable
from service.web.problems import answer_to

MOST_UNDER_WAY = 100  # about as many as a process takes in within a tenth of a second
_AGAIN_AFTER = (1.0, 5.0)  # seconds; spread, so that those turned away do not all come back at once
_SAID_EVERY = 10.0  # seconds, in the log

log = structlog.get_logger()


class Gate:
    """Bounds how many comments, edits and previews are under way in this process.

    Whoever is beyond gets 503 with Retry-After before anything of theirs is read; reading and
    moderating go on. What is admitted is then dealt with about as fast as without the others.
    """

    def __init__(self, app: ASGIApp, most: int = MOST_UNDER_WAY) -> None:
        self.app = app
        self.most = most
        self._under_way = 0
        self._said = -_SAID_EVERY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_strangers_write(scope):
            await self.app(scope, receive, send)
            return
        if self._under_way >= self.most:
            await self._turn_away(scope, receive, send)
            return
        self._under_way += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._under_way -= 1

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["metrics"].refused.labels("overloaded").inc()
        now = time.monotonic()
        if now - self._said >= _SAID_EVERY:
            self._said = now
            log.warning("overloaded", under_way=self._under_way)
        error = Unavailable(
            "More comments come in than can be dealt with. Please send yours again in a moment.",
            retry_after=random.uniform(*_AGAIN_AFTER),  # noqa: S311
        )
        response = await answer_to(Request(scope, receive), error)
        await response(scope, receive, send)


def _is_strangers_write(scope: Scope) -> bool:
    path: str = scope["path"]
    return scope["method"] in ("POST", "PATCH", "DELETE") and path.startswith(
        ("/api/v1/comments", "/api/v1/preview")
    )
