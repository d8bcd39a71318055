"""Passwords: which may be set, and argon2id hashes, made and checked beside the event loop."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.errors import InvalidPassword

MIN_PASSWORD = 8  # characters, NIST SP 800-63B; 15 are advised
MAX_PASSWORD = 1000
_FEW = 2  # different characters, or fewer, are no password however often they come

_hasher = PasswordHasher()  # argon2id at the library's current cost
_hashing = ThreadPoolExecutor(1)  # one at a time: each takes 64 MiB and a third of a second


def check_password(password: str, *known: str) -> None:
    """Raise InvalidPassword, which says why, unless this may be set as a password.

    `known` is what everybody knows of the person: the name. Only length and what is guessed first
    count, as NIST SP 800-63B has it; no kinds of characters are asked for.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidPassword(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    folded = password.casefold()
    if len(set(folded)) <= _FEW:
        raise InvalidPassword("This password only repeats one or two characters.")
    if len({ord(b) - ord(a) for a, b in pairwise(folded)}) == 1:
        raise InvalidPassword("This password only counts on from character to character.")
    word = _bare(folded)
    if word in {_bare(name.casefold()) for name in (*known, "comment desk", "commentdesk")}:
        raise InvalidPassword("This password is a name that everybody knows, with little added.")
    if folded in _common() or (len(folded) - len(word) < MIN_PASSWORD and word in _common()):
        raise InvalidPassword("This password is one of the most common ones, guessed first.")


def hash_password(password: str) -> str:
    """The argon2id hash of a password, salt and cost included."""
    return _hasher.hash(password)


async def hashed(password: str) -> str:
    """`hash_password` on a thread of its own."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, hash_password, password)


async def fits(password_hash: str, password: str) -> bool:
    """Whether a password fits; where there is no hash, False after as long a time."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_hashing, _is_password, password_hash, password)


def _is_password(password_hash: str, password: str) -> bool:
    decoy = decoy_hash()
    try:
        matches = _hasher.verify(password_hash or decoy, password[:MAX_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash != "" and len(password) <= MAX_PASSWORD


@lru_cache(maxsize=1)
def decoy_hash() -> str:
    """Made for the first attempt, whoever it is by, so that it tells nothing."""
    return hash_password("nobody has this password")


def _bare(folded: str) -> str:
    """A password without the figures and signs before and after its word."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """The 30,000 passwords that were found most often, from the lists of zxcvbn."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])
