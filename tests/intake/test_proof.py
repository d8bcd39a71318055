"""A proof of work is good for the form it was made for; anything else is told, not refused."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from altcha import Challenge, Payload, solve_challenge
from msgspec.structs import replace

from service.domain import Submission
from service.intake.challenge import check_bots, issue_form_token
from service.intake.proof import check_proof, make_challenge
from service.settings import Policy
from service.vocabulary import Code
from tests.factories import PAGE, SECRET, a_submission

POLICY = Policy.from_settings({})


def sent(**changes: object) -> Submission:
    """A submission with a form token that was checked, and the proof its browser made."""
    now = datetime.now(UTC)
    token = issue_form_token(SECRET, "news", PAGE, now - timedelta(minutes=1), "nonce")
    made = make_challenge(SECRET, "news", PAGE, token, now)
    challenge = Challenge.from_dict(made)
    solution = solve_challenge(challenge)
    assert solution is not None
    proof = Payload(challenge, solution).to_base64()
    submission = a_submission(form_token=token, proof=proof)
    return replace(check_bots(submission, POLICY, SECRET, now), **changes)


def told(submission: Submission) -> list[str]:
    signals = check_proof(submission, SECRET).signals
    return [one.detail for one in signals if one.code is Code.PROOF_MISSING]


def changed(proof: str, **parts: Any) -> str:
    payload = json.loads(base64.b64decode(proof))
    payload["challenge"]["parameters"] |= parts.get("parameters", {})
    payload["solution"] |= parts.get("solution", {})
    return base64.b64encode(json.dumps(payload).encode()).decode()


def test_a_good_proof_says_nothing() -> None:
    assert told(sent()) == []


def test_no_proof_is_told_without_a_problem() -> None:
    assert told(sent(proof="")) == [""]


UNREADABLE = ["x", "{}", *(base64.b64encode(one).decode() for one in (b"[]", b'{"challenge":1}'))]


@pytest.mark.parametrize("proof", UNREADABLE)
def test_what_cannot_be_read_is_told(proof: str) -> None:
    assert told(sent(proof=proof)) == ["it cannot be read"]


@pytest.mark.parametrize(
    "elsewhere",
    [{"site": "blog"}, {"page_url": f"{PAGE}/2"}, {"token_nonce": "other"}, {"token_nonce": ""}],
)
def test_a_proof_of_another_form_is_none(elsewhere: dict[str, str]) -> None:
    assert told(sent(**elsewhere)) == ["it was made for another form"]


@pytest.mark.parametrize(
    "parts",
    [
        {"solution": {"derivedKey": "00" * 32}},
        {"solution": {"derivedKey": 7}},
        {"parameters": {"cost": 1}},
        {"parameters": {"keyPrefix": ""}},
        {"parameters": {"expiresAt": 4_000_000_000}},
    ],
)
def test_a_proof_that_was_made_easier_is_wrong(parts: dict[str, Any]) -> None:
    found = sent()

    assert told(replace(found, proof=changed(found.proof, **parts))) == ["it is wrong"]


def test_a_proof_expires() -> None:
    now = datetime.now(UTC) - timedelta(days=2)
    token = issue_form_token(SECRET, "news", PAGE, now, "nonce")
    challenge = Challenge.from_dict(make_challenge(SECRET, "news", PAGE, token, now))
    solution = solve_challenge(challenge)
    assert solution is not None
    proof = Payload(challenge, solution).to_base64()

    assert told(a_submission(token_nonce="nonce", proof=proof)) == ["it has expired"]
