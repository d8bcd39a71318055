"""Learning from examples one by one: towards what they say, and never far."""

import numpy as np

from service.scoring.corpora import Example
from service.scoring.learning import MOST, Learner, Lesson
from service.scoring.model import Model
from service.scoring.training import Fit
from tests.scoring.conftest import HAM, SPAM, examples_of

NEWS = "The quince harvest festival at the abbey begins on Saturday"


def tiny(fit: Fit) -> Model:
    return Model("tiny", fit.weights, fit.intercept, 0.4, 0.95, {})


def lesson(text: str, *, spam: bool, weight: float = 1.0) -> Lesson:
    return Lesson(examples_of((text,), (), copies=1)[0].submission, spam, weight)


def after(fit: Fit, *lessons: Lesson) -> Model:
    learner = Learner(tiny(fit))
    learner.learn(lessons)
    return Model("learnt", learner.weights, learner.intercept, 0.4, 0.95, {})


def test_without_lessons_it_is_the_model_it_started_from(fit: Fit) -> None:
    learner = Learner(tiny(fit))

    assert learner.learn([]) == []
    assert np.array_equal(learner.weights, fit.weights)
    assert learner.intercept == fit.intercept


def test_it_moves_towards_what_it_is_told_either_way(fit: Fit) -> None:
    submission = lesson(NEWS, spam=True).submission
    before = tiny(fit).score(submission).probability

    told = [after(fit, *[lesson(NEWS, spam=spam)] * 5) for spam in (True, False)]

    spam, ham = (model.score(submission).probability for model in told)
    assert ham < before < spam
    assert spam > 0.9


def test_it_says_what_it_thought_before_each_lesson(fit: Fit) -> None:
    learner = Learner(tiny(fit))
    expected = tiny(fit).score(lesson(NEWS, spam=True).submission).probability

    told = learner.learn([lesson(NEWS, spam=True)] * 3)

    assert abs(told[0] - expected) < 1e-6
    assert told == sorted(told)


def test_a_lesson_without_weight_teaches_nothing(fit: Fit) -> None:
    model = after(fit, *[lesson(NEWS, spam=True, weight=0.0)] * 9)

    assert np.array_equal(model.weights, fit.weights)


def test_however_often_it_is_told_no_weight_moves_further_than_the_bound(fit: Fit) -> None:
    model = after(fit, *[lesson(text, spam=True) for text in HAM * 200])

    assert np.abs(model.weights - fit.weights).max() <= MOST + 1e-4


def test_what_it_knew_before_it_knows_after_a_few_lessons_on_something_else(
    fit: Fit, examples: list[Example]
) -> None:
    model = after(fit, *[lesson(NEWS, spam=False)] * 20)

    right = [
        (model.score(example.submission).probability >= 0.5) == example.spam for example in examples
    ]
    assert all(right)
    assert len(right) == 4 * (len(SPAM) + len(HAM))
