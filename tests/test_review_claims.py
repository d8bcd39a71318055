"""Claims, and what an open desk learns of its comments."""

import asyncio
from datetime import timedelta

from service import review
from service.domain import Conflict
from service.persons import Actor
from service.store.database import Database
from service.store.filters import Filter
from service.store.queue import LEASE
from service.tokens import new_id
from service.vocabulary import Role, Status
from tests.factories import (
    ADMIN,
    MODERATOR,
    NOW,
    VIEWER,
    a_comment,
    a_site,
    approving,
    rejecting,
    some_comments,
)

EVERYTHING = Filter(None)
EVA = Actor("eva", {None: Role.MODERATOR})


def test_many_claim_at_once_and_nobody_gets_what_another_has(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 40)
    moderators = [Actor(f"m{n}", {None: Role.MODERATOR}) for n in range(8)]

    async def scenario() -> list[str]:
        claims = await asyncio.gather(
            *(review.claim(actor, 5, store=database, now=NOW) for actor in moderators)
        )
        return [item.comment.id for items in claims for item in items]

    assert sorted(asyncio.run(scenario())) == ids


def test_a_claim_is_released_by_its_holder_or_by_time_and_deciding_needs_none(
    database: Database,
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 2)

    async def scenario() -> None:
        await review.claim(MODERATOR, 2, store=database, now=NOW)
        assert await review.claim(EVA, 2, store=database, now=NOW) == []
        assert await review.release(EVA, ids, store=database) == 0
        assert await review.release(MODERATOR, ids[:1], store=database) == 1
        free = await review.claim(EVA, 2, store=database, now=NOW)
        assert [item.comment.id for item in free] == ids[:1]
        later = NOW + LEASE + timedelta(seconds=1)
        assert len(await review.claim(ADMIN, 2, store=database, now=later)) == 2
        decided = await review.decide(EVA, approving(*ids), store=database, now=later)
        assert decided.changed == tuple(ids)

    asyncio.run(scenario())


def test_claims_of_comments_by_name_take_what_is_free_and_end_with_a_lease_of_their_own(
    database: Database,
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 3)
    lease = timedelta(seconds=20)

    async def scenario() -> None:
        await review.claim(EVA, 1, ids=ids[1:2], store=database, now=NOW)
        taken = await review.claim(MODERATOR, 9, ids=ids[:2], lease=lease, store=database, now=NOW)
        assert [item.comment.id for item in taken] == ids[:1]
        seen = await review.look_again(VIEWER, EVERYTHING, ids, None, store=database, now=NOW)
        assert [standing.claimed_by for standing in seen.standings] == ["max", "eva", ""]
        seen = await review.look_again(
            VIEWER, EVERYTHING, ids, None, store=database, now=NOW + lease
        )
        assert [standing.claimed_by for standing in seen.standings] == ["", "eva", ""]
        taken = await review.claim(ADMIN, 9, ids=ids, store=database, now=NOW + lease)
        assert [item.comment.id for item in taken] == [ids[0], ids[2]]

    asyncio.run(scenario())


def test_who_looks_again_learns_who_decided_and_how_many_came_in_since(
    database: Database,
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        blog = a_site(conn, "blog")
        ids = some_comments(conn, 4)
        foreign = a_comment(conn, site="blog")
    of_news = Actor("nora", {blog.id - 1: Role.VIEWER})

    async def scenario() -> review.Watched:
        await review.decide(EVA, rejecting(ids[1]), store=database, now=NOW)
        shown = [*ids[:2], foreign.id, new_id(NOW)]
        return await review.look_again(of_news, EVERYTHING, shown, ids[1], store=database, now=NOW)

    seen = asyncio.run(scenario())

    assert (seen.waiting, seen.newer) == (3, 2)
    assert [(s.id, s.status, s.version, s.by) for s in seen.standings] == [
        (ids[0], Status.HELD, 1, ""),
        (ids[1], Status.REJECTED, 2, "eva"),
    ]


# --- what the desk shows ----------------------------------------------------------------------


def test_a_clock_that_was_set_back_keeps_no_claim_for_longer_than_a_lease(
    database: Database,
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        some_comments(conn, 2)

    async def scenario() -> list[int]:
        await review.claim(MODERATOR, 2, store=database, now=NOW + timedelta(hours=1))
        shortly_before = NOW + timedelta(hours=1) - LEASE / 2
        return [
            len(await review.claim(EVA, 2, store=database, now=now))
            for now in (shortly_before, NOW)
        ]

    assert asyncio.run(scenario()) == [0, 2]


def test_an_item_comes_with_its_author_s_other_comments_by_status(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        a_comment(conn, status=Status.PUBLISHED)
        held = a_comment(conn)

    (item,) = asyncio.run(review.list_queue(VIEWER, EVERYTHING, store=database))

    assert (item.comment.id, item.author) == (held.id, {"published": 1, "held": 1})


def test_an_id_nobody_ever_saw_is_a_conflict_without_a_status(database: Database) -> None:
    unknown = new_id(NOW)

    result = asyncio.run(review.decide(ADMIN, approving(unknown), store=database, now=NOW))

    assert (result.decision_id, result.conflicts) == ("", (Conflict(unknown, None, ""),))
