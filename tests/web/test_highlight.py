"""Marks in a text that stays the text."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from service.web.highlight import highlight


def test_words_are_marked_whole_and_in_any_disguise_of_letters() -> None:
    assert (
        highlight("A specialist sells CIALIS, c\u0456alis and cialis!", ["cialis"])
        == "A specialist sells <mark>CIALIS</mark>, <mark>c\u0456alis</mark>"
        " and <mark>cialis</mark>!"
    )


def test_a_phrase_is_marked_together_or_else_by_its_longer_words() -> None:
    assert highlight("win real money now", ["real money"]) == "win <mark>real money</mark> now"
    assert (
        highlight("real (honest) money on it", ["real money on"])
        == "<mark>real</mark> (honest) <mark>money</mark> on it"
    )


def test_exact_parts_are_marked_once_and_never_overlap() -> None:
    assert (
        highlight("see http://x.example/a now", ["http://x.example/a"], ["http://x.example/a"])
        == "see <mark>http://x.example/a</mark> now"
    )


def test_what_looks_like_markup_stays_text() -> None:
    assert highlight(
        "<b>pills</b>", ["<b>pills</b>"]
    ) == "<mark>&lt;b&gt;pills&lt;/b</mark>&gt;" or ("&lt;" in highlight("<b>pills</b>", ["pills"]))


@given(st.text(max_size=200), st.lists(st.text(max_size=20), max_size=4))
def test_whatever_is_marked_the_text_is_the_same(text: str, phrases: list[str]) -> None:
    marked = str(highlight(text, phrases, phrases))

    assert html.unescape(re.sub("</?mark>", "", marked)) == html.unescape(html.escape(text))
