"""Which of two models is worse, on which comments, and whether chance explains it."""

import numpy as np
import pytest

from service.scoring.comparison import Changes, Judged, compare, weigh
from service.scoring.features import WIDTH
from service.scoring.model import Model
from service.scoring.training import Fit
from tests.scoring.conftest import HAM, SPAM, examples_of

EXAMPLES = examples_of(SPAM, HAM, copies=40)  # 240 of either label
NO_WEIGHTS = np.zeros(WIDTH, np.float32)


@pytest.fixture
def good(fit: Fit) -> Model:
    return Model("good", fit.weights, fit.intercept, 0.4, 0.95, {})


def deaf(intercept: float) -> Model:
    """Says the same of everything."""
    return Model("deaf", NO_WEIGHTS, intercept, 0.4, 0.95, {})


def test_a_model_is_not_worse_than_itself(good: Model) -> None:
    found = compare("set", EXAMPLES, good, good)

    assert found.worse == ()
    assert (found.current.name, found.candidate.name) == ("set: good", "set: good")
    assert found.current.recall.of == found.current.false_positives.of == 240


def test_one_that_lets_everything_through_is_worse_in_spam_alone(good: Model) -> None:
    assert compare("set", EXAMPLES, good, deaf(-9)).worse == (
        "set: 240 more of 240 spam let through",
    )


def test_one_that_holds_everything_is_worse_in_honest_comments_alone(good: Model) -> None:
    assert compare("set", EXAMPLES, good, deaf(9)).worse == (
        "set: 240 more of 240 honest comments held",
    )


def test_a_better_one_is_not_worse(good: Model) -> None:
    for intercept in (-9, 9):
        assert compare("set", EXAMPLES, deaf(intercept), good).worse == ()


def test_a_single_mistake_more_among_many_is_chance(good: Model) -> None:
    wrong = [examples_of((HAM[0],), (), copies=1)[0]]  # a reader whom somebody called spam

    assert compare("set", [*EXAMPLES, *wrong], deaf(9), good).worse == ()
    assert compare("set", wrong, deaf(9), good).worse == ("set: 1 more of 1 spam let through",)


def test_who_changed_sides_is_counted_on_both_sides(good: Model) -> None:
    assert compare("set", EXAMPLES, good, deaf(9)).changes == Changes(honest_held=240)
    assert compare("set", EXAMPLES, deaf(9), good).changes == Changes(honest_freed=240)
    assert compare("set", EXAMPLES, good, deaf(-9)).changes == Changes(spam_freed=240)
    assert compare("set", EXAMPLES, deaf(-9), good).changes == Changes(spam_held=240)


def test_changes_of_several_sets_add_up() -> None:
    both = Changes(1, 2, 3, 4) + Changes(10, 20, 30, 40)

    assert both == Changes(11, 22, 33, 44)
    assert both.count == 110


def test_each_model_is_judged_at_a_threshold_of_its_own() -> None:
    scores, labels = np.array([0.2, 0.3, 0.8]), np.array([False, False, True])

    found = weigh("set", labels, Judged("old", scores, 0.4), Judged("new", scores, 0.25))

    assert found.changes == Changes(honest_held=1)
    assert found.worse == ("set: 1 more of 2 honest comments held",)
