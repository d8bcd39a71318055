"""The judge itself: it finds what has come alive, and nothing on a page that is as it should be."""

import pytest

from tests.hostile.judging import findings, live_markup

ALIVE = (
    "<script>alert(1)</script>", "<img src=x>", "<svg><a href=x>", "<b onclick=x>", "<i>x</i>",
    "<a href='javascript:x'>", "<a href='data:,x'>", "<p style='color: red'>", "<iframe srcdoc=x>",
    "<form action=//evil.example/>", "<link rel=stylesheet href=//evil.example/>",
    "<bdi>a <b>name</b></bdi>", "<div class='words text'>a <em>text</em></div>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;<img src=1>'>",
)  # fmt: skip


@pytest.mark.parametrize("html", ALIVE)
def test_what_is_alive_on_a_page_is_found(html: str) -> None:
    assert live_markup(f"<!doctype html><title>x</title><p>{html}") != []


@pytest.mark.parametrize(
    "html",
    [
        *ALIVE[:9], "<a href='/path' rel='nofollow ugc noopener'>", "<a href='https://a.example'>",
        "<h1>x</h1>", "<p class=x>", "<ol type=a>",
    ],
)  # fmt: skip
def test_what_is_beyond_a_comment_s_markup_is_found(html: str) -> None:
    assert findings(html) != []


def test_a_page_and_a_comment_that_are_as_they_should_be_are_let_pass() -> None:
    link = '<a href="https://a.example/" rel="nofollow ugc noopener">x</a>'

    assert findings(f"<p>{link} <em>a</em></p><ol start='3'><li>b</li></ol>") == []
    page = f"<script async src='/embed.js'></script><bdi>a</bdi><p>{link}<mark>b</mark></p>"
    assert live_markup(f"<!doctype html><title>x</title>{page}") == []
