"""Tell open desks of every process that something has changed, so that they look at once.

An event names sites and nothing else; whoever hears it reads the truth from the database (ADR
0007). What has changed is found in the audit trail after the commit, by a task of its own: who
takes a comment in, or decides one, does not know of it.
"""

import asyncio
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

import structlog

from service.errors import RateLimited, Unavailable
from service.lane import LinkDown, Script
from service.link import Link
from service.redis_url import FAILURES, hear
from service.store import audit
from service.store.database import Database

log = structlog.get_logger()

_CHANNEL = "{desk}:changed"
_PULSE = ""  # says that the way is open; no site has an empty key
_PULSE_EVERY = 5.0  # seconds
_SILENT = 3 * _PULSE_EVERY  # then the way counts as shut
_LOOK_EVERY = 0.4  # seconds between two looks at what was written; so an event tells of many
_AGAIN = (0.5, 2.0)  # seconds until Redis is tried again
_LATE = 100  # lines of the trail: in PostgreSQL one may come in behind a newer one
STREAMS = 6  # of one person in one process: a desk holds one while it is looked at
_PUBLISH = Script(
    "#!lua\nfor _, site in ipairs(ARGV) do redis.call('PUBLISH', KEYS[1], site) end\nreturn 1"
)


class Ear:
    """One open desk: the sites that changed since it was last asked, and whether it hears."""

    def __init__(self) -> None:
        self.sites: set[str] = set()
        self.woken = asyncio.Event()

    async def wait(self, seconds: float) -> set[str]:
        """The sites that have changed, at the latest after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.woken.wait()
        self.woken.clear()
        sites, self.sites = self.sites, set()
        return sites


class Events:
    """What changed, from this process to all of them and from them to the desks open here."""

    def __init__(self, url: str, *, store: Database, link: Link) -> None:
        self._url, self._store, self._link = url, store, link
        self._ears: dict[Ear, str] = {}
        self._noted: set[str] = set()
        self._told: set[int] | None = None  # the newest lines of the trail, which were told of
        self._heard = float("-inf")
        self._pulsed = float("-inf")

    @property
    def flow(self) -> bool:
        """Whether what other processes publish is heard here."""
        return time.monotonic() - self._heard < _SILENT

    def note(self, sites: Iterable[str]) -> None:
        """Something has changed that leaves no line in the trail; told of with the next ones."""
        self._noted.update(sites)

    def check_room(self, who: str) -> None:
        """Raise RateLimited when this person has many desks open in this process."""
        if sum(name == who for name in self._ears.values()) >= STREAMS:
            raise RateLimited(60, "stream")

    @contextmanager
    def listening(self, who: str) -> Iterator[Ear]:
        """An ear for the length of the block."""
        ear = Ear()
        self._ears[ear] = who
        try:
            yield ear
        finally:
            del self._ears[ear]

    async def run(self) -> None:
        """Publish and listen until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publish())
            tasks.create_task(self._listen())

    async def _publish(self) -> None:
        written: int | None = None
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            before, written = written, self._store.written
            try:
                sites = await self._changed() if before != written or self._noted else set()
                if time.monotonic() - self._pulsed >= _PULSE_EVERY:
                    self._pulsed = time.monotonic()
                    sites.add(_PULSE)
                if sites:
                    await self._link.call(_PUBLISH, (_CHANNEL,), sorted(sites))
            except LinkDown:
                continue  # desks look by themselves meanwhile
            except Unavailable:
                written = None

    async def _changed(self) -> set[str]:
        if self._told is None:
            newest = await self._store.read(audit.newest_line)
            self._told = {newest, *await self._store.read(audit.list_changed, newest - _LATE)}
        after = max(self._told) - _LATE
        lines = await self._store.read(audit.list_changed, after)
        sites = {site for line, site in lines.items() if line not in self._told}
        self._told = {line for line in self._told if line > after} | set(lines) | {max(self._told)}
        noted, self._noted = self._noted, set()
        return sites | noted

    async def _listen(self) -> None:
        while True:
            try:
                async for site in hear(self._url, _CHANNEL, silent=_SILENT):
                    self._tell(site)
            except FAILURES:
                pass  # the way is shut; desks look by themselves
            except Exception as error:  # no reason to hear nothing until a restart
                log.error("task failed", task="hearing of changes", error=repr(type(error)))
            self._heard = float("-inf")
            self._wake()
            await asyncio.sleep(random.uniform(*_AGAIN))  # noqa: S311

    def _tell(self, site: str) -> None:
        was_open, self._heard = self.flow, time.monotonic()
        if site != _PULSE:
            for ear in self._ears:
                ear.sites.add(site)
        if site != _PULSE or not was_open:
            self._wake()

    def _wake(self) -> None:
        for ear in self._ears:
            ear.woken.set()
