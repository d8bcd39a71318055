"""What stands around a page of the queue is found by indexes, however much waits."""

from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection

from service.domain import Cluster
from service.store.database import Database
from service.store.filters import Filter
from service.store.items import with_context
from service.store.orders import list_queue
from service.vocabulary import Order
from tests.factories import NOW, ORIGIN, a_comment, a_site

EVERYWHERE = Filter(None)


def effort(conn: Connection) -> int:
    """How many hundreds of its steps SQLite takes for a page of 20 groups and what is around."""
    steps = count()
    driver: Any = conn.connection.dbapi_connection
    driver.set_progress_handler(lambda: next(steps) and None, 100)
    page = list_queue(conn, EVERYWHERE, Order.OLDEST, limit=20, grouped=True)
    items = with_context(conn, page, EVERYWHERE, near=True)
    driver.set_progress_handler(None, 0)
    assert [len(item.alike) for item in items] == [1] * 20
    return next(steps)


def fill(conn: Connection, numbers: range) -> None:
    """Pairs of comments that are alike, each pair on a page of its own."""
    for number in numbers:
        for twin in range(2):
            a_comment(
                conn, cluster=Cluster(f"{number + 1:016x}", twin + 1),
                now=NOW + timedelta(seconds=2 * number + twin), page_url=f"{ORIGIN}/{number}",
                email=f"r{number}@mail.example",
            )  # fmt: skip


def test_a_page_of_groups_takes_no_more_steps_when_more_waits(sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)
        fill(conn, range(50))
        few = effort(conn)
        fill(conn, range(50, 400))

        assert effort(conn) < 1.5 * few
