"""Decisions as examples: each in force once, newest first, a page at a time."""

import asyncio
from datetime import datetime, timedelta

from service import review
from service.store.database import Database
from service.store.examples import count_decided, decided_at, places_before, read_decided
from tests.factories import MODERATOR, NOW, a_site, approving, rejecting, some_comments


def decide_singly(database: Database, ids: list[str], start: datetime) -> None:
    async def decide() -> None:
        for place, comment_id in enumerate(ids):
            decision = rejecting(comment_id) if place % 3 else approving(comment_id)
            now = start + timedelta(seconds=place // 2)  # some at the same moment
            await review.decide(MODERATOR, decision, store=database, now=now)

    asyncio.run(decide())


def test_all_in_force_are_read_once_newest_first_over_many_pages(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 470)
    decide_singly(database, ids[:260], NOW)

    async def decide_the_rest() -> None:
        later = NOW + timedelta(hours=1)
        await review.decide(MODERATOR, approving(*ids[260:460]), store=database, now=later)
        undone = await review.decide(
            MODERATOR, rejecting(*ids[460:]), store=database, now=later + timedelta(hours=1)
        )
        await review.undo(MODERATOR, undone.decision_id, store=database, now=later)

    asyncio.run(decide_the_rest())

    with database.snapshot() as conn:
        found = list(read_decided(conn, newest=10_000))
        lately = list(read_decided(conn, newest=10_000, since=NOW + timedelta(minutes=30)))
        few = list(read_decided(conn, newest=7))
        counted = count_decided(conn, most=10_000), count_decided(conn, most=7)

    told = [int(one.submission.comment.split()[2]) for one in found]
    assert sorted(told) == list(range(460))
    assert set(told[:200]) == set(range(260, 460))
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    assert all(one.spam == bool(n % 3) for n, one in zip(told[200:], found[200:], strict=True))
    assert lately == found[:200]
    assert few == found[:7]
    assert counted == (460, 7)


def test_what_a_later_decision_changed_counts_once_and_as_decided_last(
    database: Database,
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        (comment_id,) = some_comments(conn, 1)

    async def decide() -> None:
        await review.decide(MODERATOR, approving(comment_id), store=database, now=NOW)
        later = NOW + timedelta(hours=1)
        await review.decide(MODERATOR, rejecting(comment_id), store=database, now=later)

    asyncio.run(decide())

    with database.snapshot() as conn:
        places = places_before(conn, None)
        assert len(places) == 2
        assert list(decided_at(conn, places[1:], most=10)) == []
        (found,) = read_decided(conn, newest=10)
    assert found.spam
