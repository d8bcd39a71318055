"""The numbers that the desk shows."""

import asyncio
from datetime import timedelta

import pytest

from service import review, tally
from service.store.database import Database
from service.vocabulary import Reason
from tests.factories import (
    ADMIN,
    FINE,
    MODERATOR,
    NOW,
    SPAM,
    VIEWER,
    a_comment,
    a_site,
    approving,
    rejecting,
)


def test_the_numbers_say_what_waits_and_how_far_people_and_model_agree(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        fine, spam, missed, rude = (
            a_comment(conn, score=score) for score in (FINE, SPAM, FINE, FINE)
        )
        a_comment(conn, now=NOW - timedelta(hours=3))

    async def scenario() -> tally.Stats:
        for decision in (
            approving(fine.id),
            rejecting(spam.id),
            rejecting(missed.id),
            rejecting(rude.id, reason=Reason.ABUSE),  # says nothing of spam
        ):
            await review.decide(MODERATOR, decision, store=database, now=NOW)
        return await tally.read_stats(VIEWER, store=database, now=NOW)

    stats = asyncio.run(scenario())

    assert (stats.waiting, stats.oldest) == (1, NOW - timedelta(hours=3))
    assert stats.decided_today == 4
    assert stats.agreement == pytest.approx(2 / 3)
    assert stats.compared == 3


def test_nobody_agreed_on_anything_yet(database: Database) -> None:
    stats = asyncio.run(tally.read_stats(ADMIN, store=database, now=NOW))

    assert stats == tally.Stats(0, None, 0, None, 0, {})
