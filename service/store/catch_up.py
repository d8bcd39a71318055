"""Before a search: the index of words catches up with what has come in."""

from service.store import search
from service.store.database import Database
from service.store.filters import Filter

_STRETCH = 200  # comments of one transaction, so that nobody waits long behind it
_STRETCHES = 25  # for one search; what more there is the tidying does


async def make_searchable(wanted: Filter, store: Database) -> None:
    """Put into the index what it lacks, where `wanted` searches it."""
    for _ in range(_STRETCHES if wanted.text else 0):
        entries = await store.read(search.list_missing, _STRETCH)
        if not entries:
            return
        await store.write(search.add_entries, entries)
