"""Learning from decisions: a model's weights, moved example by example towards what people decide.

A `Learner` goes as far as a new model, or, for one site, as a correction that is added to a score.

Logistic loss with AdaGrad (Duchi, Hazan, Singer 2011), starting from the weights of a trained
model: few examples move little, many of a kind move much. Memory does not grow with the examples.
Few are learnt from one by one, many in strides: all of a stride say together which way to go.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from service.domain import Submission
from service.scoring.correction import Correction
from service.scoring.evaluation import Labels
from service.scoring.features import read_submission
from service.scoring.model import Model, probability_of
from service.scoring.rows import Rows
from service.scoring.training import rows_of

RATE = 2.0  # of the first step on a column; later ones shrink with what it has moved already
MOST = 4.0  # log-odds that the weight of one column moves at most
_EASE = 0.1  # what AdaGrad starts its sums from: a first step is not the largest
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Lesson:
    """A submission and what it turned out to be; `weight` is how much it counts."""

    submission: Submission
    spam: bool
    weight: float = 1.0


class Learner:
    """Weights on their way from a model's; `learn` as often as there are lessons."""

    def __init__(self, model: Model) -> None:
        self._from = model.weights.astype(np.float64)
        self._weights = self._from.copy()
        self._steps = np.full(len(self._weights), _EASE)
        self._intercept = self._intercept_from = model.intercept
        self._intercept_steps = 10.0  # it moves slowly: what all comments share says little

    def learn(self, lessons: Iterable[Lesson]) -> list[float]:
        """Learn in order; returns the probability given to each before it was learnt from."""
        told: list[float] = []
        ahead = iter(lessons)
        while batch := list(islice(ahead, _BATCH)):
            values, columns, sizes = rows_of([read_submission(x.submission) for x in batch])
            start = 0
            for lesson, size in zip(batch, sizes.tolist(), strict=True):
                end = start + size
                told.append(self._learn(columns[start:end], values[start:end], lesson))
                start = end
        return told

    def stride(self, rows: Rows, spam: Labels, weight: NDArray[np.float64]) -> None:
        """Learn from all of these at once, whatever their order; `weight` is how much each counts.

        One step on each column, by the sum of what they say.
        """
        told = rows.probabilities(self._weights, self._intercept)
        slopes = (told - spam) * weight
        gradient = rows.pull(slopes)
        at = np.flatnonzero(gradient)
        self._move(at, gradient[at], float(slopes.sum()))

    def _learn(self, at: NDArray[np.int64], values: NDArray[np.float64], lesson: Lesson) -> float:
        probability = probability_of(float(self._weights[at] @ values) + self._intercept)
        slope = (probability - lesson.spam) * lesson.weight
        self._move(at, slope * values, slope)
        return probability

    def _move(self, at: NDArray[np.int64], gradient: NDArray[np.float64], slope: float) -> None:
        steps = self._steps[at] + gradient * gradient
        self._steps[at] = steps
        moved = self._weights[at] - RATE * gradient / np.sqrt(steps)
        self._weights[at] = np.clip(moved, self._from[at] - MOST, self._from[at] + MOST)
        self._intercept_steps += slope * slope
        self._intercept -= RATE * slope / math.sqrt(self._intercept_steps)

    @property
    def correction(self) -> Correction | None:
        """What was learnt, on top of the model it started from; None: nothing."""
        moved = (self._weights - self._from).astype(np.float32)
        return Correction(moved, self._intercept - self._intercept_from) if moved.any() else None

    @property
    def weights(self) -> NDArray[np.float32]:
        """The weights as they are now [WIDTH]."""
        return self._weights.astype(np.float32)

    @property
    def intercept(self) -> float:
        """The intercept as it is now."""
        return self._intercept
