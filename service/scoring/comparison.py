"""Two models on the same comments, which neither has learnt from: is the second one worse?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from service.scoring.corpora import Example
from service.scoring.evaluation import Labels, Measures, Scores, measure
from service.scoring.model import Model

CHANCE = 0.05  # more mistakes than this likely by chance alone are no chance
WORST = 0.01  # and no more than this share of the comments, chance or not


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model makes of a set of comments; at or above the threshold counts as held."""

    model: str
    scores: Scores
    threshold: float

    @property
    def held(self) -> Labels:
        """Which of them it holds."""
        return self.scores >= self.threshold


@dataclass(frozen=True, slots=True)
class Changes:
    """How many comments changed sides from one model to the other."""

    honest_held: int = 0
    honest_freed: int = 0
    spam_held: int = 0
    spam_freed: int = 0

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            self.honest_held + other.honest_held,
            self.honest_freed + other.honest_freed,
            self.spam_held + other.spam_held,
            self.spam_freed + other.spam_freed,
        )

    @property
    def count(self) -> int:
        """All of them."""
        return self.honest_held + self.honest_freed + self.spam_held + self.spam_freed

    def __str__(self) -> str:
        return (
            f"{self.honest_held} honest newly held, {self.honest_freed} honest no longer held, "
            f"{self.spam_held} spam newly held, {self.spam_freed} spam newly let through"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What both make of one set of comments.

    `worse` says in words where the candidate is; empty where it is not.
    """

    current: Measures
    candidate: Measures
    worse: tuple[str, ...]
    changes: Changes


def compare(name: str, examples: Sequence[Example], current: Model, candidate: Model) -> Comparison:
    """Measure both on the same examples, at the current model's publish threshold."""
    labels = labels_of(examples)
    ours, theirs = (
        Judged(model.name, scores_of(model, examples), current.publish_below)
        for model in (current, candidate)
    )
    return weigh(name, labels, ours, theirs)


def weigh(name: str, labels: Labels, current: Judged, candidate: Judged) -> Comparison:
    """Compare what two models made of the same comments, each at its threshold.

    The candidate is worse in what it holds wrongly, or lets through wrongly, if it makes more such
    mistakes and either chance does not explain it (one-sided sign test over the comments on which
    the two differ) or they are more than WORST of these comments.
    """
    held, newly = current.held, candidate.held
    changes = Changes(
        int((newly & ~held & ~labels).sum()), int((held & ~newly & ~labels).sum()),
        int((newly & ~held & labels).sum()), int((held & ~newly & labels).sum()),
    )  # fmt: skip
    worse = []
    for what, count, gained, lost in (
        ("honest comments held", int((~labels).sum()), changes.honest_held, changes.honest_freed),
        ("spam let through", int(labels.sum()), changes.spam_freed, changes.spam_held),
    ):
        more = gained - lost
        if more > 0 and (_is_no_chance(gained, gained + lost) or more > WORST * count):
            worse.append(f"{name}: {more} more of {count} {what}")
    return Comparison(
        measure(f"{name}: {current.model}", current.scores, labels, current.threshold),
        measure(f"{name}: {candidate.model}", candidate.scores, labels, candidate.threshold),
        tuple(worse),
        changes,
    )


def labels_of(examples: Sequence[Example]) -> Labels:
    """Which of the examples are spam."""
    return np.array([example.spam for example in examples], np.bool_)


def scores_of(model: Model, examples: Iterable[Example]) -> Scores:
    """The probability that a model gives to each; nothing is explained, which is faster."""
    silent = replace(model, publish_below=2.0, reject_above=2.0)
    found = silent.score_many(example.submission for example in examples)
    return np.array([score.probability for score in found], np.float64)


def _is_no_chance(gained: int, differing: int) -> bool:
    """Whether `gained` of the comments on which they differ is more than a coin would give."""
    from scipy.special import bdtrc

    return bool(differing and bdtrc(gained - 1, differing, 0.5) < CHANCE)
