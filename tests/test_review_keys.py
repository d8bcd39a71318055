"""Decisions that are sent again with their key: made once, answered alike."""

import asyncio

import pytest
from msgspec.structs import replace

from service import review
from service.domain import DecisionResult
from service.errors import IdempotencyMismatch
from service.persons import Actor
from service.store.database import Database
from service.vocabulary import Reason, Role, Status
from tests.factories import MODERATOR, NOW, a_site, approving, rejecting, some_comments

EVA = Actor("eva", {None: Role.MODERATOR})


def test_a_decision_sent_again_with_its_key_is_made_once_and_has_the_same_answer(
    database: Database,
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 3)
    decision = replace(rejecting(*ids, versions={ids[2]: 9}), key="k1")

    async def scenario() -> list[DecisionResult]:
        at_once = await asyncio.gather(
            *(review.decide(MODERATOR, decision, store=database, now=NOW) for _ in range(5))
        )
        _item, entries = await review.read_comment(MODERATOR, ids[0], store=database)
        assert [entry.action for entry in entries] == ["hold", "reject"]
        return at_once

    results = asyncio.run(scenario())

    assert results == results[:1] * 5
    assert results[0].changed == tuple(ids[:2])
    assert [(c.id, c.status) for c in results[0].conflicts] == [(ids[2], Status.HELD)]


def test_a_key_is_its_actor_s_own_and_of_one_decision_only(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 3)

    async def scenario() -> None:
        first = replace(approving(ids[0]), key="k1")
        mine = await review.decide(MODERATOR, first, store=database, now=NOW)
        others = replace(approving(ids[1]), key="k1")
        theirs = await review.decide(EVA, others, store=database, now=NOW)
        assert (mine.changed, theirs.changed) == ((ids[0],), (ids[1],))
        for another in (others, replace(rejecting(ids[0]), key="k1")):
            with pytest.raises(IdempotencyMismatch):
                await review.decide(MODERATOR, another, store=database, now=NOW)
        reason = replace(rejecting(ids[2], reason=Reason.ABUSE), key="k2")
        await review.decide(MODERATOR, reason, store=database, now=NOW)
        with pytest.raises(IdempotencyMismatch):
            await review.decide(
                MODERATOR, replace(reason, reason=Reason.OTHER), store=database, now=NOW
            )

    asyncio.run(scenario())
