"""Comments wait in line for their turn, and are turned away early once the line is long."""

import asyncio
import random
import time

import structlog
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import Overloaded
from service.web.auth import SAFE
from service.web.middleware import is_public
from service.web.problems import handle

AT_WORK = 64  # so that readers and moderators are answered in between
IN_LINE = 1000  # about a second's work of one process
_AGAIN_AFTER = (1.0, 5.0)  # seconds; spread, so that those turned away do not all come back at once
_SAID_EVERY = 10.0  # seconds, in the log

log = structlog.get_logger()


class Gate:
    """Bounds how many comments, edits and previews this process works on, and how many wait.

    Whoever is beyond gets 503 with Retry-After, most before anything of theirs is read.
    A place in line is taken once a request's body is whole: a client that sends slowly takes
    nobody's.
    """

    def __init__(self, app: ASGIApp, at_work: int = AT_WORK, in_line: int = IN_LINE) -> None:
        self.app = app
        self._most = at_work + in_line
        self._turn = asyncio.Semaphore(at_work)
        self._under_way = 0  # in line or at work
        self._said = -_SAID_EVERY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE or not is_public(scope["path"]):
            await self.app(scope, receive, send)
            return
        if self._under_way >= self._most:
            scope["state"]["metrics"].refused.labels("overloaded").inc()
            response = await handle(Request(scope, receive), self._refusal())
            await response(scope, receive, send)
            return
        has_turn = False

        async def receive_in_turn() -> Message:
            nonlocal has_turn
            message = await receive()
            is_whole = message["type"] == "http.request" and not message.get("more_body")
            if is_whole and not has_turn:
                await self._wait()
                has_turn = True
            return message

        try:
            await self.app(scope, receive_in_turn, send)
        finally:
            if has_turn:
                self._under_way -= 1
                self._turn.release()

    async def _wait(self) -> None:
        if self._under_way >= self._most:  # the line has grown while the body came
            raise self._refusal()
        self._under_way += 1
        try:
            await self._turn.acquire()
        except BaseException:
            self._under_way -= 1
            raise

    def _refusal(self) -> Overloaded:
        now = time.monotonic()
        if now - self._said >= _SAID_EVERY:
            self._said = now
            log.warning("overloaded", under_way=self._under_way)
        return Overloaded(retry_after=random.uniform(*_AGAIN_AFTER))  # noqa: S311
