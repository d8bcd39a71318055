"""What many decisions and the corpus teach, in turn: strides of lessons for a `Learner`."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from service.scoring.comparison import labels_of
from service.scoring.corpora import Example
from service.scoring.evaluation import Labels
from service.scoring.rows import RowFile, Rows

Weights = NDArray[np.float64]

_SEED = 20261124
_STRIDES = 200  # that a pass takes at least, as far as there are lessons enough
_LEAST, _MOST = 8, 512  # lessons of a stride


@dataclass(frozen=True, slots=True)
class Replay:
    """Comments of the corpus in a random order, always the same, as rows."""

    rows: Rows
    spam: Labels

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Self:
        """The rows of these examples."""
        shuffled = list(examples)
        random.Random(_SEED).shuffle(shuffled)  # noqa: S311 - repeatable, no secret
        return cls(Rows.of(example.submission for example in shuffled), labels_of(shuffled))


def stride_of(lessons: int) -> int:
    """How many of so many lessons are learnt from at once: few of few."""
    return min(max(lessons // _STRIDES, _LEAST), _MOST)


def in_turn(
    rows: RowFile, spam: Labels, weight: Weights, replay: Replay, stride: int
) -> Iterator[tuple[Rows, Labels, Weights]]:
    """Decisions, oldest first, and as many comments of the corpus, in strides of at most so many.

    Decisions without weight are left out; of all others, and of the corpus, all at least once.
    Within a stride, where order means nothing, they stand as in the file: newest first.
    """
    size, half = len(replay.spam), stride // 2
    surplus = np.arange(min(int(np.count_nonzero(weight)), size), size)
    for start in range(0, len(surplus), stride):
        some = surplus[start : start + stride]
        yield replay.rows.take(some), replay.spam[some], np.ones(len(some))
    turn = 0
    for before, piece in rows.backwards():
        here = slice(before, before + len(piece))
        counting = np.flatnonzero(weight[here])
        for end in range(len(counting), 0, -half):
            some = counting[max(0, end - half) : end]
            again = np.arange(turn, turn + len(some)) % size
            turn += len(some)
            yield (
                Rows.joined([piece.take(some), replay.rows.take(again)]),
                np.concatenate((spam[here][some], replay.spam[again])),
                np.concatenate((weight[here][some], np.ones(len(again)))),
            )
