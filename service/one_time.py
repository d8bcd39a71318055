"""Codes that are good once: TOTP (RFC 6238) from a person's device, and recovery codes on paper."""

import base64
import hmac
import os
import re
from datetime import datetime

STEP_SECONDS = 30
RECOVERY_CODES = 10
_ISSUER = "Comment Desk"
_BLANKS = re.compile(r"[\s-]+")


def new_totp_secret() -> str:
    """160 random bits in base32, as devices take them."""
    return base64.b32encode(os.urandom(20)).decode()


def new_recovery_codes() -> list[str]:
    """Ten codes of 120 random bits, in groups that can be read and typed.

    At 112 bits or more a plain digest is enough to keep them by (ASVS 5.0, 6.5.2).
    """
    return [_grouped(base64.b32encode(os.urandom(15)).decode()) for _ in range(RECOVERY_CODES)]


def totp_uri(secret: str, name: str) -> str:
    """What the picture for a device says."""
    from pyotp import TOTP

    return TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step of time whose code this is: the present one, the one before or the one after.

    None when it is none of them.
    """
    from pyotp import TOTP

    typed = _BLANKS.sub("", code)
    present = int(now.timestamp()) // STEP_SECONDS
    if not (typed.isascii() and typed.isdigit()):
        return None
    totp = TOTP(secret)
    good = [
        step
        for step in (present - 1, present, present + 1)
        if hmac.compare_digest(totp.generate_otp(step), typed)
    ]
    return good[-1] if good else None


def as_recovery_code(text: str) -> str:
    """A recovery code as it was handed out, however it was typed."""
    return _grouped(_BLANKS.sub("", text).upper()[:24])


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + 6] for at in range(0, len(letters), 6))
