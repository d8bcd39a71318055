"""Edits and withdrawals beside a moderator's decision (R27), and how many there may be."""

import asyncio

import pytest
from sqlalchemy import text

from service import review, revise
from service.domain import Scorer
from service.errors import EditWindowOver, RateLimited
from service.store import sites, threads
from service.store.database import Database
from service.tokens import edit_token
from service.vocabulary import Status
from tests.factories import (
    MODERATOR,
    NOW,
    ORIGIN,
    PAGE,
    SECRET,
    a_comment,
    approving,
)
from tests.redis_server import RedisServer, wait_until
from tests.test_revise import an_open_site_with, revised, stored
from tests.tiny_model import FINE_TEXT, SPAM_TEXT


def test_the_text_approved_is_the_text_reviewed_whoever_is_faster(
    database: Database, score: Scorer
) -> None:
    comment = an_open_site_with(database)
    token = edit_token(SECRET, comment.id)

    async def scenario() -> None:
        await asyncio.gather(
            review.decide(
                MODERATOR, approving(comment.id, versions={comment.id: 1}), store=database, now=NOW
            ),
            revised(database, comment.id, token, SPAM_TEXT, score),
            return_exceptions=True,
        )

    asyncio.run(scenario())

    after = stored(database, comment.id)
    assert (after.status, after.comment) in (
        (Status.PUBLISHED, FINE_TEXT),
        (Status.HELD, SPAM_TEXT),
    )


@pytest.mark.parametrize("attempt", ["edit", "withdraw"])
def test_on_two_replicas_an_author_waits_for_the_moderator_who_is_deciding(
    postgresql: str, score: Scorer, attempt: str
) -> None:
    one, two = Database(postgresql), Database(postgresql)
    for replica in (one, two):
        replica.start()
    with one.transaction() as conn:
        sites.ensure_origin(conn, "replicas", ORIGIN, NOW)
        comment = a_comment(conn, site="replicas")
    token = edit_token(SECRET, comment.id)

    async def scenario() -> object:
        with one.transaction() as conn:
            review._decide(conn, MODERATOR, approving(comment.id), NOW)
            late = asyncio.ensure_future(
                revised(two, comment.id, token, SPAM_TEXT, score)
                if attempt == "edit"
                else revise.withdraw(comment.id, token, store=two, secret=SECRET, now=NOW)
            )
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            await asyncio.to_thread(
                wait_until, lambda: bool(conn.scalar(text(waits))), "the author to wait"
            )
        return (await asyncio.gather(late, return_exceptions=True))[0]

    outcome = asyncio.run(scenario())

    after = stored(one, comment.id)
    if attempt == "edit":
        assert isinstance(outcome, EditWindowOver)
        assert (after.status, after.comment) == (Status.PUBLISHED, comment.comment)
    else:
        assert outcome is None
        assert (after.status, after.comment) == (Status.REMOVED, "")
    with one.transaction() as conn:
        shown = threads.list_published(
            conn, comment.thread_id, newest_first=False, limit=9, after=None
        )
        counted = threads.count_published(conn, "replicas", [PAGE])[PAGE]
    assert counted == len(shown)
    for replica in (one, two):
        replica.stop()


def test_a_comment_is_edited_ten_times_a_minute_at_most(
    database: Database, score: Scorer, valkey: RedisServer
) -> None:
    comment = an_open_site_with(database)
    token = edit_token(SECRET, comment.id)

    async def scenario() -> None:
        for number in range(10):
            words = f"{FINE_TEXT} {number}"
            await revised(database, comment.id, token, words, score, url=valkey.url)
        with pytest.raises(RateLimited, match="changes"):
            await revised(database, comment.id, token, SPAM_TEXT, score, url=valkey.url)

    asyncio.run(scenario())

    assert stored(database, comment.id).comment == f"{FINE_TEXT} 9"
