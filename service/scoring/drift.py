"""Whether scores, or what moderators say of them, are no longer what they were: numbers only."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from service.scoring.evaluation import Rate

MOVED = 0.25  # of the index
LEAST_SCORED = 200  # comments on either side, without which nothing is said of the scores
LEAST_DECIDED = 30  # decisions on either side, without which nothing is said of those
_LEAST_CONTRADICTED = 5  # one or two more are no doubling


@dataclass(frozen=True, slots=True)
class Window:
    """Comments of some days: how many had a score in each equal part of 0 to 1, how many were
    decided, and how many of those otherwise than the model had it."""

    scores: tuple[int, ...]
    decided: int
    contradicted: int


@dataclass(frozen=True, slots=True)
class Drift:
    """Newer comments held against those before; `index` is None where there are too few."""

    index: float | None
    before: Rate  # decisions that contradicted the model
    recent: Rate

    @property
    def has_moved(self) -> bool:
        """Whether the scores are distributed otherwise than before."""
        return self.index is not None and self.index > MOVED

    @property
    def has_doubled(self) -> bool:
        """Whether people contradict the model twice as often as before."""
        enough = min(self.before.of, self.recent.of) >= LEAST_DECIDED
        many = self.recent.count >= _LEAST_CONTRADICTED
        return enough and many and self.recent.value >= 2 * self.before.value

    @property
    def is_alarming(self) -> bool:
        """Whether somebody should look."""
        return self.has_moved or self.has_doubled


def find_drift(before: Window, recent: Window) -> Drift:
    """Hold newer comments against those before."""
    few = min(sum(before.scores), sum(recent.scores)) < LEAST_SCORED
    return Drift(
        None if few else stability_index(before.scores, recent.scores),
        Rate(before.contradicted, before.decided),
        Rate(recent.contradicted, recent.decided),
    )


def stability_index(before: Sequence[int], recent: Sequence[int]) -> float:
    """The population stability index of two counts over the same parts: 0 where they are alike.

    The sum of (r - b) ln(r / b) over the shares r and b of each part, which is Jeffreys'
    divergence. That below 0.1 nothing has changed and above 0.25 the population has is a rule of
    thumb of credit scoring (Siddiqi 2006, "Credit Risk Scorecards"). A part without comments
    counts as half a comment.
    """
    b, r = (_shares(counts) for counts in (before, recent))
    return sum((y - x) * math.log(y / x) for x, y in zip(b, r, strict=True))


def _shares(counts: Sequence[int]) -> list[float]:
    filled = [count or 0.5 for count in counts]
    return [count / sum(filled) for count in filled]
