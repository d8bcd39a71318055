"""How good a model is on comments it has not seen: rates, intervals, calibration, thresholds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Labels = NDArray[np.bool_]

CONFIDENCE = 0.95
_Z = 1.959963984540054  # of a two-sided interval at CONFIDENCE
_BINS = 10
_LEAST_CERTIFIED = 0.9  # what is less likely spam than that is for a person to decide


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `of`, with its Wilson interval at 95 %; without any, the interval is [0, 1]."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """The rate itself, 0 when there is nothing to count."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson (1927), at 95 %."""
        if not self.of:
            return 0.0, 1.0
        middle = (self.value + _Z * _Z / (2 * self.of)) / (1 + _Z * _Z / self.of)
        spread = self.value * (1 - self.value) / self.of + _Z * _Z / (4 * self.of * self.of)
        half = _Z * math.sqrt(spread) / (1 + _Z * _Z / self.of)
        return max(0.0, middle - half), min(1.0, middle + half)

    def as_card(self) -> dict[str, Any]:
        """For the card: n, count, rate and interval."""
        low, high = self.interval
        return {
            "n": self.of,
            "count": self.count,
            "rate": round(self.value, 5),
            "interval": [round(low, 5), round(high, 5)],
        }

    def __str__(self) -> str:
        if not self.of:
            return "-"
        low, high = self.interval
        return f"{self.value:.2%} [{low:.2%}, {high:.2%}] n={self.of}"


@dataclass(frozen=True, slots=True)
class Measures:
    """One set of comments under one model: at or above the publish threshold counts as held."""

    name: str
    false_positives: Rate
    recall: Rate
    calibration_error: float

    def as_card(self) -> dict[str, Any]:
        """For the card; what has no comments is left out."""
        card: dict[str, Any] = {"calibration_error": round(self.calibration_error, 5)}
        if self.false_positives.of:
            card["false_positives"] = self.false_positives.as_card()
        if self.recall.of:
            card["recall"] = self.recall.as_card()
        return card


def measure(name: str, scores: Scores, labels: Labels, threshold: float) -> Measures:
    """False positives and recall at a threshold, and the expected calibration error."""
    held = scores >= threshold
    return Measures(
        name,
        Rate(int(held[~labels].sum()), int((~labels).sum())),
        Rate(int(held[labels].sum()), int(labels.sum())),
        calibration_error(scores, labels),
    )


def calibration_error(scores: Scores, labels: Labels) -> float:
    """Expected calibration error over ten equal bins (Naeini, Cooper, Hauskrecht 2015)."""
    if not len(scores):
        return 0.0
    bins = np.minimum((scores * _BINS).astype(np.int64), _BINS - 1)
    gap = np.bincount(bins, scores - labels, minlength=_BINS)
    return float(np.abs(gap).sum() / len(scores))


def upper_bound(count: int, of: int, delta: float) -> float:
    """The one-sided Clopper–Pearson upper bound of a rate, at confidence 1 - delta."""
    from scipy.special import betaincinv

    return 1.0 if count >= of else float(betaincinv(count + 1, of - count, 1 - delta))


def examples_needed(alpha: float, delta: float) -> int:
    """How many held-out comments certify a rate of alpha at confidence 1 - delta, at the least."""
    return math.ceil(math.log(delta) / math.log(1 - alpha))


def errors_allowed(of: int, alpha: float, delta: float) -> int:
    """With how many errors among so many comments a rate of alpha is still certified; -1: none."""
    fewest, most = -1, of  # certified, and not
    while most - fewest > 1:
        middle = (fewest + most) // 2
        if upper_bound(middle, of, delta) <= alpha:
            fewest = middle
        else:
            most = middle
    return fewest


def certified_threshold(
    ham: Scores, alpha: float, delta: float, of: int | None = None
) -> float | None:
    """The lowest threshold whose rate of honest comments above it is at most alpha, certified.

    `of` is how many honest comments there are where `ham` holds the highest scores only: one more
    than `errors_allowed` say all. Never under 0.9. Fixed-sequence testing from 1 downwards
    (Angelopoulos et al. 2021, "Learn then Test"): stops at the first threshold whose
    Clopper–Pearson bound fails. None: too few comments.
    """
    of = len(ham) if of is None else of
    certified = None
    for threshold in np.linspace(0.999, _LEAST_CERTIFIED, 100):
        if upper_bound(int((ham > threshold).sum()), of, delta) > alpha:
            break
        certified = round(float(threshold), 3)
    return certified


def publish_threshold(groups: Sequence[Scores], mean: float, worst: float) -> float:
    """The lowest threshold, in steps of 0.005 from 0.05, that holds few enough honest comments.

    At most `mean` of them as the mean over the groups, so that a large corpus does not outvote a
    small one, and at most `worst` in any group.
    """
    for threshold in np.arange(0.05, 1.0, 0.005):
        rates = [float((scores >= threshold).mean()) for scores in groups if len(scores)]
        if np.mean(rates) <= mean and max(rates) <= worst:
            return round(float(threshold), 3)
    return 1.0


def table(measures: Sequence[Measures]) -> str:
    """The measures as text, one line a set."""
    wide = max(24, *(len(m.name) + 2 for m in measures))
    head = f"{'set':<{wide}}{'honest comments held':<36}{'spam held':<36}{'ECE':>7}"
    lines = [
        f"{m.name:<{wide}}{m.false_positives!s:<36}{m.recall!s:<36}{m.calibration_error:>7.2%}"
        for m in measures
    ]
    return "\n".join([head, *lines])
