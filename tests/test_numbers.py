"""The numbers that moderators look back on, over the sites that they may see."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import numbers, review
from service.errors import Forbidden, NotFound
from service.numbers import Numbers, Span, read_numbers
from service.persons import Actor
from service.scoring.evaluation import Rate
from service.store import numbers as table
from service.store.database import Database
from service.vocabulary import Band, Reason, Role, Status
from tests.factories import (
    ADMIN,
    FINE,
    MODERATOR,
    NOW,
    ORIGIN,
    SPAM,
    a_comment,
    a_site,
    approving,
    rejecting,
    some_comments,
)

INSTANTS = st.timedeltas(timedelta(0), timedelta(days=36_000)).map(NOW.__add__)


def read(
    database: Database, actor: Actor = ADMIN, site: str = "", span: Span = Span.WEEK
) -> Numbers:
    return asyncio.run(read_numbers(actor, site, span, store=database, now=NOW))


def decide(
    database: Database, ids: list[str], *, by: str = "max", every: float = 10, span: float = 0
) -> None:
    """Approve one after the other, so many seconds apart, the last one `span` seconds ago."""
    actor = Actor(by, {None: Role.MODERATOR})

    async def scenario() -> None:
        for place, comment_id in enumerate(ids):
            ago = timedelta(seconds=span + every * (len(ids) - 1 - place))
            await review.decide(actor, approving(comment_id), store=database, now=NOW - ago)

    asyncio.run(scenario())


def test_arrivals_and_decisions_are_counted_by_day_and_by_hour(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = [
            a_comment(conn, now=NOW - timedelta(hours=hours)).id for hours in (0, 1, 1, 23, 30, 200)
        ]
    decide(database, ids[:2], every=3600)

    week, day = read(database), read(database, span=Span.DAY)

    assert [(p.arrivals, p.decided) for p in week.periods] == [(0, 0)] * 5 + [(2, 0), (3, 2)]
    assert week.periods[-1].at == datetime(2026, 3, 1, tzinfo=UTC)
    assert (week.waiting, week.oldest) == (4, NOW - timedelta(hours=200))
    assert len(day.periods) == 24
    assert {p.at.hour: p.arrivals for p in day.periods if p.arrivals} == {13: 1, 11: 2, 12: 1}
    assert sum(p.decided for p in day.periods) == 2


@given(st.sampled_from(Span), INSTANTS)
def test_periods_follow_each_other_up_to_now_whatever_the_hour(span: Span, now: datetime) -> None:
    edges = span.edges(now)

    assert len(edges) == span.periods + 1
    assert edges[-2] <= now < edges[-1]
    assert all(after - before == span.step for before, after in pairwise(edges))
    assert all(edge.minute == edge.second == edge.microsecond == 0 for edge in edges)


def test_what_was_taken_back_counts_as_undone_alone(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        first, second = some_comments(conn, 2)

    async def scenario() -> None:
        made = await review.decide(MODERATOR, rejecting(first), store=database, now=NOW)
        await review.undo(MODERATOR, made.decision_id, store=database, now=NOW)
        await review.decide(MODERATOR, approving(second), store=database, now=NOW)

    asyncio.run(scenario())
    found = read(database)

    assert found.undone == Rate(1, 2)
    assert found.periods[-1].decided == 1
    assert found.reasons == {}


def test_agreement_is_told_by_what_the_model_had_said(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        fine, missed, rude, spam, alarm = (
            a_comment(conn, score=score).id for score in (FINE, FINE, FINE, SPAM, SPAM)
        )

    async def scenario() -> None:
        for decision in (
            approving(fine), rejecting(missed), rejecting(spam), approving(alarm),
            rejecting(rude, reason=Reason.ABUSE),  # says nothing of spam
        ):  # fmt: skip
            await review.decide(MODERATOR, decision, store=database, now=NOW)

    asyncio.run(scenario())
    found = read(database)

    assert found.agreed == {
        Band.LIKELY_FINE: Rate(1, 2),
        Band.UNSURE: Rate(0, 0),
        Band.LIKELY_SPAM: Rate(1, 2),
    }
    assert found.reasons == {Reason.SPAM: 2, Reason.ABUSE: 1}


def test_an_honest_comment_that_was_first_rejected_is_a_reversal(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        wrongly = a_comment(conn, status=Status.REJECTED).id
        held = a_comment(conn).id
        a_comment(conn, status=Status.PUBLISHED)
    decide(database, [wrongly, held])

    found = read(database)

    assert found.reversals == 1
    assert found.automatic == Rate(2, 3)


def test_the_median_leaves_pauses_out(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 7)
    decide(database, ids[:3], every=4, span=3000)
    decide(database, ids[3:], every=20)

    found = read(database, MODERATOR)

    assert found.own_seconds == 20  # of 4, 4, 20, 20, 20; fifty minutes lie between
    assert read(database, ADMIN).own_seconds is None


def test_how_quick_one_person_is_is_told_to_nobody_else(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 9)

    for place, by in enumerate(("max", "eva")):
        decide(database, ids[3 * place : 3 * place + 3], by=by, every=4)
    assert read(database, ADMIN).seconds is None
    decide(database, ids[6:], by="ida", every=10)

    assert read(database, ADMIN).seconds == 4
    assert read(database, Actor("ida", {None: Role.VIEWER})).own_seconds == 10


def test_only_ones_own_sites_are_counted(database: Database) -> None:
    with database.transaction() as conn:
        news = a_site(conn)
        a_site(conn, "other", origin="https://other.example")
        ours = a_comment(conn).id
        foreign = a_comment(conn, site="other", page_url="https://other.example/x").id
    decide(database, [ours, foreign])
    local = Actor("lea", {news.id: Role.VIEWER})

    for found in (
        read(database, local),
        read(database, local, "news"),
        read(database, site="news"),
    ):
        assert sum(p.arrivals for p in found.periods) == 1
        assert found.decided_at_all == 1
        assert [page.url for page in found.pages] == [f"{ORIGIN}/harvest"]
    assert read(database).decided_at_all == 2
    with pytest.raises(Forbidden, match="No such site, or not one of yours"):
        read(database, local, "other")
    with pytest.raises(NotFound, match="No such site, or not one of yours"):
        read(database, local, "nowhere")


def test_somebody_without_a_site_sees_zeros(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        a_comment(conn)

    found = read(database, Actor("nil", {}))

    assert (found.waiting, found.looked_at, found.pages) == (0, 0, ())


def test_the_ten_busiest_pages_are_named_in_order(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        for place in range(12):
            some_comments(conn, 1 + place % 4, page_url=f"{ORIGIN}/{place}", page_title="A page")

    pages = read(database).pages

    assert len(pages) == 10
    assert [page.comments for page in pages] == [4, 4, 4, 3, 3, 3, 2, 2, 2, 1]
    assert {page.url for page in pages[:3]} == {f"{ORIGIN}/{place}" for place in (3, 7, 11)}


def test_of_very_many_the_newest_are_looked_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MOST", 3)
    with database.transaction() as conn:
        a_site(conn)
        a_site(conn, "other", origin="https://other.example")
        some_comments(conn, 4, page_url=f"{ORIGIN}/old")
        a_comment(conn, now=NOW + timedelta(minutes=1), page_url=f"{ORIGIN}/new")

    found = read(database)

    assert found.looked_at == 3
    assert {page.url: page.comments for page in found.pages} == {
        f"{ORIGIN}/old": 2, f"{ORIGIN}/new": 1,
    }  # fmt: skip
    assert sum(p.arrivals for p in found.periods) == 5
    assert numbers.MOST == 5_000
