"""Hashed columns are the same alone and in a batch, and none stands for a script."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.scoring.hashing import COLUMNS, columns_of, grams, matrix
from service.text import normalise

normal_texts = st.lists(st.text(max_size=60).map(normalise), min_size=1, max_size=6)


@given(normal_texts)
def test_a_text_has_the_same_columns_alone_and_in_a_batch(texts: list[str]) -> None:
    together = matrix(texts)

    for row, text in enumerate(texts):
        columns, scale = columns_of(text)
        part = together.columns[together.bounds[row] : together.bounds[row + 1]]
        assert part.tolist() == columns.tolist()
        assert together.scale[row] == pytest.approx(scale, rel=1e-6)


@given(st.text(max_size=80).map(normalise))
def test_columns_are_distinct_and_in_range(text: str) -> None:
    columns, _ = columns_of(text)

    assert len(set(columns.tolist())) == len(columns)
    assert not len(columns) or columns.max() < COLUMNS


def test_every_text_of_covered_scripts_has_length_one() -> None:
    found = matrix(["two words", "one", "a longer text with several words in it"])

    lengths = np.diff(found.bounds) * found.scale.astype(np.float64) ** 2
    assert lengths == pytest.approx([1.0, 1.0, 1.0], rel=1e-5)


@pytest.mark.parametrize(
    "text", ["привет мир", "مرحبا بالعالم", "こんにちは", "γειά", "नमस्ते", "สวัสดี"]
)
def test_letters_of_an_uncovered_script_have_no_columns(text: str) -> None:
    columns, scale = columns_of(text)

    assert len(columns) == 0
    assert scale < 1  # but they count in the text's length


def test_a_latin_word_among_others_keeps_its_columns() -> None:
    alone, _ = columns_of("casino")
    among, scale = columns_of("играй в casino сейчас")

    assert set(alone.tolist()) <= set(among.tolist())
    assert scale < columns_of("casino")[1]


def test_words_pairs_and_pieces_are_grams_that_know_their_place() -> None:
    found = grams(["buy pills"])

    assert set(found.start.tolist()) <= set(range(len(" buy pills ")))
    shared = set(columns_of("buy pills")[0].tolist()) & set(columns_of("pills buy")[0].tolist())
    assert len(shared) == len(set(found.column.tolist())) - 1  # all but the pair
