"""Decisions and corpus in turn: all of both, oldest decision first."""

from pathlib import Path

import numpy as np
import pytest

from service.scoring.corpora import Example
from service.scoring.lessons import Replay, in_turn, stride_of
from service.scoring.rows import RowFile, Rows
from tests.factories import a_submission

NUMBERS = (3, 7, 20, 300)


def rows_of(texts: list[str]) -> Rows:
    return Rows.of(a_submission(comment=text) for text in texts)


def signature(rows: Rows, place: int) -> tuple[int, ...]:
    return tuple(rows.take(np.array([place])).columns.tolist())


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("stride", [2, 8, 512])
def test_decisions_and_corpus_take_turns_and_neither_is_left_out(
    number: int, stride: int, tmp_path: Path
) -> None:
    corpus = [Example(a_submission(comment=f"corpus {n}"), False) for n in range(7)]
    newest_first = [f"decided upon {n}" for n in reversed(range(number))]
    spam = np.arange(number) % 2 == 0
    weight = np.arange(1.0, number + 1)
    with RowFile(tmp_path, 1 << 24) as file:
        for start in range(0, number, 5):
            file.add(rows_of(newest_first[start : start + 5]))

        strides = list(in_turn(file, spam, weight, Replay.of(corpus), stride))

    of_corpus = {signature(rows_of([f"corpus {n}"]), 0) for n in range(7)}
    told = [
        (signature(rows, place), bool(spam[place]), float(weight[place]))
        for rows, spam, weight in strides
        for place in reversed(range(len(rows)))  # within a stride the newest stands first
    ]
    replayed = [one for one in told if one[0] in of_corpus]
    decided = [one for one in told if one[0] not in of_corpus]
    assert max(len(rows) for rows, _spam, _weight in strides) <= stride
    assert len(replayed) == max(number, 7)
    assert {one[0] for one in replayed} == of_corpus
    assert all(one[1:] == (False, 1.0) for one in replayed)
    written = rows_of(newest_first)
    assert decided == [
        (signature(written, n), bool(spam[n]), float(weight[n])) for n in reversed(range(number))
    ]


def test_a_decision_without_weight_is_left_out(tmp_path: Path) -> None:
    corpus = [Example(a_submission(comment="corpus"), False)]
    weight = np.array([0.0, 1.0, 0.0])
    with RowFile(tmp_path, 1 << 20) as file:
        file.add(rows_of(["one", "two", "three"]))

        ((rows, spam, weights),) = in_turn(
            file, np.array([True, True, False]), weight, Replay.of(corpus), 8
        )

    assert signature(rows, 0) == signature(rows_of(["two"]), 0)
    assert (spam.tolist(), weights.tolist()) == ([True, False], [1.0, 1.0])


def test_few_lessons_are_learnt_from_in_short_strides() -> None:
    assert [stride_of(n) for n in (1, 400, 20_000, 2_000_000)] == [8, 8, 100, 512]
