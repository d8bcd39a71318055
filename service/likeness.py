"""How alike two texts are: a fingerprint of each, and in how many bits those differ."""

import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import shake_128

from service.text import normalise

_BITS = 64
_LANE = 2  # bytes that count the ones of a bit: up to 32,767, more than a text has parts
_FIGURES = re.compile("[0-9]+")
_LONG_WORD = 16  # characters; beyond it a word that is not ASCII is writing without blanks
_GRAM = 4
_ONE = int.from_bytes(b"\1\0" * _BITS, "little")  # one in each lane
_TOP = 1 << (8 * _LANE - 1)
_IS_SET = bytes(ord("0") | byte >> 7 for byte in range(256))  # "1" where the top bit is set


def fingerprint(text: str) -> int:
    """A 64-bit simhash over the distinct words of the normalised text; digits count as one.

    Writing without blanks counts by its 4-grams. Texts that differ in a few words are within a few
    bits (see `hamming`). Source: Charikar 2002.
    """
    words = set(_FIGURES.sub("0", normalise(text)).split())
    parts = words if text.isascii() else {part for word in words for part in _parts(word)}
    # A lane overflows into its top bit exactly where more than half of the parts have the bit.
    lanes = sum(map(_bits, parts)) + (_TOP - 1 - len(parts) // 2) * _ONE
    return int(lanes.to_bytes(_BITS * _LANE, "big")[::_LANE].translate(_IS_SET), 2)


def hamming(a: int, b: int) -> int:
    """In how many of their 64 bits two fingerprints differ."""
    return (a ^ b).bit_count()


def _parts(word: str) -> Iterator[str]:
    if word.isascii() or len(word) <= _LONG_WORD:
        yield word
    else:
        yield from (word[at : at + _GRAM] for at in range(len(word) - _GRAM + 1))


@lru_cache(maxsize=8192)  # most words of a comment were in others before
def _bits(part: str) -> int:
    """64 bits that stand for a part, each in the lowest place of its lane."""
    digest = shake_128(part.encode("utf-8", "surrogatepass")).digest(_BITS * _LANE)
    return int.from_bytes(digest, "little") & _ONE
