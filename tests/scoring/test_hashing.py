"""Hashed columns are the same alone and in a batch, and none stands for a script."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.scoring.hashing import (
    COLUMNS,
    Matrix,
    core_of,
    hash_core,
    hash_cores,
    is_latin,
    matrix,
    words_of,
)
from service.text import normalise

normal_texts = st.lists(st.text(max_size=60).map(normalise), min_size=1, max_size=6)


def row_of(found: Matrix, row: int) -> dict[int, int]:
    """The columns of a row, each with its count."""
    part = slice(*found.bounds[row : row + 2])
    return dict(zip(found.columns[part].tolist(), found.counts[part].tolist(), strict=True))


def columns_of(text: str) -> set[int]:
    """The columns of one text."""
    return set(row_of(matrix([text]), 0))


def grams_of(text: str) -> int:
    """How many grams a text has, those without a column included."""
    return round(float(matrix([text]).scale[0]) ** -2)


@given(normal_texts)
def test_a_text_has_the_same_columns_alone_and_in_a_batch(texts: list[str]) -> None:
    together = matrix(texts)

    for row, text in enumerate(texts):
        alone = matrix([text])
        assert row_of(together, row) == row_of(alone, 0)
        assert together.scale[row] == alone.scale[0]


@given(st.text(max_size=80).map(normalise))
def test_columns_are_distinct_and_in_range(text: str) -> None:
    columns = matrix([text]).columns

    assert len(set(columns.tolist())) == len(columns)
    assert not len(columns) or columns.max() < COLUMNS


@given(st.text(max_size=80).map(normalise))
def test_no_more_is_counted_than_there_are_grams(text: str) -> None:
    assert matrix([text]).counts.sum() <= max(grams_of(text), 1)


@given(st.text(max_size=200).map(normalise))
def test_words_lose_no_character_and_none_is_endless(text: str) -> None:
    words = words_of(text)

    assert "".join(words) == text.replace(" ", "")
    assert all(core_of(word) in word for word in words)
    assert not words or max(map(len, words)) <= 32


@pytest.mark.parametrize(
    "text", ["привет мир", "مرحبا بالعالم", "こんにちは", "γειά", "नमस्ते", "สวัสดี"]
)
def test_letters_of_an_uncovered_script_have_no_columns(text: str) -> None:
    assert columns_of(text) == set()
    assert grams_of(text) > 1  # but they count in the text's length


def test_a_latin_word_among_others_keeps_its_columns() -> None:
    assert columns_of("casino") <= columns_of("играй в casino сейчас")
    assert grams_of("casino") < grams_of("играй в casino сейчас")


def test_a_pair_of_words_has_a_column_and_knows_its_order() -> None:
    both = columns_of("buy pills")

    assert len(both & columns_of("pills buy")) == len(both) - 1
    assert len(both) == len(columns_of("buy") | columns_of("pills")) + 1


def test_a_word_keeps_its_columns_whatever_signs_are_around_it() -> None:
    assert columns_of("casino") == columns_of("(casino!)")
    assert columns_of("buy pills") == columns_of("buy, pills.")


def test_what_is_repeated_counts_once() -> None:
    once, often = matrix(["free casino free"]), matrix(["free casino free casino free"])

    assert len(often.columns) == len(once.columns)
    assert often.scale == pytest.approx(once.scale)


def test_a_core_gives_what_it_gives_among_others() -> None:
    cores = ["a", "casino", "!!!", "мир", "x" * 32]
    together = hash_cores(cores)

    for place, core in enumerate(cores):
        alone = hash_cores([core])
        assert np.array_equal(together.columns[together.row == place], alone.columns)
        assert (together.size[place], together.code[place]) == (alone.size[0], alone.code[0])


@given(st.text(st.characters(max_codepoint=0x36F), min_size=1, max_size=32).map(normalise))
def test_a_core_is_hashed_alone_as_among_others(text: str) -> None:
    for core in map(core_of, words_of(text)):
        if is_latin([core]):
            columns, code = hash_core(core)
            found = hash_cores([core])
            assert sorted(columns) == found.columns.tolist()
            assert [code] == found.code.tolist()
            assert [len(columns)] == found.size.tolist()
