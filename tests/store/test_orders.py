"""Each order of the queue, page by page, with what is deferred behind everything else."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text, update

from service.domain import Cluster, Score, Signal
from service.store.database import Database
from service.store.filters import Filter
from service.store.orders import Cursor, list_queue
from service.store.queue import claim_next, count_newer, count_queue
from service.store.schema import comment as table
from service.tokens import first_id
from service.vocabulary import Code, Order, Status
from tests.factories import NOW, ORIGIN, a_comment, a_site

EVERYWHERE = Filter(None)
SCORES = (0.9, None, 0.45, 0.1, 0.52, None, 0.45, 0.99)
DEFERRED = {2, 5}
REPORTS = {3: 2, 6: 2, 7: 9, 5: 1}


def waiting(conn: Connection) -> list[str]:
    """Eight held comments of different scores, reports and pages; their ids by place."""
    a_site(conn)
    ids = []
    for place, score in enumerate(SCORES):
        missing = (Signal(Code.PROOF_MISSING),) if place in DEFERRED else ()
        comment = a_comment(
            conn,
            now=NOW + timedelta(seconds=place),
            score=None if score is None else Score(score, "tiny"),
            reasons=missing,
            page_url=f"{ORIGIN}/{place % 3}",
        )
        ids.append(comment.id)
        reports = REPORTS.get(place, 0)
        conn.execute(update(table).where(table.c.id == comment.id).values(reports=reports))
    for place, published in enumerate((3, 0, 7)):
        a_comment(conn, status=Status.PUBLISHED, page_url=f"{ORIGIN}/{place}")
        conn.execute(
            text("UPDATE thread SET published = :n WHERE url = :url"),
            {"n": published, "url": f"{ORIGIN}/{place}"},
        )
    return ids


def places(
    conn: Connection, ids: Sequence[str], order: Order, wanted: Filter = EVERYWHERE, *, limit: int
) -> list[int]:
    """Which comment stands where, read so many at a time."""
    found: list[int] = []
    after: Cursor | None = None
    while page := list_queue(conn, wanted, order, limit=limit, after=after):
        found += [ids.index(placed.comment.id) for placed in page]
        after = page[-1].cursor
    return found


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.OLDEST, [0, 1, 3, 4, 6, 7, 2, 5]),
        (Order.NEWEST, [7, 6, 5, 4, 3, 2, 1, 0]),
        (Order.UNCERTAIN, [4, 6, 0, 3, 7, 1, 2, 5]),
        (Order.REPORTED, [7, 3, 6, 0, 1, 4, 5, 2]),
        (Order.REACH, [0, 3, 6, 1, 4, 7, 2, 5]),
    ],
)
def test_an_order_is_the_same_however_many_are_read_at_a_time(
    database: Database, order: Order, expected: list[int]
) -> None:
    with database.transaction() as conn:
        ids = waiting(conn)
        if order is Order.REACH:  # page 2 has most, and what is there comes first
            expected = [place for page in (2, 0, 1) for place in expected if place % 3 == page]
            expected = sorted(expected, key=lambda place: place in DEFERRED)

        for limit in (1, 2, 3, 50):
            assert places(conn, ids, order, limit=limit) == expected, limit


@pytest.mark.parametrize("order", list(Order))
def test_every_order_keeps_to_the_filter_and_shows_what_is_decided_too(
    database: Database, order: Order
) -> None:
    with database.transaction() as conn:
        ids = waiting(conn)
        a_site(conn, "blog")
        a_comment(conn, site="blog")

        page = Filter(None, page_url=f"{ORIGIN}/1", site_key="news")
        assert sorted(places(conn, ids, order, page, limit=2)) == [1, 4, 7]
        reported = Filter(None, reported=True)
        assert sorted(places(conn, ids, order, reported, limit=2)) == [3, 5, 6, 7]
        published = list_queue(conn, Filter(None, status=Status.PUBLISHED), order, limit=9)
        assert len(published) == 3


def test_what_is_deferred_is_claimed_last_and_counted_with_the_rest(database: Database) -> None:
    with database.transaction() as conn:
        ids = waiting(conn)

        claimed = claim_next(conn, None, "max", 9, NOW)

        assert [ids.index(c.id) for c in claimed] == [0, 1, 3, 4, 6, 7, 2, 5]
        assert count_queue(conn, EVERYWHERE) == (8, NOW)
        assert count_newer(conn, EVERYWHERE, ids[4]) == 3


def test_language_band_author_and_days_narrow_what_is_listed(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        unsure = Score(0.5, "tiny", publish_below=0.2, reject_above=0.9)
        wanted = a_comment(
            conn, lang="de-AT", email="Zoe@mail.example", score=unsure,
            now=NOW + timedelta(days=1),
        )  # fmt: skip
        a_comment(conn, lang="den", email="ann@mail.example")

        def found(**by: object) -> list[str]:
            narrow = Filter(None, **by)  # type: ignore[arg-type]
            return [p.comment.id for p in list_queue(conn, narrow, Order.OLDEST, limit=9)]

        day = first_id(NOW + timedelta(hours=12))
        assert found(lang="de") == found(lang="de-at") == [wanted.id]
        assert found(band="unsure") == found(author="zoe@MAIL.example") == [wanted.id]
        assert found(since=day) == [wanted.id]
        assert wanted.id not in found(until=day)
        assert found(lang="fr") == found(author="zoe") == []


def test_a_group_is_listed_by_its_oldest_that_is_wanted(database: Database) -> None:
    alike = Cluster("00000000000000aa", 2)
    with database.transaction() as conn:
        a_site(conn)
        a_site(conn, "blog")
        lone = a_comment(conn)
        first, second, third = (
            a_comment(conn, cluster=alike, now=NOW + timedelta(seconds=n), lang=lang)
            for n, lang in enumerate(("en", "de", "de"), start=1)
        )
        elsewhere = a_comment(conn, cluster=alike, site="blog", now=NOW + timedelta(seconds=9))

        def listed(wanted: Filter, order: Order = Order.OLDEST) -> list[str]:
            page = list_queue(conn, wanted, order, limit=9, grouped=True)
            return [placed.comment.id for placed in page]

        assert listed(EVERYWHERE) == [lone.id, first.id, elsewhere.id]
        assert listed(EVERYWHERE, Order.NEWEST) == [elsewhere.id, first.id, lone.id]
        assert listed(Filter(None, lang="de")) == [second.id]
        assert third.id not in listed(EVERYWHERE, Order.UNCERTAIN)
