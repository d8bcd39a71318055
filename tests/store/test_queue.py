"""The queue as a query, and claims as two columns with an expiry."""

from datetime import timedelta

import pytest

from service.domain import Signal
from service.store import comments, queue, search, sites
from service.store.database import Database
from service.store.filters import Filter
from service.store.orders import Cursor, list_queue
from service.store.queue import LEASE, claim_next, count_queue, release
from service.vocabulary import Code, Order, Status
from tests.factories import NOW, ORIGIN, PAGE, a_comment, a_site, some_comments

EVERYWHERE = Filter(None)


def test_the_queue_is_what_is_held_in_the_order_it_came(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        a_comment(conn, status=Status.PUBLISHED)
        a_comment(conn, status=Status.REJECTED)
        held = some_comments(conn, 5)

        def ids(order: Order, limit: int, after: str = "") -> list[str]:
            cursor = Cursor(after) if after else None
            page = list_queue(conn, EVERYWHERE, order, limit=limit, after=cursor)
            return [placed.comment.id for placed in page]

        assert ids(Order.OLDEST, 9) == held
        assert ids(Order.NEWEST, 2) == [held[4], held[3]]
        assert ids(Order.OLDEST, 2, held[1]) == held[2:4]
        assert ids(Order.NEWEST, 9, held[1]) == [held[0]]
        assert count_queue(conn, EVERYWHERE) == (5, NOW)


def test_an_empty_queue_has_no_oldest(database: Database) -> None:
    with database.transaction() as conn:
        assert count_queue(conn, EVERYWHERE) == (0, None)


def test_every_filter_narrows_listing_and_count_alike(database: Database) -> None:
    with database.transaction() as conn:
        news, blog = a_site(conn), a_site(conn, "blog")
        links = (Signal(Code.TOO_MANY_LINKS, "7"), Signal(Code.SCORE_UNSURE))
        wanted = a_comment(
            conn, name="Zoë", email="zoe@mail.example", website="https://zoe.example",
            comment="100 % barley_juice", page_url=f"{ORIGIN}/juice", reasons=links,
        )  # fmt: skip
        a_comment(conn, comment="100 percent barleyXjuice")
        a_comment(conn, site="blog")
        a_comment(conn, status=Status.REJECTED)
        search.add_entries(conn, search.list_missing(conn, 9))

        def found(**by: object) -> list[str]:
            narrow = Filter(**{"site_ids": None, **by})  # type: ignore[arg-type]
            page = [placed.comment for placed in list_queue(conn, narrow, Order.OLDEST, limit=9)]
            assert count_queue(conn, narrow)[0] == len(page)
            return [comment.id for comment in page]

        assert len(found()) == 3
        for narrow in (
            {"reason": "too-many-links"},
            {"reason": "score-unsure"},
            {"text": "barley j"},
            {"text": "BARLEY_J"},
            {"text": "zoe@"},
            {"text": "zoe.example"},
            {"text": "Zoë"},
            {"page_url": f"{ORIGIN}/juice"},
        ):
            assert found(**narrow) == [wanted.id], narrow
        assert found(reason="links") == found(text="nobody wrote this") == []
        assert len(found(site_key="blog")) == len(found(site_ids=frozenset({blog.id}))) == 1
        assert len(found(site_key="news", page_url=PAGE)) == 1
        assert len(found(status=Status.REJECTED)) == 1
        assert found(site_ids=frozenset()) == []
        assert found(site_ids=frozenset({blog.id}), site_key=news.key) == []


def test_two_claims_never_hold_the_same_comment(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        held = some_comments(conn, 5)

        first = claim_next(conn, None, "max", 2, NOW)
        second = claim_next(conn, None, "eva", 2, NOW)
        third = claim_next(conn, None, "ida", 9, NOW)

        assert [c.id for c in (*first, *second, *third)] == held
        assert {c.claimed_by for c in second} == {"eva"}
        assert {c.claimed_until for c in second} == {NOW + LEASE}
        assert claim_next(conn, None, "eve", 9, NOW) == []


def test_one_s_own_claims_are_handed_out_again_with_a_new_lease(database: Database) -> None:
    later = NOW + timedelta(minutes=1)
    with database.transaction() as conn:
        a_site(conn)
        held = some_comments(conn, 3)
        claim_next(conn, None, "max", 2, NOW)
        again = claim_next(conn, None, "max", 2, later)

        assert [c.id for c in again] == held[:2]
        assert {c.claimed_until for c in again} == {later + LEASE}


@pytest.mark.parametrize(
    ("seconds", "free"), [(LEASE.total_seconds() - 1, False), (LEASE.total_seconds(), True)]
)
def test_a_claim_ends_with_its_lease(database: Database, seconds: float, free: bool) -> None:
    with database.transaction() as conn:
        a_site(conn)
        some_comments(conn, 2)
        claim_next(conn, None, "max", 2, NOW)
        later = claim_next(conn, None, "eva", 2, NOW + timedelta(seconds=seconds))

    assert len(later) == (2 if free else 0)


def test_only_one_s_own_claims_can_be_released(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        held = some_comments(conn, 3)
        claim_next(conn, None, "max", 3, NOW)

        assert release(conn, "eva", held) == 0
        assert release(conn, "max", held[:1]) == 1
        assert [c.id for c in claim_next(conn, None, "eva", 9, NOW)] == held[:1]


def test_a_claim_reaches_only_the_sites_it_may(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        blog = a_site(conn, "blog")
        a_comment(conn)
        mine = a_comment(conn, site="blog")

        assert claim_next(conn, frozenset(), "max", 9, NOW) == []
        assert [c.id for c in claim_next(conn, frozenset({blog.id}), "max", 9, NOW)] == [mine.id]


def test_what_is_decided_is_no_longer_handed_out(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
        comments.change_status(conn, comment, Status.REJECTED, actor="x", action="x", now=NOW)

        assert claim_next(conn, None, "max", 9, NOW) == []


def test_reasons_are_counted_over_what_is_held(database: Database) -> None:
    unsure, links = Signal(Code.SCORE_UNSURE), Signal(Code.TOO_MANY_LINKS, "5")
    with database.transaction() as conn:
        a_site(conn)
        blog = a_site(conn, "blog")
        a_comment(conn, reasons=(unsure, links))
        a_comment(conn, reasons=(unsure,))
        a_comment(conn, reasons=(links,), status=Status.REJECTED)
        a_comment(conn, reasons=(unsure,), site="blog")

        assert queue.count_reasons(conn, None) == {"score-unsure": 3, "too-many-links": 1}
        assert queue.count_reasons(conn, frozenset({blog.id})) == {"score-unsure": 1}
        assert queue.count_reasons(conn, frozenset()) == {}


def test_an_author_s_other_comments_are_listed_and_counted_by_site(database: Database) -> None:
    with database.transaction() as conn:
        news, blog = a_site(conn), a_site(conn, "blog")
        ids = [a_comment(conn, now=NOW + timedelta(seconds=n)).id for n in range(7)]
        a_comment(conn, status=Status.PUBLISHED, site="blog")
        a_comment(conn, email="bob@mail.example")

        listed = queue.list_by_author(conn, news.id, "ann@mail.example")
        ann, bob = (news.id, "ann@mail.example"), (blog.id, "bob@mail.example")
        counted = queue.count_by_authors(conn, [ann, bob])

        assert [id_ for id_, *_ in listed] == ids[:1:-1]
        assert listed[0][1:] == (Status.HELD, NOW + timedelta(seconds=6))
        assert counted == {ann: {"held": 7}, bob: {}}
        assert queue.count_by_authors(conn, []) == {}


def test_a_site_that_is_not_there_holds_nothing(database: Database) -> None:
    with database.transaction() as conn:
        assert sites.find_site(conn, "news") is None
        assert count_queue(conn, Filter(None, site_key="news")) == (0, None)
