"""Taking comments in twice: a retry is one comment with one answer (R14, R15)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from service.domain import Receipt
from service.errors import (
    IdempotencyMismatch,
    RateLimited,
)
from service.store import sites
from service.store.database import Database
from service.tokens import new_id
from tests.desk import Desk
from tests.factories import (
    NOW,
    ORIGIN,
    a_site,
    a_site_with,
    a_submission,
)
from tests.limiting import OFF
from tests.redis_server import RedisServer
from tests.tiny_model import FINE_TEXT

Submit = Callable[..., Awaitable[Receipt]]


def test_s19_twenty_at_once_with_one_key_are_one_comment_with_equal_answers(
    open_desk: Desk,
) -> None:
    submission = a_submission(comment=FINE_TEXT, idempotency_key="double-click")

    async def scenario() -> list[Receipt]:
        async with open_desk.taking() as take:
            return await asyncio.gather(*(take(submission) for _ in range(20)))

    receipts = asyncio.run(scenario())

    answers = {(r.id, r.status, r.edit_token, r.edit_until) for r in receipts}
    assert len(answers) == 1
    assert receipts[0].edit_token
    assert open_desk.rows() == {"comment": 1, "thread": 1, "repeat": 2, "audit": 1, "outbox": 0}


def test_twenty_at_once_without_a_key_are_one_comment_and_one_token(open_desk: Desk) -> None:
    async def scenario() -> list[Receipt]:
        async with open_desk.taking() as take:
            return await asyncio.gather(*(take(a_submission(comment=FINE_TEXT)) for _ in range(20)))

    with open_desk.database.transaction() as conn:
        sites.set_settings(conn, "news", OFF)
    receipts = asyncio.run(scenario())

    assert len({receipt.id for receipt in receipts}) == 1
    assert sum(bool(receipt.edit_token) for receipt in receipts) == 1
    assert open_desk.rows()["comment"] == 1


def test_two_replicas_with_one_key_store_one_comment(postgresql: str, valkey: RedisServer) -> None:
    one, two = Database(postgresql), Database(postgresql)
    for replica in (one, two):
        replica.start()
    key = new_id(NOW)
    with one.transaction() as conn:
        sites.ensure_origin(conn, "replicas", ORIGIN, NOW)

    async def scenario() -> list[Receipt]:
        desks = [Desk(replica, valkey.url, lambda _: None) for replica in (one, two)]
        async with desks[0].taking() as first, desks[1].taking() as second:
            return await asyncio.gather(
                *(
                    take(a_submission(site="replicas", comment=key, idempotency_key=key))
                    for _ in range(10)
                    for take in (first, second)
                )
            )

    receipts = asyncio.run(scenario())
    for replica in (one, two):
        replica.stop()

    assert len({(receipt.id, receipt.edit_token) for receipt in receipts}) == 1


def test_a_keyed_retry_gets_the_first_answer_and_is_not_limited(desk: Desk) -> None:
    with desk.database.transaction() as conn:
        a_site(conn, limit__address="1/hour")
    submission = a_submission(idempotency_key="k")

    first, *retries = desk.take(*[submission] * 4, now=NOW)

    for retry in retries:
        assert (retry.id, retry.edit_token, retry.edit_until) == (
            first.id,
            first.edit_token,
            first.edit_until,
        )


def test_a_key_used_with_another_body_is_refused(desk: Desk) -> None:
    with desk.database.transaction() as conn:
        a_site(conn)

    async def scenario() -> None:
        async with desk.taking() as take:
            await take(a_submission(idempotency_key="k"))
            with pytest.raises(IdempotencyMismatch):
                await take(a_submission(idempotency_key="k", comment="Another text"))

    asyncio.run(scenario())
    assert desk.rows()["comment"] == 1


def test_of_two_bodies_racing_for_one_key_one_is_refused_and_leaves_nothing(desk: Desk) -> None:
    with desk.database.transaction() as conn:
        a_site_with(conn, OFF)

    async def scenario() -> list[Receipt | BaseException]:
        async with desk.taking() as take:
            return await asyncio.gather(
                *(take(a_submission(idempotency_key="k", comment=f"Text {n}")) for n in range(10)),
                return_exceptions=True,
            )

    outcomes = asyncio.run(scenario())

    assert sum(isinstance(outcome, Receipt) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, IdempotencyMismatch) for outcome in outcomes) == 9
    assert desk.rows() == {"comment": 1, "thread": 1, "repeat": 2, "audit": 1, "outbox": 0}
    receipts = desk.take(*(a_submission(comment=f"Text {n}") for n in range(10)))
    assert len({receipt.id for receipt in receipts}) == 10  # nobody's text was taken for a repeat


def test_a_key_may_be_used_again_after_a_day(desk: Desk) -> None:
    with desk.database.transaction() as conn:
        a_site(conn)

    (first,) = desk.take(a_submission(idempotency_key="k"))
    (second,) = desk.take(
        a_submission(idempotency_key="k", comment="Another text"), now=NOW + timedelta(hours=24)
    )

    assert second.id != first.id


def test_the_identical_comment_again_is_the_first_one_without_a_token(desk: Desk) -> None:
    with desk.database.transaction() as conn:
        a_site(conn)

    first, again = desk.take(a_submission(), a_submission())
    (next_day,) = desk.take(a_submission(), now=NOW + timedelta(days=1))

    assert again.id == first.id
    assert (again.status, again.edit_token, again.edit_until) == (first.status, "", None)
    assert next_day.id != first.id
    assert desk.rows()["comment"] == 2


def test_repeating_somebody_s_comment_counts_so_that_nobody_guesses_addresses(
    desk: Desk, database: Database
) -> None:
    with database.transaction() as conn:
        a_site_with(conn, {"limit.address": "2/hour", "limit.email": "off"})
    desk.take(a_submission(), a_submission())

    with pytest.raises(RateLimited):
        desk.take(a_submission())
