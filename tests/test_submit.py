"""Taking comments in: a refusal leaves no trace, and doubt holds."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.domain import Receipt, Scorer
from service.errors import (
    CommentsClosed,
    DeskError,
    OriginNotAllowed,
    RateLimited,
    UnknownParent,
    UnknownSite,
)
from service.store import audit, comments, outbox, schema, sites, threads
from service.store.database import Database
from service.tokens import is_edit_token, new_id
from service.vocabulary import Code, RuleKind, Status
from tests.desk import Desk
from tests.factories import (
    NOW,
    ORIGIN,
    PAGE,
    SECRET,
    a_comment,
    a_rule,
    a_site,
    a_site_with,
    a_submission,
)
from tests.limiting import OFF
from tests.redis_server import RedisServer
from tests.tiny_model import FINE_TEXT, SPAM_TEXT

Submit = Callable[..., Awaitable[Receipt]]


# --- what is stored ---------------------------------------------------------------------------


def test_a_fine_comment_is_published_with_everything_that_follows(open_desk: Desk) -> None:
    (receipt,) = open_desk.take(a_submission(comment=FINE_TEXT))

    assert (receipt.status, receipt.page_url, receipt.created_at) == (Status.PUBLISHED, PAGE, NOW)
    assert is_edit_token(receipt.edit_token, SECRET, receipt.id)
    assert receipt.edit_until == NOW + timedelta(minutes=15)
    assert open_desk.rows() == {"comment": 1, "thread": 1, "repeat": 1, "audit": 1, "outbox": 0}
    with open_desk.database.transaction() as conn:
        (entry,) = audit.list_entries(conn, receipt.id)
        assert threads.count_published(conn, "news", [PAGE]) == {PAGE: 1}
    assert (entry.actor, entry.action, entry.to_status) == ("system", "publish", Status.PUBLISHED)
    assert entry.detail == "score-fine,form-token-absent"


def test_what_its_author_wants_by_mail_goes_into_the_outbox_with_the_comment(desk: Desk) -> None:
    with desk.database.transaction() as conn:
        a_rule(conn, RuleKind.WORD, "casino", site=a_site(conn))

    desk.take(
        a_submission(comment=FINE_TEXT, notify=True),
        a_submission(comment="A casino for all of us.", notify=True),  # rejected
        a_submission(comment="The wheat stood well, too."),
    )

    with desk.database.transaction() as conn:
        assert outbox.count_waiting(conn) == 1


def test_the_receipt_of_a_rejected_comment_says_held(desk: Desk) -> None:
    with desk.database.transaction() as conn:
        a_rule(conn, RuleKind.WORD, "casino", site=a_site(conn))

    fine, rejected = desk.take(
        a_submission(comment=FINE_TEXT), a_submission(comment=SPAM_TEXT, email="b@mail.example")
    )

    assert desk.found(rejected)[0] is Status.REJECTED
    assert rejected.status is fine.status is Status.HELD
    assert bool(rejected.edit_token) == bool(fine.edit_token)


# --- refusals ---------------------------------------------------------------------------------

REFUSALS: list[object] = [
    pytest.param({"site": "nowhere"}, ORIGIN, {}, UnknownSite, id="unknown site"),
    pytest.param({}, "https://evil.example", {}, OriginNotAllowed, id="foreign Origin header"),
    pytest.param({}, "null", {}, OriginNotAllowed, id="null origin"),
    pytest.param(
        {"page_url": "https://evil.example/a"}, ORIGIN, {}, OriginNotAllowed, id="foreign page"
    ),
    pytest.param({}, ORIGIN, {"comments": "closed"}, CommentsClosed, id="closed"),
    pytest.param({"parent_id": new_id(NOW)}, ORIGIN, {}, UnknownParent, id="unknown parent"),
]


@pytest.mark.parametrize(("changes", "origin", "settings", "error"), REFUSALS)
def test_a_refusal_stores_nothing_and_counts_nothing(
    desk: Desk,
    changes: dict[str, object],
    origin: str,
    settings: dict[str, str],
    error: type[DeskError],
) -> None:
    with desk.database.transaction() as conn:
        a_site_with(conn, {"limit.address": "3/hour"} | settings)

    async def scenario() -> None:
        async with desk.taking() as take:
            for number in range(5):
                with pytest.raises(error):
                    await take(
                        a_submission(comment=f"{FINE_TEXT} {number}", **changes), origin=origin
                    )

    asyncio.run(scenario())

    assert set(desk.rows().values()) == {0}
    with desk.database.transaction() as conn:
        sites.set_settings(conn, "news", {"comments": "open"})
    receipts = desk.take(*(a_submission(comment=f"{FINE_TEXT} {n}") for n in range(3)))
    assert len({receipt.id for receipt in receipts}) == 3  # the limit had counted none of them


def test_a_limited_submission_stores_nothing_and_does_not_look_like_a_duplicate_later(
    desk: Desk,
) -> None:
    with desk.database.transaction() as conn:
        a_site(conn, publish__unproven="score", limit__email="1/hour")

    async def scenario() -> Receipt:
        async with desk.taking() as take:
            await take(a_submission(comment="Something else about the mill in the valley."))
            for _ in range(5):
                with pytest.raises(RateLimited) as refusal:
                    await take(a_submission(comment=FINE_TEXT))
                assert refusal.value.retry_after > 0
            return await take(a_submission(comment=FINE_TEXT, email="bob@mail.example"))

    receipt = asyncio.run(scenario())

    assert desk.rows()["comment"] == 2
    assert Code.DUPLICATE not in desk.found(receipt)[1]


@pytest.mark.parametrize("status", [Status.HELD, Status.REJECTED])
def test_nobody_replies_to_what_readers_do_not_see(desk: Desk, status: Status) -> None:
    with desk.database.transaction() as conn:
        a_site(conn)
        parent = a_comment(conn, status=status)
        elsewhere = a_comment(conn, status=Status.PUBLISHED, page_url=f"{ORIGIN}/other")

    async def scenario() -> None:
        async with desk.taking() as take:
            for parent_id in (parent.id, elsewhere.id):
                with pytest.raises(UnknownParent):
                    await take(a_submission(parent_id=parent_id))

    asyncio.run(scenario())


def test_a_reply_to_a_published_comment_is_taken_in(desk: Desk) -> None:
    with desk.database.transaction() as conn:
        a_site(conn)
        parent = a_comment(conn, status=Status.PUBLISHED)

    (receipt,) = desk.take(a_submission(parent_id=parent.id, email="bob@mail.example"))

    with desk.database.transaction() as conn:
        reply = comments.find_comment(conn, receipt.id)
    assert reply is not None
    assert reply.parent_id == parent.id


def test_without_an_origin_header_the_page_decides(desk: Desk) -> None:
    with desk.database.transaction() as conn:
        a_site(conn)

    async def scenario() -> Receipt:
        async with desk.taking() as take:
            return await take(a_submission(), origin="")

    assert asyncio.run(scenario()).id


# --- doubt ------------------------------------------------------------------------------------


def test_while_redis_is_away_comments_are_taken_in_and_held(
    database: Database, tmp_path: Path, score: Scorer
) -> None:
    desk = Desk(database, f"unix://{tmp_path}/nobody.sock", score)
    with database.transaction() as conn:
        a_site(conn, publish__unproven="score")

    (receipt,) = desk.take(a_submission(comment=FINE_TEXT))

    assert receipt.status is Status.HELD
    assert desk.found(receipt) == (
        Status.HELD,
        {Code.LIMITS_DEGRADED, Code.SCORE_FINE, Code.FORM_TOKEN_ABSENT},
    )


def test_a_site_without_limits_notices_all_the_same_that_nobody_looks_for_duplicates(
    database: Database, tmp_path: Path, score: Scorer
) -> None:
    desk = Desk(database, f"unix://{tmp_path}/nobody.sock", score)
    with database.transaction() as conn:
        a_site_with(conn, OFF | {"publish.unproven": "score"})

    (receipt,) = desk.take(a_submission(comment=FINE_TEXT))

    assert receipt.status is Status.HELD
    assert Code.LIMITS_DEGRADED in desk.found(receipt)[1]


def test_without_a_model_every_comment_is_held_as_unscored(
    database: Database, valkey: RedisServer
) -> None:
    desk = Desk(database, valkey.url, lambda _submission: None)
    with database.transaction() as conn:
        a_site(conn, publish__unproven="score")

    (receipt,) = desk.take(a_submission(comment=FINE_TEXT))

    assert receipt.status is Status.HELD
    assert Code.UNSCORED in desk.found(receipt)[1]


def test_what_sells_is_held_and_what_says_something_is_published(open_desk: Desk) -> None:
    fine, spam = open_desk.take(
        a_submission(comment=FINE_TEXT), a_submission(comment=SPAM_TEXT, email="b@mail.example")
    )

    assert fine.status is Status.PUBLISHED
    assert open_desk.found(spam)[0] is Status.HELD
    assert Code.SCORE_SPAM in open_desk.found(spam)[1]


def test_the_same_text_from_many_mouths_is_held_from_the_third_on(open_desk: Desk) -> None:
    receipts = open_desk.take(
        *(a_submission(comment=FINE_TEXT, email=f"a{n}@mail.example") for n in range(4))
    )

    assert [open_desk.found(receipt)[0] for receipt in receipts] == [
        Status.PUBLISHED, Status.PUBLISHED, Status.HELD, Status.HELD,
    ]  # fmt: skip


def test_the_count_of_a_thread_equals_a_recount_after_a_crowd(open_desk: Desk) -> None:
    with open_desk.database.transaction() as conn:
        sites.set_settings(conn, "news", OFF)
    crowd = [
        a_submission(
            comment=(FINE_TEXT if n % 3 else SPAM_TEXT) + f" {n * 7919}",
            email=f"a{n}@mail.example",
            page_url=f"{ORIGIN}/{n % 4}",
        )
        for n in range(80)
    ]

    async def scenario() -> None:
        async with open_desk.taking() as take:
            await asyncio.gather(*map(take, crowd))

    asyncio.run(scenario())

    with open_desk.database.transaction() as conn:
        recount = conn.scalar(
            select(func.count())
            .select_from(schema.comment)
            .where(schema.comment.c.status == Status.PUBLISHED)
        )
        assert conn.scalar(select(func.sum(schema.thread.c.published))) == recount
    assert open_desk.rows()["comment"] == 80
