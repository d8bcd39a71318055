"""Whether scores have moved: numbers worked out by hand."""

import math

import pytest

from service.scoring.drift import Window, find_drift, stability_index

QUIET = Window((900, 50, 0, 0, 0, 0, 0, 0, 20, 30), 200, 10)


def test_the_index_is_nought_for_equal_shares_and_as_worked_out_for_others() -> None:
    assert stability_index((10, 30), (100, 300)) == 0
    assert stability_index((50, 50), (75, 25)) == pytest.approx(0.25 * math.log(3))
    assert stability_index((75, 25), (50, 50)) == pytest.approx(0.25 * math.log(3))
    assert math.isfinite(stability_index((100, 0), (0, 100)))


def test_scores_that_moved_are_alarming_and_a_little_less_is_not() -> None:
    campaign = Window((500, 50, 0, 0, 0, 0, 0, 0, 20, 330), 0, 0)
    quiet_week = Window((220, 15, 0, 0, 0, 0, 0, 0, 6, 9), 0, 0)

    assert find_drift(QUIET, campaign).has_moved
    assert not find_drift(QUIET, quiet_week).is_alarming


def test_of_too_few_comments_nothing_is_said() -> None:
    few = Window((0,) * 9 + (199,), 29, 29)

    assert find_drift(QUIET, few).index is None
    assert find_drift(few, QUIET).index is None
    assert not find_drift(QUIET, few).is_alarming


@pytest.mark.parametrize(
    ("decided", "contradicted", "alarming"),
    [(100, 10, True), (100, 9, False), (30, 5, True), (29, 5, False), (30, 4, False)],
)
def test_contradictions_that_doubled_are_alarming(
    decided: int, contradicted: int, alarming: bool
) -> None:
    recent = Window(QUIET.scores, decided, contradicted)

    assert find_drift(QUIET, recent).is_alarming is alarming
