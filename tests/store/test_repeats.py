"""Repeats: which comment a submission already became."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from service.domain import Receipt
from service.errors import IdempotencyMismatch
from service.store import repeats, schema
from service.store.database import Database
from service.store.repeats import KEPT, claim, find_repeat, forget, forget_expired
from service.tokens import new_id
from service.vocabulary import Status
from tests.factories import NOW, ORIGIN, PAGE, a_comment, a_site, a_submission

_LATER = NOW + timedelta(hours=1)


def test_nothing_repeats_until_it_was_claimed(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        assert find_repeat(conn, a_submission(idempotency_key="k"), NOW) is None


def test_the_same_text_finds_the_first_comment_without_its_sender(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=Status.PUBLISHED)
        assert claim(conn, a_submission(), comment.id, NOW)

        assert find_repeat(conn, a_submission(website="https://a.example"), _LATER) == Receipt(
            comment.id, Status.PUBLISHED, PAGE, NOW, repeated=True, keyed=False
        )


@pytest.mark.parametrize(
    "changes",
    [
        {"page_url": f"{ORIGIN}/other"},
        {"name": "Bob"},
        {"email": "bob@mail.example"},
        {"comment": "Another text"},
        {"site": "blog"},
        {"parent_id": new_id(NOW)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_anything_else_is_another_comment(database: Database, changes: dict[str, object]) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
        claim(conn, a_submission(idempotency_key="k"), comment.id, NOW)

        assert find_repeat(conn, a_submission(**changes), _LATER) is None


def test_the_same_key_finds_its_comment_and_says_who_asks(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
        submission = a_submission(idempotency_key="k")
        claim(conn, submission, comment.id, NOW)
        found = find_repeat(conn, submission, _LATER)

        assert found is not None
        assert (found.id, found.keyed) == (comment.id, True)


def test_a_key_belongs_to_one_body_and_to_one_site(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
        claim(conn, a_submission(idempotency_key="k"), comment.id, NOW)

        for change in ({"comment": "Other"}, {"website": "https://a.example"}, {"name": "Bob"}):
            with pytest.raises(IdempotencyMismatch):
                find_repeat(conn, a_submission(idempotency_key="k", **change), _LATER)
        assert find_repeat(conn, a_submission(idempotency_key="k", site="blog"), _LATER) is None


def test_a_twin_that_was_faster_keeps_its_claim(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        first, second = a_comment(conn), a_comment(conn)
        submission = a_submission(idempotency_key="k")

        assert claim(conn, submission, first.id, NOW)
        assert not claim(conn, submission, second.id, NOW)
        assert not claim(conn, a_submission(), second.id, NOW)
        found = find_repeat(conn, submission, NOW)
        assert found is not None
        assert found.id == first.id


def test_after_a_day_key_and_text_are_free_again(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        first, second = a_comment(conn), a_comment(conn)
        submission = a_submission(idempotency_key="k")
        claim(conn, submission, first.id, NOW)
        just_before, expired = NOW + KEPT - timedelta(microseconds=1), NOW + KEPT

        assert find_repeat(conn, submission, just_before) is not None
        assert not claim(conn, submission, second.id, just_before)
        assert find_repeat(conn, submission, expired) is None
        assert claim(conn, a_submission(idempotency_key="k", name="Bob"), second.id, expired)


def test_a_withdrawn_comment_is_forgotten_whole(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        first, second = a_comment(conn), a_comment(conn)
        claim(conn, a_submission(idempotency_key="k"), first.id, NOW)
        claim(conn, a_submission(name="Bob"), second.id, NOW)
        forget(conn, first.id)

        assert find_repeat(conn, a_submission(idempotency_key="k"), NOW) is None
        assert find_repeat(conn, a_submission(name="Bob"), NOW) is not None


def test_only_what_has_expired_is_deleted(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
        claim(conn, a_submission(idempotency_key="k"), comment.id, NOW)
        claim(conn, a_submission(name="Bob"), comment.id, _LATER)

        assert forget_expired(conn, NOW + repeats.KEPT) == 2
        assert conn.scalar(select(func.count()).select_from(schema.repeat)) == 1
