"""Scores and labels → the points of curves: reliability, thresholds, precision and recall."""

from dataclasses import dataclass

import numpy as np

from service.scoring.evaluation import Labels, Rate, Scores

_BINS = 10
_STEPS = 200  # thresholds from 0 to 1, and the most points of a curve


@dataclass(frozen=True, slots=True)
class Bin:
    """The comments with scores from `low` to `high`: their mean score, and how many are spam."""

    low: float
    high: float
    mean: float
    spam: Rate


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What a threshold holds, honestly written and spam."""

    threshold: float
    false_positives: Rate
    recall: Rate


def reliability(scores: Scores, labels: Labels) -> list[Bin]:
    """Ten bins of equal width, those without a comment left out."""
    place = np.minimum((scores * _BINS).astype(np.int64), _BINS - 1)
    bins = []
    for number in range(_BINS):
        inside = place == number
        if inside.any():
            spam = Rate(int(labels[inside].sum()), int(inside.sum()))
            low, high = number / _BINS, (number + 1) / _BINS
            bins.append(Bin(low, high, float(scores[inside].mean()), spam))
    return bins


def at_threshold(scores: Scores, labels: Labels, threshold: float) -> AtThreshold:
    """What is held from a threshold on."""
    held, spam = scores >= threshold, int(labels.sum())
    honest = len(labels) - spam
    wrongly = Rate(int((held & ~labels).sum()), honest)
    return AtThreshold(threshold, wrongly, Rate(int((held & labels).sum()), spam))


def threshold_curve(scores: Scores, labels: Labels) -> list[AtThreshold]:
    """The same for every threshold from 0 to 1 in steps of 0.005."""
    return [at_threshold(scores, labels, step / _STEPS) for step in range(_STEPS + 1)]


def precision_recall(scores: Scores, labels: Labels) -> list[tuple[float, float]]:
    """Recall and precision, from the highest score downwards; equal scores are one point.

    At most about 200 points. Empty without either label: then neither means anything.
    """
    if labels.all() or not labels.any():
        return []
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(labels[order])
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    recall, precision = found[last] / found[-1], found[last] / (last + 1)
    first = int(np.searchsorted(recall, 1.0))  # what comes later adds only honest comments
    recall, precision = recall[: first + 1], precision[: first + 1]
    kept = np.unique(np.linspace(0, len(recall) - 1, _STEPS).round().astype(np.int64))
    return [(float(recall[place]), float(precision[place])) for place in kept]
