"""Hashed rows: the same as serving sees, in memory and back from a file."""

from pathlib import Path

import numpy as np
import pytest

from service.scoring.corpora import Example
from service.scoring.model import Model
from service.scoring.rows import RowFile, Rows
from service.scoring.training import Fit


@pytest.fixture
def rows(examples: list[Example]) -> Rows:
    """Those of the tiny model's examples."""
    return Rows.of(example.submission for example in examples)


def test_a_row_gives_the_probability_that_serving_gives(
    rows: Rows, examples: list[Example], fit: Fit
) -> None:
    model = Model("tiny", fit.weights, fit.intercept, 0.4, 0.95, {})

    found = rows.probabilities(fit.weights.astype(np.float64), fit.intercept)

    served = [model.score(example.submission).probability for example in examples]
    assert np.allclose(found, served, atol=1e-6)


def test_some_rows_are_taken_in_the_order_asked_for(rows: Rows, examples: list[Example]) -> None:
    for some in ([7, 0, 7], [4, 5, 6], [6, 5], [9], []):
        taken = rows.take(np.array(some, np.int64))
        alone = [Rows.of([examples[n].submission]) for n in some] or [Rows.of([])]

        check(taken, alone)


def check(taken: Rows, alone: list[Rows]) -> None:
    assert taken.sizes.tolist() == Rows.joined(alone).sizes.tolist()
    assert taken.columns.tolist() == Rows.joined(alone).columns.tolist()
    assert np.array_equal(taken.values, Rows.joined(alone).values)


def test_rows_come_back_from_the_file_last_piece_first(rows: Rows, tmp_path: Path) -> None:
    first, second = rows.take(np.arange(30)), rows.take(np.arange(30, 48))
    with RowFile(tmp_path, 1 << 20) as file:
        assert file.add(first)
        assert file.add(second)

        back = list(file.backwards())

        assert [before for before, _piece in back] == [30, 0]
        for (_before, piece), written in zip(back, (second, first), strict=True):
            assert piece.columns.tolist() == written.columns.tolist()
            assert piece.sizes.tolist() == written.sizes.tolist()
            assert np.allclose(piece.values, written.values, rtol=2**-11)
        assert [len(piece) for piece in file.first(35)] == [30, 5]
        assert [len(piece) for piece in file.first(20)] == [20]


def test_what_does_not_fit_is_not_added_and_the_rest_stays(rows: Rows, tmp_path: Path) -> None:
    with RowFile(tmp_path, 20_000) as file:
        assert file.add(rows.take(np.arange(10)))
        assert not file.add(rows)

        assert file.count == 10
        assert [len(piece) for _before, piece in file.backwards()] == [10]


def test_the_file_has_no_name_that_could_be_left_behind(rows: Rows, tmp_path: Path) -> None:
    with RowFile(tmp_path, 1 << 20) as file:
        file.add(rows)

        assert list(tmp_path.iterdir()) == []
