"""Figures agree with published ones, and a threshold keeps what it promises."""

import numpy as np
import pytest

from service.scoring.evaluation import (
    Rate,
    calibration_error,
    certified_threshold,
    errors_allowed,
    examples_needed,
    measure,
    publish_threshold,
    table,
    upper_bound,
)


def test_the_wilson_interval_is_the_published_one() -> None:
    # Newcombe 1998, table I: 81 of 263, method 3
    assert Rate(81, 263).interval == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_nothing_counted_means_nothing_known() -> None:
    assert Rate(0, 0).value == 0
    assert Rate(0, 0).interval == (0.0, 1.0)
    assert str(Rate(0, 0)) == "-"


def test_no_error_in_n_is_bounded_by_the_rule_of_three() -> None:
    assert upper_bound(0, 300, 0.05) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert upper_bound(5, 5, 0.05) == 1.0


def test_one_percent_needs_299_comments() -> None:
    assert examples_needed(0.01, 0.05) == 299


def test_too_few_comments_certify_nothing() -> None:
    assert certified_threshold(np.zeros(298), 0.01, 0.05) is None
    assert certified_threshold(np.zeros(299), 0.01, 0.05) == 0.9


def test_a_certified_threshold_keeps_its_promise_in_nearly_every_draw() -> None:
    dice = np.random.default_rng(7)
    broken = 0
    for _ in range(200):
        threshold = certified_threshold(dice.random(1000), 0.05, 0.1)
        broken += threshold is not None and 1 - threshold > 0.05

    assert broken <= 32  # a tenth of 200, and four standard deviations


@pytest.mark.parametrize("share", [0.0, 0.005, 0.02, 0.3])
@pytest.mark.parametrize("number", [299, 301, 1000, 5000])
def test_the_highest_scores_alone_certify_what_all_of_them_do(number: int, share: float) -> None:
    dice = np.random.default_rng(number)
    ham = np.concatenate((dice.random(number), 0.9 + dice.random(int(number * share)) / 10))
    of = len(ham)

    enough = errors_allowed(of, 0.01, 0.05) + 1

    assert enough < of
    highest = np.sort(ham)[::-1][:enough]
    assert certified_threshold(highest, 0.01, 0.05, of) == certified_threshold(ham, 0.01, 0.05)


def test_errors_are_allowed_as_far_as_the_bound_says() -> None:
    assert errors_allowed(298, 0.01, 0.05) == -1
    assert errors_allowed(299, 0.01, 0.05) == 0
    allowed = errors_allowed(10_000, 0.01, 0.05)
    assert upper_bound(allowed, 10_000, 0.05) <= 0.01 < upper_bound(allowed + 1, 10_000, 0.05)


def test_the_publish_threshold_holds_few_enough_everywhere() -> None:
    large, small = np.linspace(0, 0.3, 1000), np.linspace(0, 0.6, 100)

    threshold = publish_threshold([large, small], 0.02, 0.03)

    assert (large >= threshold).mean() <= 0.03
    assert (small >= threshold).mean() <= 0.03


def test_a_perfectly_calibrated_score_has_no_error() -> None:
    scores = np.repeat([0.25, 0.75], 400)
    labels = np.tile([True, False, False, False], 100).tolist()
    labels += np.tile([True, True, True, False], 100).tolist()

    assert calibration_error(scores, np.array(labels)) == pytest.approx(0)
    assert calibration_error(np.ones(10), np.zeros(10, np.bool_)) == pytest.approx(1)


def test_measures_count_what_is_held_on_either_side() -> None:
    scores, labels = np.array([0.1, 0.5, 0.9, 0.2]), np.array([False, False, True, True])

    measures = measure("set", scores, labels, 0.5)

    assert measures.false_positives == Rate(1, 2)
    assert measures.recall == Rate(1, 2)
    assert "50.00%" in table([measures])
    assert measures.as_card()["recall"]["n"] == 2
