"""Pages as finished bytes, served again until the thread's revision changes."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

_CAPACITY = 2048

V = TypeVar("V")
Revision = tuple[int, int]
_NO_REVISION: Revision = (0, 0)


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    value: V
    revision: Revision
    version: object  # the database's, when the revision was last seen to stand


class PageCache:
    """Least recently used pages, each with the revision it was made from.

    Nothing has changed since `version` → served at once; something has → the thread's revision is
    read; it stands → served; else made anew. So a decision shows on the very next read.
    """

    def __init__(self, version: Callable[[], object]) -> None:
        self._version = version
        self._entries: OrderedDict[tuple[object, ...], _Entry[object]] = OrderedDict()

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
        revision = await read_revision()
        if entry is not None and entry.revision == revision:
            self._entries[key] = replace(entry, version=version)
            return entry.value  # type: ignore[return-value]
        value = await make()
        self._keep(key, _Entry(value, revision, version))
        return value

    async def get_unchanged(self, key: tuple[object, ...], make: Callable[[], Awaitable[V]]) -> V:
        """As `get`, for what has no revision of its own: made anew once anything has changed."""
        version = self._version()
        entry = self._entries.get(key)
        if entry is not None and entry.version == version:
            self._entries.move_to_end(key)
            return entry.value  # type: ignore[return-value]  # one key, one type
        value = await make()
        self._keep(key, _Entry(value, _NO_REVISION, version))
        return value

    def _keep(self, key: tuple[object, ...], entry: _Entry[Any]) -> None:
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > _CAPACITY:
            self._entries.popitem(last=False)
