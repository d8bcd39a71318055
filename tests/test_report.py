"""A reader reports a comment: it counts once, moderators see it, and nobody is told anything."""

import asyncio

import pytest

from service import review
from service.report import report
from service.store import comments, reports
from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Status
from tests.factories import (
    MODERATOR,
    NOW,
    ORIGIN,
    SECRET,
    a_comment,
    a_site,
    approving,
    rejecting,
)
from tests.limiting import limiting
from tests.redis_server import RedisServer

NEAR, FAR = "203.0.113.9/32", "198.51.100.7/32"


def told(database: Database, url: str, comment_id: str, *readers: str, origin: str = ORIGIN) -> int:
    """How many reports the comment has, once these readers have reported it."""

    async def scenario() -> None:
        async with limiting(url) as limits:
            for prefix in readers:
                await report(
                    comment_id, prefix=prefix, origin=origin, store=database, limits=limits,
                    secret=SECRET, now=NOW,
                )  # fmt: skip

    asyncio.run(scenario())
    with database.transaction() as conn:
        found = comments.find_comment(conn, comment_id)
    return found.reports if found else -1


def test_the_same_reader_counts_once(database: Database, valkey: RedisServer) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=Status.PUBLISHED)

    assert told(database, valkey.url, comment.id, NEAR, FAR, NEAR, FAR) == 2


@pytest.mark.parametrize("status", [Status.HELD, Status.REJECTED])
def test_only_what_readers_see_can_be_reported(
    database: Database, valkey: RedisServer, status: Status
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=status)

    assert told(database, valkey.url, comment.id, NEAR) == 0
    assert told(database, valkey.url, new_id(NOW), NEAR) == -1


def test_a_page_of_another_site_reports_nothing(database: Database, valkey: RedisServer) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=Status.PUBLISHED)

    assert told(database, valkey.url, comment.id, NEAR, origin="https://elsewhere.example") == 0
    assert told(database, valkey.url, comment.id, NEAR, origin="") == 1


def test_a_decision_answers_reports_and_its_undo_brings_them_back(
    database: Database, valkey: RedisServer
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=Status.PUBLISHED)
    told(database, valkey.url, comment.id, NEAR, FAR)

    async def scenario() -> list[int]:
        found = []
        for decision in (approving(comment.id), rejecting(comment.id)):
            made = await review.decide(MODERATOR, decision, store=database, now=NOW)
            found.append(await seen())
            await review.undo(MODERATOR, made.decision_id, store=database, now=NOW)
            found.append(await seen())
        return found

    async def seen() -> int:
        item, _trail = await review.read_comment(MODERATOR, comment.id, store=database)
        return item.comment.reports

    assert asyncio.run(scenario()) == [0, 2, 0, 2]


def test_a_comment_approved_before_can_be_approved_again_once_it_is_reported(
    database: Database, valkey: RedisServer
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)

    async def approve() -> int:
        result = await review.decide(MODERATOR, approving(comment.id), store=database, now=NOW)
        return len(result.changed)

    assert (asyncio.run(approve()), asyncio.run(approve())) == (1, 0)
    assert told(database, valkey.url, comment.id, NEAR) == 1
    assert asyncio.run(approve()) == 1


def test_who_reported_is_forgotten_in_time_and_the_count_stays(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=Status.PUBLISHED)
        assert reports.add(conn, comment.id, b"a reader, hashed", NOW)
        assert not reports.add(conn, comment.id, b"a reader, hashed", NOW)

        reports.forget_expired(conn, NOW + reports.KEPT)

        found = comments.find_comment(conn, comment.id)
        assert found is not None
        assert found.reports == 1
        assert reports.add(conn, comment.id, b"a reader, hashed", NOW)
