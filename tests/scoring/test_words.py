"""The table weighs a text as its matrix does, whatever it has met before, and stays bounded."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.scoring import words as module
from service.scoring.hashing import COLUMNS, matrix
from service.scoring.words import WordTable
from service.text import normalise

WEIGHTS = np.random.default_rng(5).normal(size=COLUMNS).astype(np.float32)
KNOWN = WordTable(WEIGHTS)  # meets the texts of every example

texts = st.one_of(
    st.text(max_size=120),
    st.lists(st.sampled_from(["buy,", "buy", "(casino)", "мир", "a", "aaaa", "—", "!"])).map(
        " ".join
    ),
).map(normalise)


def by_matrix(text: str) -> float:
    """What the columns of a text weigh."""
    found = matrix([text])
    return float((WEIGHTS[found.columns].astype(float) * found.counts).sum() * found.scale[0])


@given(texts)
def test_a_text_weighs_what_its_columns_do(text: str) -> None:
    expected = pytest.approx(by_matrix(text), abs=1e-5)

    assert WordTable(WEIGHTS).weigh(text).logit == expected
    assert KNOWN.weigh(text).logit == expected


def test_endless_words_weigh_what_their_columns_do() -> None:
    text = " ".join(("x" * 1000, "casino", "ab" * 300, "мир" * 50))

    assert KNOWN.weigh(text).logit == pytest.approx(by_matrix(text), abs=1e-5)


@given(texts)
def test_the_words_of_a_text_share_all_it_weighs(text: str) -> None:
    weighed = KNOWN.weigh(text)

    assert sum(weighed.shares()) == pytest.approx(weighed.logit, abs=1e-9)


@given(texts)
def test_what_is_met_before_changes_nothing(text: str) -> None:
    prepared = WordTable(WEIGHTS)
    prepared.meet(["buy", "pills", "now!", "x" * 9])

    expected = WordTable(WEIGHTS).weigh(text)
    assert prepared.weigh(text).words == expected.words
    assert prepared.weigh(text).logit == pytest.approx(expected.logit, abs=1e-9)


def test_a_full_table_forgets_and_stays_small() -> None:
    table = WordTable(WEIGHTS, most_kept=100)
    before = table.weigh("buy pills now").logit

    for start in range(0, 2000, 20):
        table.weigh(" ".join(f"word{n}!" for n in range(start, start + 20)))
        assert len(table) <= 2 * (100 + 20)

    assert table.weigh("buy pills now").logit == pytest.approx(before, abs=1e-9)


def test_a_table_full_of_long_words_takes_few_megabytes() -> None:
    table = WordTable(WEIGHTS)
    tracemalloc.start()

    for start in range(0, 60_000, 1000):
        table.meet(f"{n:032}" for n in range(start, start + 1000))

    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table) <= 2 * module._MOST_KEPT
    assert taken <= 12_000_000
