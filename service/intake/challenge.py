"""Signed tokens that tell a reader's browser from a script, and an author from an impostor.

A form token says when and for which page a form was handed out. An author token says that this
browser confirmed this e-mail address. Neither is stored; counting single use is for the limits.
"""

from datetime import UTC, datetime

from msgspec.structs import replace

from service.domain import Signal, Submission
from service.settings import Policy
from service.tokens import is_signed, sign
from service.vocabulary import Code

CLOCK_SKEW = 300  # seconds by which another worker's clock may be ahead

_FORM = "form"
_AUTHOR = "author"
_ABSENT = Signal(Code.FORM_TOKEN_ABSENT)
_TOO_FAST = Signal(Code.TOO_FAST)


def issue_form_token(secret: bytes, site: str, page_url: str, now: datetime, nonce: str) -> str:
    """A token for one form of this page: milliseconds of its time, nonce and signature.

    `page_url` is in normal form; `nonce` is random, without a dot.
    """
    if "." in nonce or not nonce:
        raise ValueError("a nonce is not empty and has no dot")
    issued = str(int(now.timestamp() * 1000))
    return f"{issued}.{nonce}.{sign(secret, _FORM, site, page_url, issued, nonce)}"


def check_form_token(
    token: str,
    secret: bytes,
    site: str,
    page_url: str,
    now: datetime,
    min_age: int,
    max_age: int,
) -> tuple[Signal | None, str]:
    """What speaks against a form token, if anything, and its nonce ("" unless it is ours).

    Ages are seconds. FORM_TOKEN_ABSENT for none; FORM_TOKEN_INVALID, with a detail, for one that
    is forged, of another page, older than `max_age` or from further ahead than CLOCK_SKEW;
    TOO_FAST below `min_age`. One from a clock slightly ahead has no age we know: nothing is said.
    """
    if not token:
        return _ABSENT, ""
    issued, _, rest = token.partition(".")
    nonce, _, signature = rest.partition(".")
    if not is_signed(signature, secret, _FORM, site, page_url, issued, nonce):
        return Signal(Code.FORM_TOKEN_INVALID, "not made for this page"), ""
    age = now.timestamp() - int(issued) / 1000
    if age > max_age:
        return Signal(Code.FORM_TOKEN_INVALID, "expired"), nonce
    if age < -CLOCK_SKEW:
        return Signal(Code.FORM_TOKEN_INVALID, "from the future"), nonce
    return (_TOO_FAST if 0 <= age < min_age else None), nonce


def issue_author_token(secret: bytes, site: str, email: str, expires: datetime) -> str:
    """A token for a browser whose reader confirmed this address; good until `expires`."""
    until = str(int(expires.timestamp()))
    return f"{until}.{sign(secret, _AUTHOR, site, email.casefold(), until)}"


def is_author_token(token: str, secret: bytes, site: str, email: str, now: datetime) -> bool:
    """Whether `token` is ours for this site and address, in any case of letters, and in time."""
    until, _, signature = token.partition(".")
    if not is_signed(signature, secret, _AUTHOR, site, email.casefold(), until):
        return False
    return now < datetime.fromtimestamp(int(until), UTC)


def check_bots(submission: Submission, policy: Policy, secret: bytes, now: datetime) -> Submission:
    """The submission with what its two tokens prove: a signal or a nonce, and `author_proven`."""
    signal, nonce = check_form_token(
        submission.form_token,
        secret,
        submission.site,
        submission.page_url,
        now,
        policy.form_min_age,
        policy.form_max_age,
    )
    proven = submission.author_token != "" and is_author_token(
        submission.author_token, secret, submission.site, submission.email, now
    )
    signals = submission.signals if signal is None else (*submission.signals, signal)
    return replace(submission, token_nonce=nonce, author_proven=proven, signals=signals)
