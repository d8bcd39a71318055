"""Filled-in pages: forms with errors, policies, threads put in order."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import Site
from service.errors import (
    CommentsClosed,
    FieldError,
    InvalidSubmission,
    RateLimited,
    Unavailable,
)
from service.read import PublicComment
from service.settings import Policy
from service.web.pages import Pages, article_of, coded, in_place, policy
from service.web.problems import Problem

PAGES = Pages("https://comments.example/desk-prefix")
NEWS = ("https://news.example",)
SITE = Site(1, "news", "News", NEWS, Policy.from_settings({}), 1)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TYPED = {
    "site": "news",
    "page_url": "https://news.example/a",
    "page_title": "The <harvest>",
    "comment": "Two\nlines & </textarea>",
    "name": '"Ann"',
    "email": "ann",
    "website": "",
    "form_token": "1.2.3",
    "url2": "",
    "unknown": "kept nowhere",
}


def a_public_comment(number: int, parent: int | None = None) -> PublicComment:
    parent_id = None if parent is None else str(parent)
    return PublicComment(str(number), parent_id, f"N{number}", "", "<p>x</p>", "", NOW, None)


def body_of(response: object) -> str:
    return bytes(response.body).decode()  # type: ignore[attr-defined]


def test_a_form_with_errors_keeps_everything_and_says_what_is_wrong_where() -> None:
    errors = [
        FieldError("email", "invalid-email", "Please enter a complete e-mail address."),
        FieldError("page_title", "too-long", "The page's title is too long."),
    ]

    page = PAGES.form(TYPED, SITE, InvalidSubmission(errors))
    body = body_of(page)

    assert page.status_code == 422
    assert "Two\nlines &amp; &lt;/textarea&gt;</textarea>" in body
    assert 'value="&#34;Ann&#34;"' in body
    assert 'value="ann" required aria-invalid="true" aria-describedby="e-email"' in body
    assert '<a href="#f-email" target="_self">Please enter a complete e-mail address.</a>' in body
    assert "<li>The page&#39;s title is too long.</li>" in body
    assert 'role="alert" tabindex="-1" autofocus' in body
    assert 'name="page_title" value="The &lt;harvest&gt;"' in body
    assert 'name="form_token" value="1.2.3"' in body
    assert '<a href="https://news.example/a">Back to the article</a>' in body
    assert "kept nowhere" not in body


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (
            RateLimited(90, "page"),
            429,
            "Too many comments in a short time. Try again in 2 minutes.",
        ),
        (Unavailable("The database does not answer."), 503, "does not answer. Try again in 2 sec"),
        (CommentsClosed(), 403, "Comments are closed Everything"),
    ],
    ids=["limited", "unavailable", "closed"],
)
def test_other_refusals_are_told_on_the_same_page_with_the_text_kept(
    error: Exception, status: int, words: str
) -> None:
    page = PAGES.form(TYPED, SITE, error)  # type: ignore[arg-type]

    assert page.status_code == status
    assert ("retry-after" in page.headers) == (status in (429, 503))
    assert words in body_of(page)
    assert "Two\nlines" in body_of(page)


def test_the_honeypot_is_hidden_from_people_and_from_assistive_technology() -> None:
    body = body_of(PAGES.form(TYPED, SITE))

    assert '<div class="trap" aria-hidden="true">' in body
    assert '<input name="url2" tabindex="-1" autocomplete="off">' in body


def test_links_of_our_own_carry_the_path_prefix() -> None:
    body = body_of(PAGES.form(TYPED, SITE))

    assert 'action="/desk-prefix/api/v1/comments"' in body
    assert re.search(r'href="/desk-prefix/static/thread.css\?v=[0-9a-f]{12}"', body)


def test_a_policy_without_a_site_lets_nobody_frame_and_forms_stay_here() -> None:
    assert policy(()).endswith("form-action 'self'; frame-ancestors 'none'")
    assert policy(NEWS).endswith(
        "form-action 'self' https://news.example; frame-ancestors https://news.example"
    )


@pytest.mark.parametrize(
    "page_url",
    [
        "javascript:alert(1)",
        "https://news.example.evil.example/",
        "http://news.example/",
        "//x",
        "",
    ],
)
def test_only_pages_of_the_site_are_linked(page_url: str) -> None:
    assert article_of(page_url, NEWS) == ""
    assert "Back to the article" not in body_of(PAGES.form({"page_url": page_url}, SITE))


def test_a_problem_is_a_page() -> None:
    problem = Problem("about:blank", "<Too large>", 413, "too-large", "<Too large>", [])

    body = body_of(PAGES.problem(problem, {}))

    assert "<h1>&lt;Too large&gt;</h1>" in body
    assert "what you typed should still be there" in body


@given(st.lists(st.integers(-1, 40), max_size=40))
def test_every_comment_stands_once_after_its_parent_and_one_deeper(parents: list[int]) -> None:
    listed = [
        a_public_comment(number, parent if 0 <= parent < number else None)
        for number, parent in enumerate(parents)
    ]

    shown = in_place(listed)

    assert sorted(s.comment.id for s in shown) == sorted(c.id for c in listed)
    place = {s.comment.id: (number, s.depth) for number, s in enumerate(shown)}
    for s in shown:
        if s.parent is not None:
            number, depth = place[s.parent.id]
            assert place[s.comment.id][0] > number
            assert s.depth == min(depth + 1, 4)


def test_a_reply_to_what_is_not_there_stands_at_the_top() -> None:
    (shown,) = in_place([a_public_comment(1, parent=99)])

    assert (shown.depth, shown.parent) == (0, None)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        ("`code` is stable.", "<code>code</code> is stable."),
        ("a `<b>` & `c`", "a <code>&lt;b&gt;</code> &amp; <code>c</code>"),
        ("one ` alone <i>", "one ` alone &lt;i&gt;"),
    ],
    ids=["nothing", "word", "markup", "unpaired"],
)
def test_backticks_become_code_and_nothing_else_does(text: str, html: str) -> None:
    assert coded(text) == html
