"""What form and author tokens, checked and counted, do to the verdict."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from service.domain import Receipt
from service.intake.challenge import issue_author_token, issue_form_token
from service.vocabulary import Code, Status
from tests.desk import Desk
from tests.factories import (
    NOW,
    ORIGIN,
    PAGE,
    SECRET,
    a_site,
    a_submission,
)
from tests.tiny_model import FINE_TEXT

Submit = Callable[..., Awaitable[Receipt]]


def _form_token(age: float = 60, page_url: str = PAGE) -> str:
    issued = NOW - timedelta(seconds=age)
    return issue_form_token(SECRET, "news", page_url, issued, nonce=f"nonce{age}")


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", Code.FORM_TOKEN_ABSENT),
        ("1.forged.token", Code.FORM_TOKEN_INVALID),
        (_form_token(page_url=f"{ORIGIN}/other"), Code.FORM_TOKEN_INVALID),
        (_form_token(age=2 * 86400), Code.FORM_TOKEN_INVALID),
        (_form_token(age=1), Code.TOO_FAST),
    ],
    ids=["absent", "forged", "of another page", "too old", "too fast"],
)
def test_what_is_wrong_with_a_form_token_is_among_the_reasons(
    open_desk: Desk, token: str, code: Code
) -> None:
    (receipt,) = open_desk.take(a_submission(comment=FINE_TEXT, form_token=token))

    status, codes = open_desk.found(receipt)
    assert code in codes
    assert status is (Status.PUBLISHED if code is Code.FORM_TOKEN_ABSENT else Status.HELD)


def test_s20_a_form_token_is_good_for_one_comment(open_desk: Desk) -> None:
    token = _form_token()

    once, twice = open_desk.take(
        a_submission(comment=FINE_TEXT, form_token=token),
        a_submission(comment=f"{FINE_TEXT} And more.", form_token=token),
    )

    assert open_desk.found(once) == (Status.PUBLISHED, {Code.SCORE_FINE})
    assert Code.FORM_TOKEN_REUSED in open_desk.found(twice)[1]


def test_only_a_proven_author_is_published_where_the_site_holds_the_others(desk: Desk) -> None:
    with desk.database.transaction() as conn:
        a_site(conn)
    token = issue_author_token(SECRET, "news", "ann@mail.example", NOW + timedelta(days=1))

    typed, proven = desk.take(
        a_submission(comment=FINE_TEXT),
        a_submission(comment=f"{FINE_TEXT} And more.", author_token=token),
    )

    assert (typed.status, proven.status) == (Status.HELD, Status.PUBLISHED)
    assert Code.FIRST_TIME_AUTHOR in desk.found(typed)[1]
