"""Signed tokens: HMAC-SHA256 over a purpose and its parts, so that none is stored.

The purpose is part of what is signed, so a token made for one thing never opens another.
"""

import base64
import hashlib
import hmac


def sign(secret: bytes, purpose: str, *parts: str) -> str:
    """A URL-safe signature of 192 bits over the purpose and the parts, in order."""
    message = b"\x00".join(
        len(part.encode()).to_bytes(4, "big") + part.encode() for part in (purpose, *parts)
    )
    digest = hmac.new(secret, message, hashlib.sha256).digest()[:24]
    return base64.urlsafe_b64encode(digest).decode()


def is_signed(signature: str, secret: bytes, purpose: str, *parts: str) -> bool:
    """Whether `signature` is ours for this purpose and these parts; compares in constant time."""
    return hmac.compare_digest(
        signature.encode("utf-8", "replace"), sign(secret, purpose, *parts).encode()
    )
