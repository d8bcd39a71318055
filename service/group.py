"""What came in while Redis was away gets its group later, from the database."""

from sqlalchemy import Connection

from service.likeness import fingerprint, hamming
from service.store import groups
from service.store.database import Database
from service.store.groups import Ungrouped

_DISTANCE = 3  # bits, as when a comment comes in


async def group_late(*, store: Database, stretch: int = 100) -> int:
    """Give up to `stretch` held comments without a group one; returns how many."""
    found: dict[str, str] = await store.read(_find_groups, stretch)
    if found:
        await store.write(groups.set_groups, found)
    return len(found)


def _find_groups(conn: Connection, stretch: int) -> dict[str, str]:
    """The group of each, by id: that of the nearest that is near enough, or its own."""
    near: dict[int, list[str]] = {}
    found: dict[str, str] = {}
    for one in groups.list_ungrouped(conn, stretch):
        if one.site_id not in near:
            near[one.site_id] = groups.list_latest(conn, one.site_id)
        found[one.id] = _group_of(one, near[one.site_id])
    return found


def _group_of(one: Ungrouped, known: list[str]) -> str:
    own = fingerprint(one.comment)
    nearest = min(known, key=lambda group: hamming(own, int(group, 16)), default="")
    if nearest and hamming(own, int(nearest, 16)) <= _DISTANCE:
        return nearest
    known.append(f"{own:016x}")
    return known[-1]
