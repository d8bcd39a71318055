"""What time does by itself: forget what has expired, and client addresses kept long enough."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from service.store import (
    forgetting,
    outbox,
    people,
    repeats,
    reports,
    search,
    sites,
    subscriptions,
)
from service.store.database import Database
from service.tokens import NO_ID

_CONFIRMATIONS_KEPT = timedelta(days=8)  # a day longer than their links are good for
_MESSAGES_KEPT = timedelta(days=30)  # once sent or given up


async def tidy(*, store: Database, now: datetime, stretch: int = 500) -> int:
    """Forget what has expired or was sent long ago, and addresses older than `address.kept`.

    `stretch` addresses go in one transaction, so that nobody waits long behind it. Returns how many
    went. Safe to run twice at once, in any number of processes.
    """
    await store.write(_forget_expired, now)
    forgotten = 0
    for site in await store.read(sites.list_sites):
        before = now - timedelta(seconds=site.policy.address_kept)
        while count := await store.write(forgetting.forget_addresses, site.id, before, stretch):
            forgotten += count
    await index_all(store=store)
    return forgotten


async def index_all(*, store: Database, stretch: int = 200) -> int:
    """Make every comment searchable that is not, so many in one transaction; returns how many."""
    indexed, last = 0, NO_ID
    while entries := await store.read(search.list_missing, stretch, after=last):
        await store.write(search.add_entries, entries)
        indexed, last = indexed + len(entries), entries[-1].comment_id
    return indexed


def _forget_expired(conn: Connection, now: datetime) -> None:
    repeats.forget_expired(conn, now)
    people.forget_expired(conn, now)
    reports.forget_expired(conn, now)
    subscriptions.forget_expired(conn, now - _CONFIRMATIONS_KEPT)
    outbox.forget_old(conn, now - _MESSAGES_KEPT)
