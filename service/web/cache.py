"""Finished answers, served again until the thread's revision changes."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

_CAPACITY = 2048  # pages
_CAPACITY_BYTES = 64 * 1024 * 1024  # of pages and keys together
_OVERHEAD = 1000  # bytes of an answer, about, besides its body

V = TypeVar("V")
Revision = tuple[int, int] | None  # None: of what has none, which never stands


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    value: V
    revision: Revision
    version: object  # the database's, when the revision was last seen to stand
    size: int  # bytes, about


class PageCache:
    """Least recently used pages, each with the revision it was made from.

    Nothing has changed since `version` → served at once; something has → the thread's revision is
    read; it stands → served; else made anew. So a decision shows on the very next read.
    """

    def __init__(self, version: Callable[[], object]) -> None:
        self._version = version
        self._entries: OrderedDict[tuple[object, ...], _Entry[object]] = OrderedDict()
        self._bytes = 0
        self._under_way: dict[tuple[object, object], asyncio.Task[Any]] = {}

    async def get(
        self,
        key: tuple[object, ...],
        read_revision: Callable[[], Awaitable[Revision]],
        make: Callable[[], Awaitable[V]],
    ) -> V:
        """The page for `key`. `make` is called only when it is missing or stale."""
        version = self._version()  # taken first: what changes meanwhile is seen next time
        entry = self._entries.get(key)
        if entry is not None and entry.version == version:
            self._entries.move_to_end(key)
            return entry.value  # type: ignore[return-value]  # one key, one type

        async def renew() -> V:
            revision = await read_revision()
            if entry is not None and revision is not None and entry.revision == revision:
                self._keep(key, replace(entry, version=version))
                return entry.value  # type: ignore[return-value]
            value = await make()
            self._keep(key, _Entry(value, revision, version, _size_of(key, value)))
            return value

        return await self._once((key, version), renew)

    async def get_unchanged(self, key: tuple[object, ...], make: Callable[[], Awaitable[V]]) -> V:
        """As `get`, for what has no revision of its own: made anew once anything has changed."""

        async def no_revision() -> Revision:
            return None

        return await self.get(key, no_revision, make)

    async def _once(
        self, what: tuple[object, object], renew: Callable[[], Coroutine[Any, Any, V]]
    ) -> V:
        """What `renew` gives; all who ask for the same while it is under way get the same.

        The database's version is part of `what`, so nobody gets a page begun before a change.
        """
        under_way = self._under_way.get(what)
        if under_way is None:
            under_way = self._under_way[what] = asyncio.create_task(renew())
            under_way.add_done_callback(lambda _: self._under_way.pop(what))
        value: V = await asyncio.shield(under_way)
        return value

    def _keep(self, key: tuple[object, ...], entry: _Entry[Any]) -> None:
        before = self._entries.pop(key, None)
        self._bytes += entry.size - (before.size if before else 0)
        self._entries[key] = entry
        while self._entries and (len(self._entries) > _CAPACITY or self._bytes > _CAPACITY_BYTES):
            _, oldest = self._entries.popitem(last=False)
            self._bytes -= oldest.size


def _size_of(key: object, value: object) -> int:
    """The bytes of an answer's body and its key."""
    return len(repr(key)) + len(getattr(value, "body", b"")) + _OVERHEAD
