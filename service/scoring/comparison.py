"""Two models on the same comments, which neither has learnt from: is the second one worse?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.scoring.corpora import Example
from service.scoring.evaluation import Measures, Scores, measure
from service.scoring.model import Model

CHANCE = 0.05  # more mistakes than this likely by chance alone are no chance
WORST = 0.01  # and no more than this share of the comments, chance or not


@dataclass(frozen=True, slots=True)
class Comparison:
    """What both make of one set of comments at the current model's publish threshold.

    `worse` says in words where the candidate is; empty where it is not.
    """

    current: Measures
    candidate: Measures
    worse: tuple[str, ...]


def compare(name: str, examples: Sequence[Example], current: Model, candidate: Model) -> Comparison:
    """Measure both on the same examples.

    The candidate is worse in what it holds wrongly, or lets through wrongly, if it makes more such
    mistakes and either chance does not explain it (one-sided sign test over the comments on which
    the two differ) or they are more than WORST of these comments.
    """
    labels = np.array([example.spam for example in examples], np.bool_)
    ours, theirs = (_scores(model, examples) for model in (current, candidate))
    threshold = current.publish_below
    held, newly = ours >= threshold, theirs >= threshold
    worse = []
    for what, of, before, after in (
        ("honest comments held", ~labels, held, newly),
        ("spam let through", labels, ~held, ~newly),
    ):
        gained, lost = int((after & ~before & of).sum()), int((before & ~after & of).sum())
        more, count = gained - lost, int(of.sum())
        if more > 0 and (_is_no_chance(gained, gained + lost) or more > WORST * count):
            worse.append(f"{name}: {more} more of {count} {what}")
    return Comparison(
        measure(f"{name}: {current.name}", ours, labels, threshold),
        measure(f"{name}: {candidate.name}", theirs, labels, threshold),
        tuple(worse),
    )


def _scores(model: Model, examples: Sequence[Example]) -> Scores:
    found = model.score_many(example.submission for example in examples)
    return np.array([score.probability for score in found])


def _is_no_chance(gained: int, differing: int) -> bool:
    """Whether `gained` of the comments on which they differ is more than a coin would give."""
    from scipy.special import bdtrc

    return bool(differing and bdtrc(gained - 1, differing, 0.5) < CHANCE)
