"""What holds of every verdict, whatever the case."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from service.domain import AuthorHistory, Score, Signal, Verdict
from service.policy import decide
from service.vocabulary import Outcome
from tests.strategies import (
    NOW,
    clusters,
    histories,
    policies,
    probabilities,
    rulebooks,
    scores,
    signals,
    submissions,
)

Case = dict[str, Any]  # what a verdict is made from

cases = st.fixed_dictionaries(
    {
        "submission": submissions,
        "score": st.none() | scores,
        "cluster": st.none() | clusters,
        "degraded": st.booleans(),
        "history": histories,
        "policy": policies(),
        "rules": rulebooks,
        "now": st.just(NOW),
    }
)


def verdict_of(case: Case) -> Verdict:
    return decide(**case)


def kindness(case: Case) -> int:
    return [Outcome.REJECT, Outcome.HOLD, Outcome.PUBLISH].index(verdict_of(case).outcome)


@given(cases)
@settings(deadline=None, max_examples=60)
def test_every_case_gets_an_outcome_with_different_reasons(case: Case) -> None:
    verdict = verdict_of(case)

    assert verdict.reasons
    assert len(set(verdict.reasons)) == len(verdict.reasons)


@given(cases, scores, st.lists(probabilities, min_size=2, max_size=4).map(sorted))
@settings(deadline=None, max_examples=60)
def test_a_worse_score_never_gets_a_kinder_verdict(
    case: Case, score: Score, probabilities: list[float]
) -> None:
    found = [
        kindness(case | {"score": structs.replace(score, probability=p)}) for p in probabilities
    ]

    assert found == sorted(found, reverse=True)


@given(cases, st.sampled_from(["model", "limits"]))
@settings(deadline=None, max_examples=60)
def test_nothing_is_published_or_rejected_because_a_part_failed(case: Case, part: str) -> None:
    broken = case | ({"score": None} if part == "model" else {"degraded": True})

    assert verdict_of(broken).outcome is not Outcome.PUBLISH
    assert verdict_of(broken).outcome is Outcome.HOLD or verdict_of(case).outcome is Outcome.REJECT


@given(cases, signals)
@settings(deadline=None, max_examples=60)
def test_one_more_signal_never_makes_a_verdict_kinder(case: Case, signal: Signal) -> None:
    more = case | {"submission": case["submission"].with_signals(signal)}

    assert kindness(more) <= kindness(case)


@given(cases)
@settings(deadline=None, max_examples=60)
def test_no_history_makes_a_verdict_kinder_than_none(case: Case) -> None:
    assert kindness(case) <= kindness(case | {"history": AuthorHistory()})
