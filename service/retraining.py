"""Retrain from the desk: in a process of its own, one at a time over all processes."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

import structlog

from service.errors import Unavailable
from service.store import retrainings
from service.store.database import Database

log = structlog.get_logger()

_COMMAND = (sys.executable, "-m", "service", "retrain")  # lowers its own priority
_KEPT = 4000  # characters of what it says, from the end
_CANNOT_START = 127  # as shells have it
_AGAIN = 1.0  # seconds until what could not be written is tried again
_BEAT = 20.0  # seconds between two signs of life
_LONGEST = 3 * 3600.0  # seconds that one may take


class Retrainer:
    """Starts `comment-desk retrain` beside the service, and keeps how it ended.

    `environment` names the database for it. While it runs there is a sign of life every `beat`
    seconds, so that others know when this process was killed. `aclose` ends what this process
    started; a retraining that is ended changes nothing.
    """

    def __init__(
        self,
        store: Database,
        *,
        environment: Mapping[str, str],
        clock: Callable[[], datetime],
        beat: float = _BEAT,
    ) -> None:
        self._store = store
        self._environment = {**environment, "PYTHONUNBUFFERED": "1"}
        self._clock = clock
        self._beat = beat
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._closing = False

    async def start(self, actor: str) -> bool:
        """Start one; False while one is under way, here or elsewhere. Raises Unavailable."""
        number = await self._store.write(retrainings.begin, actor, self._clock())
        if number is None:
            return False
        log.info("retraining started", actor=actor)
        self._task = asyncio.create_task(self._run(number))
        return True

    async def aclose(self) -> None:
        """End what is under way and write down that it was ended."""
        self._closing = True
        self._terminate()
        if self._task is not None:
            await self._task

    async def _run(self, number: int) -> None:
        living = asyncio.create_task(self._keep_alive(number))
        status, output = await self._learn()
        living.cancel()
        log.info("retraining ended", status=status)
        while True:
            try:
                await self._store.write(retrainings.end, number, status, output, self._clock())
                return
            except Unavailable:
                if self._closing:
                    return  # it counts as dead before long
                await asyncio.sleep(_AGAIN)

    async def _keep_alive(self, number: int) -> None:
        """Say now and then that it is still cared for, and end it if another took its place."""
        while True:
            await asyncio.sleep(self._beat)
            with suppress(Unavailable):
                alive = await self._store.write(retrainings.keep_alive, number, self._clock())
                if not alive:
                    self._terminate()

    def _terminate(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    async def _learn(self) -> tuple[int, str]:
        """What the command ended with, and the end of what it said."""
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *_COMMAND,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        except OSError as error:
            return _CANNOT_START, f"the command could not be started: {error.strerror}"
        if self._closing:
            process.terminate()
        try:
            async with asyncio.timeout(_LONGEST):
                said, _ = await process.communicate()
        except TimeoutError:
            process.terminate()
            said, _ = await process.communicate()
        text = said.decode("utf-8", "replace").replace("\x00", "").strip()
        return process.returncode or 0, text[-_KEPT:]
