"""Which of two models is worse, on which comments, and whether chance explains it."""

import numpy as np
import pytest

from service.scoring.comparison import compare
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
