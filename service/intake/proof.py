"""Proofs of work: a page's browser computes for a moment before it sends, so that a flood is dear.

The challenge is Altcha's, version 2. It is bound to one form token, and with it to the site and the
page: whoever sends a proof again sends its form token again, which the limits count.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from service.domain import Signal, Submission
from service.tokens import sign
from service.vocabulary import Code

ALGORITHM = "PBKDF2/SHA-256"
COST = 4_000  # rounds of one attempt
_FEWEST, _MOST = 50, 250  # attempts, one of which is the right one
_LASTS = timedelta(days=1)


def make_challenge(
    secret: bytes, site: str, page_url: str, form_token: str, now: datetime
) -> dict[str, Any]:
    """A signed challenge for the form that has this token."""
    from altcha import create_challenge

    made = create_challenge(
        ALGORITHM,
        COST,
        counter=_FEWEST + secrets.randbelow(_MOST - _FEWEST),
        expires_at=now + _LASTS,
        data={"form": _bound(secret, site, page_url, _nonce(form_token))},
        hmac_secret=sign(secret, "proof"),
        hmac_key_secret=sign(secret, "proof-key"),
    )
    return made.to_dict()


def check_proof(submission: Submission, secret: bytes) -> Submission:
    """The submission, with a signal where its proof is missing or not good."""
    problem = _problem(submission, secret)
    if problem is None:
        return submission
    return submission.with_signals(Signal(Code.PROOF_MISSING, problem))


def _problem(submission: Submission, secret: bytes) -> str | None:
    """What speaks against the proof: "" where there is none, None where it is good."""
    if not submission.proof:
        return ""
    from altcha import Payload, verify_solution

    try:
        payload = Payload.from_base64(submission.proof)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "it cannot be read"
    place = (submission.site, submission.page_url, submission.token_nonce)
    bound = {"form": _bound(secret, *place)}
    if not submission.token_nonce or payload.challenge.parameters.data != bound:
        return "it was made for another form"
    found = verify_solution(
        payload, sign(secret, "proof"), hmac_key_secret=sign(secret, "proof-key")
    )
    if found.verified:
        return None
    return "it has expired" if found.expired else "it is wrong"


def _bound(secret: bytes, site: str, page_url: str, nonce: str) -> str:
    return sign(secret, "proof-form", site, page_url, nonce)


def _nonce(form_token: str) -> str:
    return form_token.split(".")[1]
