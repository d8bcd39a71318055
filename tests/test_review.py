"""What moderators do, by role and site, and when two of them do it at once."""

import asyncio

import pytest
from sqlalchemy import text

from service import review, tally
from service.domain import Conflict
from service.errors import Forbidden, InvalidSubmission, NotFound
from service.persons import Actor
from service.store import audit, comments, sites, threads
from service.store.database import Database
from service.store.filters import Filter
from service.vocabulary import Reason, Role, Status
from tests.factories import (
    MODERATOR,
    NOW,
    PAGE,
    a_comment,
    a_site,
    approving,
    rejecting,
    some_comments,
)
from tests.redis_server import wait_until

EVERYTHING = Filter(None)
EVA = Actor("eva", {None: Role.MODERATOR})


def on(site_id: int, role: Role = Role.MODERATOR) -> Actor:
    return Actor("sam", {site_id: role})


def status_of(database: Database, comment_id: str) -> Status:
    with database.transaction() as conn:
        comment = comments.find_comment(conn, comment_id)
    assert comment is not None
    return comment.status


# --- who reaches what (S13, S30) --------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_a_role_on_one_site_reaches_that_site_and_no_other(database: Database, role: Role) -> None:
    with database.transaction() as conn:
        news, blog = a_site(conn), a_site(conn, "blog")
        mine, foreign = a_comment(conn), a_comment(conn, site="blog")
    actor = on(news.id, role)

    async def scenario() -> None:
        listed = await review.list_queue(actor, EVERYTHING, store=database)
        assert [item.comment.id for item in listed] == [mine.id]
        stats = await tally.read_stats(actor, store=database, now=NOW)
        assert stats.waiting == 1
        assert (await review.read_comment(actor, mine.id, store=database))[0].comment == mine
        with pytest.raises(NotFound):
            await review.read_comment(actor, foreign.id, store=database)
        claimed = await review.claim(actor, 9, store=database, now=NOW)
        decided = await review.decide(
            actor, approving(mine.id, foreign.id), store=database, now=NOW
        )

        may = role.includes(Role.MODERATOR)
        assert [item.comment.id for item in claimed] == ([mine.id] if may else [])
        assert decided.changed == ((mine.id,) if may else ())
        assert Conflict(foreign.id, None, "") in decided.conflicts

    asyncio.run(scenario())
    assert status_of(database, foreign.id) is Status.HELD
    assert blog.id != news.id


def test_a_foreign_site_is_forbidden_and_an_unknown_one_not_found_in_the_same_words(
    database: Database,
) -> None:
    with database.transaction() as conn:
        news = a_site(conn)
        a_site(conn, "blog")

    async def scenario() -> list[str]:
        told = []
        for key, error in (("blog", Forbidden), ("nowhere", NotFound)):
            with pytest.raises(error) as refusal:
                await review.list_queue(on(news.id), Filter(None, site_key=key), store=database)
            told.append(refusal.value.detail)
        return told

    foreign, unknown = asyncio.run(scenario())
    assert foreign == unknown


def test_whoever_has_no_site_sees_nothing_rather_than_everything(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        a_comment(conn)
    nobody = Actor("nobody", {})

    async def scenario() -> None:
        assert await review.list_queue(nobody, EVERYTHING, store=database) == []
        assert await review.claim(nobody, 9, store=database, now=NOW) == []
        assert (await tally.read_stats(nobody, store=database, now=NOW)).waiting == 0

    asyncio.run(scenario())


# --- deciding ---------------------------------------------------------------------------------


def test_a_decision_moves_each_comment_with_its_audit_entry_and_the_count(
    database: Database,
) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        ids = some_comments(conn, 3)

    result = asyncio.run(
        review.decide(MODERATOR, approving(*ids, *ids, note="fine"), store=database, now=NOW)
    )

    assert result.changed == tuple(ids)
    with database.transaction() as conn:
        thread = threads.find_thread(conn, site.id, PAGE)
        assert thread is not None
        assert thread.published == 3
        for comment_id in ids:
            comment = comments.find_comment(conn, comment_id)
            assert comment is not None
            assert (comment.status, comment.decision_id) == (Status.PUBLISHED, result.decision_id)
            last = audit.list_entries(conn, comment_id)[-1]
            assert (last.actor, last.action, last.detail) == ("max", "approve", "fine")


def test_a_rejection_says_why(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
    decision = rejecting(comment.id, reason=Reason.ABUSE, note="the last line")

    asyncio.run(review.decide(MODERATOR, decision, store=database, now=NOW))

    with database.transaction() as conn:
        assert audit.list_entries(conn, comment.id)[-1].detail == "abuse: the last line"


def test_there_is_no_reason_to_approve(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
    decision = rejecting(comment.id)
    odd = type(decision)(decision.ids, approving().choice, Reason.SPAM)

    with pytest.raises(InvalidSubmission) as refusal:
        asyncio.run(review.decide(MODERATOR, odd, store=database, now=NOW))

    assert [error.field for error in refusal.value.errors] == ["reason"]
    assert status_of(database, comment.id) is Status.HELD


def test_a_stale_version_is_a_conflict_that_names_who_was_faster(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        one, two = some_comments(conn, 2)
    seen = {one: 1, two: 1}

    async def scenario() -> None:
        await review.decide(EVA, rejecting(one, versions=seen), store=database, now=NOW)
        late = await review.decide(
            MODERATOR, approving(one, two, versions=seen), store=database, now=NOW
        )

        assert late.changed == (two,)
        assert late.conflicts == (Conflict(one, Status.REJECTED, "eva"),)

    asyncio.run(scenario())
    assert status_of(database, one) is Status.REJECTED


def test_the_same_choice_twice_is_a_conflict_and_another_one_is_not(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)

    async def scenario() -> None:
        for decision, changes in (
            (approving(comment.id), True),
            (approving(comment.id), False),
            (rejecting(comment.id), True),
        ):
            result = await review.decide(MODERATOR, decision, store=database, now=NOW)
            assert bool(result.changed) == changes
            assert bool(result.decision_id) == changes

    asyncio.run(scenario())


def test_what_the_machine_published_can_be_confirmed_and_what_is_removed_stays_so(
    database: Database,
) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        published, removed = a_comment(conn, status=Status.PUBLISHED), a_comment(conn)
        comments.change_status(
            conn, removed, Status.REMOVED, actor="author", action="withdraw", now=NOW
        )

    result = asyncio.run(
        review.decide(MODERATOR, approving(published.id, removed.id), store=database, now=NOW)
    )

    assert result.changed == (published.id,)
    assert result.conflicts == (Conflict(removed.id, Status.REMOVED, ""),)
    with database.transaction() as conn:
        thread = threads.find_thread(conn, site.id, PAGE)
    assert thread is not None
    assert thread.published == 1


def test_of_two_moderators_at_once_one_wins_and_the_other_learns_of_it(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 20)
    seen = dict.fromkeys(ids, 1)

    async def scenario() -> None:
        one, two = await asyncio.gather(
            review.decide(MODERATOR, approving(*ids, versions=seen), store=database, now=NOW),
            review.decide(EVA, rejecting(*ids, versions=seen), store=database, now=NOW),
        )
        won, lost = (one, two) if one.changed else (two, one)

        assert won.changed == tuple(ids)
        assert lost.changed == ()
        assert {(c.id, c.by) for c in lost.conflicts} == {
            (id_, "max" if won is one else "eva") for id_ in ids
        }

    asyncio.run(scenario())
    with database.transaction() as conn:
        assert {len(audit.list_entries(conn, id_)) for id_ in ids} == {2}


def test_on_two_replicas_the_slower_moderator_waits_and_then_learns_who_decided(
    postgresql: str,
) -> None:
    one, two = Database(postgresql), Database(postgresql)
    for replica in (one, two):
        replica.start()
    with one.transaction() as conn:
        sites.ensure_origin(conn, "replicas", "https://news.example", NOW)
        comment = a_comment(conn, site="replicas")

    async def scenario() -> None:
        with one.transaction() as conn:
            review._decide(conn, EVA, rejecting(comment.id), NOW)
            late = asyncio.ensure_future(
                review.decide(
                    MODERATOR, approving(comment.id, versions={comment.id: 1}), store=two, now=NOW
                )
            )
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            await asyncio.to_thread(
                wait_until, lambda: bool(conn.scalar(text(waits))), "the other replica to wait"
            )
        assert (await late).conflicts == (Conflict(comment.id, Status.REJECTED, "eva"),)

    asyncio.run(scenario())
    for replica in (one, two):
        replica.stop()
