"""The trained model as served: an artifact → probability, thresholds and terms.

Nothing of scikit-learn is imported here.
"""

import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from service.domain import Score, Submission, Term
from service.scoring.artifact import CARD, Artifact, ModelUnusable
from service.scoring.correction import Correction
from service.scoring.explain import explain
from service.scoring.features import Reading, read_submission
from service.scoring.hashing import COLUMNS, words_of
from service.scoring.words import Weighed, WordTable
from service.vocabulary import Outcome

_BATCH = 256  # submissions whose words are hashed at once
_AHEAD = 20_000  # at most so many words


@dataclass(frozen=True, slots=True)
class Model:
    """A linear model over the columns of `features`: `weights` [WIDTH] float32, in log-odds."""

    name: str
    weights: NDArray[np.float32]
    intercept: float
    publish_below: float
    reject_above: float
    card: Mapping[str, Any]
    _words: WordTable = field(init=False, repr=False, compare=False)
    _signals: list[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make what scoring goes through most often ready to hand."""
        object.__setattr__(self, "_words", WordTable(self.weights))
        object.__setattr__(self, "_signals", self.weights[COLUMNS:].tolist())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an artifact. Raises ModelUnusable naming what is wrong: missing, truncated, changed
        (SHA-256), of another feature spec, or writable by everybody."""
        return cls.of(Artifact.read(path))

    @classmethod
    def of(cls, artifact: Artifact) -> Self:
        """The model an artifact holds. Raises ModelUnusable as `load` does."""
        card, weights, intercept = artifact.unpack()
        where = os.path.join(artifact.place, CARD)
        try:
            thresholds = card["thresholds"]
            below, above = float(thresholds["publish"]), float(thresholds["reject"])
            name = str(card["name"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ModelUnusable(f"{where} lacks a name or thresholds") from None
        if not 0 <= below <= above <= 1:
            raise ModelUnusable(f"{where}: thresholds are not in order from 0 to 1")
        return cls(name, weights, intercept, below, above, card)

    def score(self, submission: Submission, correction: Correction | None = None) -> Score:
        """The probability that a submission is spam, with terms unless it is clearly fine.

        A `correction` adds what decisions since the model was made say.
        """
        reading = read_submission(submission)
        weighed = self._words.weigh(reading.text)
        if correction is None:
            return self._score(reading, weighed)
        return self._score(reading, weighed, correction.shift(reading.text, reading.signals))

    def score_many(self, submissions: Iterable[Submission]) -> Iterator[Score]:
        """The same scores in the same order, new words hashed in batches: for files."""
        ahead = iter(submissions)
        while batch := [read_submission(submission) for submission in islice(ahead, _BATCH)]:
            words = chain.from_iterable(words_of(reading.text) for reading in batch)
            self._words.meet(islice(words, _AHEAD))
            for reading in batch:
                yield self._score(reading, self._words.weigh(reading.text))

    def _score(self, reading: Reading, weighed: Weighed, shift: float = 0.0) -> Score:
        logit = self.intercept + weighed.logit + shift
        for place, value in reading.signals.items():
            logit += value * self._signals[place]
        probability = probability_of(logit)
        terms: tuple[Term, ...] = ()
        if probability >= self.publish_below:
            terms = explain(weighed, reading.signals, self._signals, shift)
        return Score(probability, self.name, terms, self.publish_below, self.reject_above)


def probability_of(logit: float) -> float:
    """The logistic function, safe for any finite log-odds."""
    if logit < 0:
        odds = math.exp(max(logit, -700.0))
        return odds / (1.0 + odds)
    return 1.0 / (1.0 + math.exp(-min(logit, 700.0)))


def outcome_of(score: Score) -> Outcome:
    """The verdict by the model's own two thresholds alone."""
    if score.probability < score.publish_below:
        return Outcome.PUBLISH
    return Outcome.REJECT if score.probability > score.reject_above else Outcome.HOLD


def shipped_models() -> Path:
    """The folder of models that came with the program: in the wheel, else in the repository."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_models"
    return packed if packed.is_dir() else package.parent / "models"
