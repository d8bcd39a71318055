"""A reading is total, sees through disguise, and keeps host names apart from words."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.scoring.corpora import bounded
from service.scoring.features import host_text, is_host_word, read_submission
from service.scoring.hashing import matrix


@given(st.text(max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_any_text_gives_a_reading(comment: str, name: str, website: str) -> None:
    reading = read_submission(bounded(comment, name=name, website=website, page_title=name))

    matrix([reading.text])
    assert "  " not in reading.text
    assert all(-0.01 <= value <= 1.01 for value in reading.signals.values())


def test_links_leave_the_words_and_come_back_as_host_words() -> None:
    reading = read_submission(bounded("read https://www.best-shop.example/x please"))
    words = reading.text.split()

    assert [word for word in words if not is_host_word(word)] == ["read", "please"]
    assert [host_text(word) for word in words if is_host_word(word)] == ["best", "shop"]


def test_an_author_s_name_reads_like_a_domain() -> None:
    named = read_submission(bounded("", name="Cheap Essays")).text

    assert named == read_submission(bounded("", website="https://cheap-essays.example")).text


def test_links_are_seen_through_look_alike_letters_and_stacked_marks() -> None:
    plain = read_submission(bounded("go to https://cheap-pills.example/buy now")).text

    for hidden in (
        "https://ch\u0435\u0430p-pills.example/buy",
        "h\u0336t\u0336tps://cheap-pi\u0336lls.example/buy",
    ):
        assert read_submission(bounded(f"go to {hidden} now")).text == plain


def test_a_host_word_shares_no_column_with_the_same_word_in_the_text() -> None:
    host = read_submission(bounded("", website="https://casino.example")).text

    assert not set(matrix([host]).columns) & set(matrix(["casino example"]).columns)


def test_a_disguised_comment_reads_like_the_plain_one() -> None:
    plain = read_submission(bounded("play casino now"))

    assert read_submission(bounded("ＰＬＡＹ c\u200basіno n&#111;w")).text == plain.text


@pytest.mark.parametrize(
    "comment",
    [
        "a" * 9998 + " @",
        "a " * 4999 + " @",
        "\u3316" * 9998 + " @",  # each becomes six letters
        "a" + "\u0344" * 6600 + "\u0316" * 3300,
        "\ufdfa" * 9998,
    ],
    ids=["one word", "spaced out", "letters that expand", "stacked marks", "a long ligature"],
)
def test_no_comment_takes_the_service_s_time(comment: str) -> None:
    began = time.perf_counter()

    read_submission(bounded(comment))

    assert time.perf_counter() - began < 0.5
