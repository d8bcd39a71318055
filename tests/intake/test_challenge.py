"""Tokens of forms and authors: bound to what they were made for, and to a time."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import Signal, Submission
from service.intake.challenge import (
    CLOCK_SKEW,
    check_bots,
    check_form_token,
    is_author_token,
    issue_author_token,
    issue_form_token,
)
from service.settings import Policy
from service.vocabulary import Code
from tests.strategies import NOW

SECRET = b"s" * 32
PAGE = "https://news.example/harvest"
POLICY = Policy.from_settings({})  # a form is good from 3 seconds to a day


def a_token(*, site: str = "news", page_url: str = PAGE, secret: bytes = SECRET) -> str:
    return issue_form_token(secret, site, page_url, NOW, "n0nce")


def code_after(seconds: float, token: str | None = None) -> Code | None:
    now = NOW + timedelta(seconds=seconds)
    signal, _nonce = check_form_token(
        a_token() if token is None else token, SECRET, "news", PAGE, now, 3, 86400
    )
    return None if signal is None else signal.code


AGES = {
    "at once": (0, Code.TOO_FAST),
    "a moment too early": (2.999, Code.TOO_FAST),
    "early enough": (3, None),
    "an hour": (3600, None),
    "the last second": (86400, None),
    "expired": (86400.001, Code.FORM_TOKEN_INVALID),
    "from a clock ahead": (-CLOCK_SKEW, None),
    "from the future": (-CLOCK_SKEW - 0.001, Code.FORM_TOKEN_INVALID),
}


@pytest.mark.parametrize(("seconds", "code"), AGES.values(), ids=AGES)
def test_a_token_is_good_for_a_while(seconds: float, code: Code | None) -> None:
    assert code_after(seconds) is code


FORGED = {
    "other page": a_token(page_url="https://news.example/other"),
    "other site": a_token(site="blog"),
    "other secret": a_token(secret=b"t" * 32),
    "later": a_token().replace("17", "18", 1),
    "other nonce": a_token().replace("n0nce", "n1nce"),
    "author's token": issue_author_token(SECRET, "news", PAGE, NOW),
    "cut": a_token()[:-1],
    "longer": a_token() + "A",
    "dots": "...",
    "surrogate": "\ud800",
    "not ASCII digits": "١٢٣.n.x",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_a_token_made_for_anything_else_is_invalid_and_counts_no_nonce(token: str) -> None:
    signal, nonce = check_form_token(token, SECRET, "news", PAGE, NOW, 0, 86400)

    assert signal is not None
    assert signal.code is Code.FORM_TOKEN_INVALID
    assert nonce == ""


def test_no_token_is_absent_not_invalid() -> None:
    assert code_after(10, token="") is Code.FORM_TOKEN_ABSENT


@given(st.text())
def test_any_text_as_token_gets_an_answer(token: str) -> None:
    assert code_after(10, token=token) in (Code.FORM_TOKEN_ABSENT, Code.FORM_TOKEN_INVALID)
    assert not is_author_token(token, SECRET, "news", "ann@news.example", NOW)


@pytest.mark.parametrize("nonce", ["", "a.b"])
def test_a_nonce_that_would_not_be_read_back_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        issue_form_token(SECRET, "news", PAGE, NOW, nonce)


def an_author(email: str, *, site: str = "news", now: datetime = NOW) -> bool:
    token = issue_author_token(SECRET, "news", "Ann@news.example", NOW + timedelta(days=30))
    return is_author_token(token, SECRET, site, email, now)


def test_an_authors_token_proves_one_address_on_one_site_until_it_ends() -> None:
    assert an_author("Ann@news.example")
    assert an_author("ann@NEWS.example")
    assert not an_author("eve@news.example")
    assert not an_author("Ann@news.example", site="blog")
    assert not an_author("Ann@news.example", now=NOW + timedelta(days=30))


def a_submission(*, form_token: str = "", author_token: str = "") -> Submission:
    return Submission(
        site="news",
        page_url=PAGE,
        name="Ann",
        email="ann@news.example",
        comment="Hi",
        form_token=form_token,
        author_token=author_token,
    )


def test_a_good_form_leaves_its_nonce_and_no_signal() -> None:
    now = NOW + timedelta(seconds=40)

    checked = check_bots(a_submission(form_token=a_token()), POLICY, SECRET, now)

    assert checked.token_nonce == "n0nce"
    assert checked.signals == ()
    assert not checked.author_proven


def test_what_speaks_against_a_form_joins_what_was_seen_before() -> None:
    filled = a_submission(form_token=a_token()).with_signals(Signal(Code.HONEYPOT_FILLED))

    checked = check_bots(filled, POLICY, SECRET, NOW)

    assert [signal.code for signal in checked.signals] == [Code.HONEYPOT_FILLED, Code.TOO_FAST]
    assert checked.token_nonce == "n0nce"


def test_only_the_authors_own_token_proves_the_author() -> None:
    until = NOW + timedelta(days=1)
    own = issue_author_token(SECRET, "news", "ann@news.example", until)
    other = issue_author_token(SECRET, "news", "eve@news.example", until)

    assert check_bots(a_submission(author_token=own), POLICY, SECRET, NOW).author_proven
    assert not check_bots(a_submission(author_token=other), POLICY, SECRET, NOW).author_proven
