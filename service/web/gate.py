"""Turns comments away, early and cheaply, while more are under way than are soon dealt with."""

import random
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import Overloaded
from service.web.auth import SAFE
from service.web.middleware import is_public

MOST_UNDER_WAY = 100  # about as many as a process takes in within a tenth of a second
_AGAIN_AFTER = (1.0, 5.0)  # seconds; spread, so that those turned away do not all come back at once
_SAID_EVERY = 10.0  # seconds, in the log

log = structlog.get_logger()


class Gate:
    """Bounds how many comments, edits and previews are under way in this process.

    Whoever is beyond gets 503 with Retry-After before anything of theirs is parsed; reading and
    moderating go on. What is admitted is then dealt with about as fast as without the others. A
    request is under way once its body is whole: a client that sends slowly takes nobody's place.
    """

    def __init__(self, app: ASGIApp, most: int = MOST_UNDER_WAY) -> None:
        self.app = app
        self.most = most
        self._under_way = 0
        self._said = -_SAID_EVERY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE or not is_public(scope["path"]):
            await self.app(scope, receive, send)
            return
        is_under_way = False

        async def receive_and_enter() -> Message:
            nonlocal is_under_way
            message = await receive()
            is_whole = message["type"] == "http.request" and not message.get("more_body")
            if is_whole and not is_under_way:
                self._enter()
                is_under_way = True
            return message

        try:
            await self.app(scope, receive_and_enter, send)
        finally:
            self._under_way -= is_under_way

    def _enter(self) -> None:
        if self._under_way < self.most:
            self._under_way += 1
            return
        now = time.monotonic()
        if now - self._said >= _SAID_EVERY:
            self._said = now
            log.warning("overloaded", under_way=self._under_way)
        raise Overloaded(retry_after=random.uniform(*_AGAIN_AFTER))  # noqa: S311
