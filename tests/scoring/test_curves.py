"""The points of the curves are counted from the comments themselves."""

from itertools import pairwise

import numpy as np

from service.scoring.curves import at_threshold, precision_recall, reliability, threshold_curve
from service.scoring.evaluation import Rate

SCORES = np.array([0.05, 0.2, 0.6, 0.65, 0.9, 1.0])
LABELS = np.array([False, False, False, True, True, True])


def test_reliability_counts_the_spam_of_each_tenth_and_leaves_out_the_empty_ones() -> None:
    bins = reliability(SCORES, LABELS)

    assert [(one.low, one.spam) for one in bins] == [
        (0.0, Rate(0, 1)), (0.2, Rate(0, 1)), (0.6, Rate(1, 2)), (0.9, Rate(2, 2)),
    ]  # fmt: skip
    assert bins[2].mean == 0.625


def test_a_threshold_holds_what_reaches_it() -> None:
    held = at_threshold(SCORES, LABELS, 0.6)

    assert (held.false_positives, held.recall) == (Rate(1, 3), Rate(3, 3))


def test_the_threshold_curve_goes_from_all_to_nothing_and_never_up() -> None:
    curve = threshold_curve(SCORES[:-1], LABELS[:-1])

    assert (curve[0].threshold, curve[-1].threshold) == (0.0, 1.0)
    assert (curve[0].false_positives.value, curve[0].recall.value) == (1.0, 1.0)
    assert (curve[-1].false_positives.value, curve[-1].recall.value) == (0.0, 0.0)
    assert all(a.recall.count >= b.recall.count for a, b in pairwise(curve))


def test_precision_falls_by_the_honest_comments_above_the_last_spam() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.1])

    points = precision_recall(scores, np.array([True, False, True, False]))

    assert points == [(0.5, 1.0), (0.5, 0.5), (1.0, 2 / 3)]


def test_equal_scores_are_one_point() -> None:
    labels = np.array([True, False, True, False])

    assert precision_recall(np.full(4, 0.5), labels) == [(1.0, 0.5)]


def test_without_either_label_there_is_no_precision() -> None:
    assert precision_recall(SCORES, np.ones(6, np.bool_)) == []
    assert precision_recall(SCORES, np.zeros(6, np.bool_)) == []


def test_a_curve_of_many_comments_has_few_points() -> None:
    dice = np.random.default_rng(5)
    labels = dice.random(5000) < 0.5

    points = precision_recall(dice.random(5000), labels)

    assert len(points) <= 200
    assert points[-1][0] == 1.0
