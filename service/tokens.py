"""Ids and signed tokens: UUIDv7 ids, and HMAC-SHA256 signatures so that no token is stored.

The purpose is part of what is signed, so a token made for one thing never opens another.
"""

import base64
import hashlib
import hmac
import os
from datetime import UTC, datetime, timedelta

NO_ID = "00000000-0000-0000-0000-000000000000"  # before every other


def new_id(now: datetime) -> str:
    """A UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits; sorts by time."""
    return _uuid7(now, int.from_bytes(os.urandom(10), "big"))


def first_id(at: datetime) -> str:
    """The smallest id that `new_id` makes at this moment: what came in since then is not below."""
    return _uuid7(at, 0)


def time_of(an_id: str) -> datetime:
    """The moment that is in an id of `new_id`, to the millisecond."""
    milliseconds = int(an_id.replace("-", "")[:12], 16)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def named_id(*parts: str) -> str:
    """The id that these parts always have: a UUIDv8 (RFC 9562) of their digest."""
    value = int.from_bytes(digest(*parts), "big")
    return _uuid(value, 8)


def _uuid7(at: datetime, rest: int) -> str:
    milliseconds = int(at.timestamp() * 1000) & (2**48 - 1)
    return _uuid(milliseconds << 80 | rest, 7)


def _uuid(value: int, version: int) -> str:
    value = value & ~(0xF << 76) | version << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def new_secret() -> str:
    """A URL-safe random secret of 256 bits, shown once to whoever it is for."""
    return base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


def digest(*parts: str) -> bytes:
    """16 bytes of BLAKE2b that name these parts, in order; lengths are part of what is hashed."""
    return hashlib.blake2b(_joined(parts), digest_size=16).digest()


def sign(secret: bytes, purpose: str, *parts: str) -> str:
    """A URL-safe signature of 192 bits over the purpose and the parts, in order."""
    signature = hmac.digest(secret, _joined((purpose, *parts)), "sha256")[:24]
    return base64.urlsafe_b64encode(signature).decode()


def is_signed(signature: str, secret: bytes, purpose: str, *parts: str) -> bool:
    """Whether `signature` is ours for this purpose and these parts; compares in constant time."""
    return hmac.compare_digest(
        signature.encode("utf-8", "replace"), sign(secret, purpose, *parts).encode()
    )


def seal(secret: bytes, purpose: str, text: str, now: datetime) -> str:
    """A text that only we can read again, and only for this purpose (Fernet)."""
    from cryptography.fernet import Fernet

    return Fernet(_key(secret, purpose)).encrypt_at_time(text.encode(), _second(now)).decode()


def unseal(
    secret: bytes, purpose: str, sealed: str, *, now: datetime, good_for: timedelta | None = None
) -> str | None:
    """What `seal` was given; None when it was not for this purpose, is too old, or was changed."""
    from cryptography.fernet import Fernet, InvalidToken

    box = Fernet(_key(secret, purpose))
    try:
        if good_for is None:
            return box.decrypt(sealed).decode()
        seconds = int(good_for.total_seconds())
        return box.decrypt_at_time(sealed, seconds, _second(now)).decode()
    except (InvalidToken, ValueError):
        return None


def _key(secret: bytes, purpose: str) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(secret, _joined(("seal", purpose)), "sha256"))


def _second(now: datetime) -> int:
    return int(now.timestamp())


def edit_token(secret: bytes, comment_id: str) -> str:
    """The token that lets its holder see, edit and withdraw this one comment."""
    return f"{comment_id}.{sign(secret, 'edit', comment_id)}"


def is_edit_token(token: str, secret: bytes, comment_id: str) -> bool:
    """Whether `token` is the edit token of exactly this comment."""
    token_id, _, signature = token.partition(".")
    return token_id == comment_id and is_signed(signature, secret, "edit", comment_id)


def confirm_token(secret: bytes, comment_id: str, until: datetime) -> str:
    """The token of the link that confirms the address a comment was written with."""
    seconds = str(int(until.timestamp()))
    return f"{comment_id}.{seconds}.{sign(secret, 'confirm', comment_id, seconds)}"


def read_confirm_token(token: str, secret: bytes) -> tuple[str, int] | None:
    """The comment, and until which Unix second the token is good; None for one that is not ours."""
    comment_id, _, rest = token.partition(".")
    seconds, _, signature = rest.partition(".")
    if not is_signed(signature, secret, "confirm", comment_id, seconds):
        return None
    return comment_id, int(seconds)


def unsubscribe_token(secret: bytes, comment_id: str) -> str:
    """The token that ends the mails its author gets because of this comment, and does no more."""
    return f"{comment_id}.{sign(secret, 'unsubscribe', comment_id)}"


def read_unsubscribe_token(token: str, secret: bytes) -> str | None:
    """The comment; None for a token that is not ours."""
    comment_id, _, signature = token.partition(".")
    return comment_id if is_signed(signature, secret, "unsubscribe", comment_id) else None


def _joined(parts: tuple[str, ...]) -> bytes:
    return "".join([f"{len(part)}:{part}" for part in parts]).encode("utf-8", "surrogatepass")
