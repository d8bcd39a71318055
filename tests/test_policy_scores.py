"""What a score does to the verdict: below a threshold, above it, or without one."""

import pytest
from msgspec.structs import replace

from service.domain import Score
from service.policy import band, thresholds
from service.settings import Policy
from service.vocabulary import Band, Code, Outcome
from tests.verdicts import FINE, verdict_on

SCORES = {
    "just below": (0.2999, Outcome.PUBLISH, Code.SCORE_FINE),
    "at the threshold": (0.3, Outcome.HOLD, Code.SCORE_UNSURE),
    "unsure": (0.8999, Outcome.HOLD, Code.SCORE_UNSURE),
    "likely spam": (0.9, Outcome.HOLD, Code.SCORE_SPAM),
    "not a number": (float("nan"), Outcome.HOLD, Code.SCORE_UNSURE),
}


@pytest.mark.parametrize(("probability", "outcome", "code"), SCORES.values(), ids=SCORES)
def test_the_score_publishes_only_below_the_threshold(
    probability: float, outcome: Outcome, code: Code
) -> None:
    verdict = verdict_on(score=replace(FINE, probability=probability))

    assert (verdict.outcome, verdict.reasons[0].code) == (outcome, code)


def test_a_models_stricter_threshold_makes_likely_spam_sooner() -> None:
    policy = Policy.from_settings({})

    assert band(replace(FINE, probability=0.7, reject_above=0.6), policy) is Band.LIKELY_SPAM
    assert band(replace(FINE, probability=0.7), policy) is Band.UNSURE
    assert band(None, policy) is Band.UNSCORED


def test_the_sites_thresholds_come_before_the_models() -> None:
    policy = Policy.from_settings({"threshold.publish": "0.1", "threshold.reject": "0.8"})

    assert thresholds(FINE, policy) == (0.1, 0.8)
    assert thresholds(FINE, Policy.from_settings({})) == (0.3, 0.95)


def test_a_model_without_thresholds_publishes_nothing() -> None:
    assert verdict_on(score=Score(0.0, "test")).outcome is Outcome.HOLD
