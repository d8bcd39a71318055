"""What a moderator does to many at once: find all that match a filter, to decide them together."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from service.persons import Actor
from service.store import queue
from service.store.catch_up import make_searchable
from service.store.database import Database
from service.store.filters import Filter
from service.store.orders import list_queue
from service.vocabulary import Order, Role

MOST = 1000  # comments of one such decision: some two seconds in which nobody else writes


@dataclass(frozen=True, slots=True)
class Sweep:
    """All that match: `total` of them, and of the oldest MOST the versions by id.

    `through` is the newest of them; with it as the filter's `until`, nothing newer counts.
    """

    total: int
    versions: dict[str, int]
    through: str


async def find_all(actor: Actor, wanted: Filter, *, store: Database) -> Sweep:
    """What the filter matches on the sites where the actor decides."""
    await make_searchable(wanted, store)
    own = replace(wanted, site_ids=actor.site_ids(Role.MODERATOR))
    return await store.read(_find_all, own)


def _find_all(conn: Connection, wanted: Filter) -> Sweep:
    total, _oldest = queue.count_queue(conn, wanted)
    first = list_queue(conn, wanted, Order.OLDEST, limit=MOST)
    newest = list_queue(conn, wanted, Order.NEWEST, limit=1)
    return Sweep(
        total,
        {placed.comment.id: placed.comment.version for placed in first},
        newest[0].comment.id if newest else "",
    )
