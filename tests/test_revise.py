"""What an edit token opens (S21, S22), for how long, and what becomes of an edit."""

import asyncio
from datetime import datetime, timedelta

import pytest

from service import read, review, revise
from service.domain import Comment, Receipt, Scorer, Signal
from service.errors import DeskError, EditWindowOver, Forbidden, NotFound, Unauthorized
from service.store import audit, comments, repeats, rules, schema, sites, threads
from service.store.database import Database
from service.tokens import edit_token, new_id
from service.vocabulary import Code, RuleKind, Status
from tests.factories import (
    MODERATOR,
    NOW,
    PAGE,
    SECRET,
    a_comment,
    a_rule,
    a_site,
    a_submission,
    approving,
    rejecting,
)
from tests.limiting import limiting
from tests.tiny_model import FINE_TEXT, SPAM_TEXT


async def revised(
    database: Database, comment_id: str, token: str, words: str, score: Scorer,
    now: datetime = NOW, *, url: str = "unix:///nowhere",
) -> Receipt:  # fmt: skip
    """An edit with a limiter of its own; without Redis, it counts in this process."""
    async with limiting(url) as limits:
        return await revise.edit(
            comment_id, token, words, store=database, limits=limits, score=score, secret=SECRET,
            now=now,
        )  # fmt: skip


def edit(
    database: Database, comment_id: str, token: str, words: str, score: Scorer,
    now: datetime = NOW,
) -> Receipt:  # fmt: skip
    return asyncio.run(revised(database, comment_id, token, words, score, now))


def withdraw(database: Database, comment_id: str, token: str, now: datetime = NOW) -> None:
    asyncio.run(revise.withdraw(comment_id, token, store=database, secret=SECRET, now=now))


def an_open_site_with(database: Database, **changes: object) -> Comment:
    """A comment on a site that lets the score decide."""
    with database.transaction() as conn:
        a_site(conn, publish__unproven="score")
        return a_comment(conn, **{"comment": FINE_TEXT, **changes})  # type: ignore[arg-type]


def stored(database: Database, comment_id: str) -> Comment:
    with database.transaction() as conn:
        comment = comments.find_comment(conn, comment_id)
    assert comment is not None
    return comment


def test_a_fine_edit_of_a_published_comment_stays_published(
    database: Database, score: Scorer
) -> None:
    comment = an_open_site_with(database, status=Status.PUBLISHED)
    token = edit_token(SECRET, comment.id)

    receipt = edit(database, comment.id, token, f"{FINE_TEXT} *Indeed.*", score)

    assert (receipt.status, receipt.edit_token) == (Status.PUBLISHED, token)
    after = stored(database, comment.id)
    assert (after.comment, after.edited_at, after.version) == (f"{FINE_TEXT} *Indeed.*", NOW, 2)
    page = asyncio.run(read.read_page("news", PAGE, store=database))
    assert "<em>Indeed.</em>" in page.comments[0].html


def test_an_edit_goes_through_the_verdict_again(database: Database, score: Scorer) -> None:
    comment = an_open_site_with(database, status=Status.PUBLISHED)

    receipt = edit(database, comment.id, edit_token(SECRET, comment.id), SPAM_TEXT, score)

    assert receipt.status is Status.HELD
    after = stored(database, comment.id)
    assert after.status is Status.HELD
    assert Code.SCORE_SPAM in {reason.code for reason in after.reasons}
    with database.transaction() as conn:
        assert threads.count_published(conn, "news", [PAGE]) == {PAGE: 0}
        last = audit.list_entries(conn, comment.id)[-1]
    assert (last.actor, last.action) == ("author", "edit")


@pytest.mark.parametrize("status", [Status.HELD, Status.REJECTED])
def test_an_edit_is_no_way_round_a_hold_or_a_rejection(
    database: Database, score: Scorer, status: Status
) -> None:
    comment = an_open_site_with(database, status=status)

    receipt = edit(database, comment.id, edit_token(SECRET, comment.id), f"{FINE_TEXT} x", score)

    assert receipt.status is Status.HELD  # a rejected one is told the same
    assert stored(database, comment.id).status is status


def test_an_edit_that_meets_a_rule_is_rejected_and_counted(
    database: Database, score: Scorer
) -> None:
    comment = an_open_site_with(database, status=Status.PUBLISHED)
    with database.transaction() as conn:
        rule = a_rule(conn, RuleKind.WORD, "oats")

    receipt = edit(database, comment.id, edit_token(SECRET, comment.id), "Oats, too.", score)

    assert receipt.status is Status.HELD
    assert stored(database, comment.id).status is Status.REJECTED
    with database.transaction() as conn:
        after = rules.find(conn, rule.id)
    assert after is not None
    assert after.hits == 1


def test_without_a_model_an_edit_is_held(database: Database) -> None:
    comment = an_open_site_with(database, status=Status.PUBLISHED)

    edit(database, comment.id, edit_token(SECRET, comment.id), "Another text", lambda _: None)

    assert stored(database, comment.id).status is Status.HELD


def test_the_same_text_changes_nothing(database: Database, score: Scorer) -> None:
    comment = an_open_site_with(database, status=Status.PUBLISHED)

    edit(database, comment.id, edit_token(SECRET, comment.id), FINE_TEXT, score)

    assert stored(database, comment.id) == comment


@pytest.mark.parametrize("attempt", ["edit", "withdraw"])
@pytest.mark.parametrize(
    ("token", "error"),
    [
        (lambda own, other: edit_token(SECRET, other), Forbidden),
        (lambda own, other: edit_token(b"x" * 32, own), Forbidden),
        (lambda own, other: edit_token(SECRET, own)[:-1], Forbidden),
        (lambda own, other: f"{own}.{edit_token(SECRET, other).partition('.')[2]}", Forbidden),
        (lambda own, other: "", Unauthorized),
        (lambda own, other: "\ud800.ö", Forbidden),
    ],
    ids=["of another comment", "another secret", "cut", "mixed", "none", "not text"],
)
def test_only_the_comment_s_own_token_opens_it(
    database: Database, score: Scorer, attempt: str, token: object, error: type[DeskError]
) -> None:
    comment = an_open_site_with(database)
    other = new_id(NOW)
    forged = token(comment.id, other)  # type: ignore[operator]

    def attack() -> None:
        if attempt == "edit":
            edit(database, comment.id, forged, "Mine now", score)
        else:
            withdraw(database, comment.id, forged)

    with pytest.raises(error):
        attack()
    assert stored(database, comment.id) == comment


def test_a_token_is_good_for_the_edit_window_of_the_site(database: Database, score: Scorer) -> None:
    comment = an_open_site_with(database, status=Status.PUBLISHED)
    token = edit_token(SECRET, comment.id)

    edit(database, comment.id, token, f"{FINE_TEXT} 1", score, NOW + timedelta(minutes=15))
    late = NOW + timedelta(minutes=15, seconds=1)
    with pytest.raises(EditWindowOver):
        edit(database, comment.id, token, f"{FINE_TEXT} 2", score, late)
    with pytest.raises(EditWindowOver):
        withdraw(database, comment.id, token, late)

    with database.transaction() as conn:
        sites.set_settings(conn, "news", {"edit.window": "1h"})
    assert edit(database, comment.id, token, f"{FINE_TEXT} 3", score, late).status


@pytest.mark.parametrize("decision", [approving, rejecting])
@pytest.mark.parametrize("words", ["Another text", FINE_TEXT], ids=["changed", "the same"])
def test_once_a_moderator_has_decided_the_text_stands(
    database: Database, score: Scorer, decision: object, words: str
) -> None:
    comment = an_open_site_with(database)
    made = decision(comment.id)  # type: ignore[operator]
    asyncio.run(review.decide(MODERATOR, made, store=database, now=NOW))
    decided = stored(database, comment.id)

    with pytest.raises(EditWindowOver):
        edit(database, comment.id, edit_token(SECRET, comment.id), words, score)
    assert stored(database, comment.id) == decided


def test_withdrawing_erases_the_person_and_keeps_the_place(
    database: Database, score: Scorer
) -> None:
    comment = an_open_site_with(database, status=Status.PUBLISHED, website="https://ann.example")
    token = edit_token(SECRET, comment.id)
    with database.transaction() as conn:
        reply = a_comment(
            conn, parent_id=comment.id, status=Status.PUBLISHED, email="bob@mail.example"
        )
        repeats.claim(conn, a_submission(comment=FINE_TEXT), comment.id, NOW)

    withdraw(database, comment.id, token)

    with database.transaction() as conn:
        row = conn.execute(schema.comment.select().where(schema.comment.c.id == comment.id)).one()
        assert threads.count_published(conn, "news", [PAGE]) == {PAGE: 1}
        assert repeats.find_repeat(conn, a_submission(comment=FINE_TEXT), NOW) is None
        last = audit.list_entries(conn, comment.id)[-1]
    gone = {comment.name, comment.email, comment.website, comment.comment, comment.address}
    assert gone.isdisjoint(map(str, row))
    assert (last.actor, last.action, last.to_status) == ("author", "withdraw", Status.REMOVED)
    assert stored(database, reply.id).parent_id == comment.id
    for again in (
        lambda: withdraw(database, comment.id, token),
        lambda: edit(database, comment.id, token, "Back", score),
    ):
        with pytest.raises(NotFound):
            again()


def test_an_edit_keeps_why_the_comment_was_held(database: Database, score: Scorer) -> None:
    comment = an_open_site_with(database, reasons=(Signal(Code.TOO_FAST), Signal(Code.SCORE_FINE)))

    edit(database, comment.id, edit_token(SECRET, comment.id), f"{FINE_TEXT} Yes.", score)

    codes = [reason.code for reason in stored(database, comment.id).reasons]
    assert (codes[0], codes[-1]) == (Code.TOO_FAST, Code.EDITED)


def test_a_comment_being_edited_is_no_part_of_its_author_s_history(
    database: Database, score: Scorer
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)

    edit(database, comment.id, edit_token(SECRET, comment.id), f"{FINE_TEXT} Yes.", score)

    codes = {reason.code for reason in stored(database, comment.id).reasons}
    assert Code.FIRST_TIME_AUTHOR in codes
    assert Code.UNPROVEN_AUTHOR not in codes


def test_what_a_moderator_rejected_stays_on_its_author_s_record(
    database: Database, score: Scorer
) -> None:
    comment = an_open_site_with(database)
    asyncio.run(review.decide(MODERATOR, rejecting(comment.id), store=database, now=NOW))

    with pytest.raises(EditWindowOver):
        withdraw(database, comment.id, edit_token(SECRET, comment.id))

    assert stored(database, comment.id).email == comment.email
