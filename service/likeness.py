"""How alike two texts are: a fingerprint of each, and in how many bits those differ."""

import re

from service.text import normalise

_GRAM = 4
_BASE = 0x9E3779B97F4A7C15  # odd, so that multiplying loses nothing
_FIGURES = re.compile("[0-9]+")


def fingerprint(text: str) -> int:
    """A 64-bit simhash over the 4-grams of the normalised text; digits count as one.

    Texts that differ in a few words are within a few bits (see `hamming`). Source: Charikar 2002.
    """
    import numpy as np

    folded = f" {_FIGURES.sub('0', normalise(text))} ".ljust(_GRAM)
    codes = np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    count = len(codes) - _GRAM + 1
    grams = np.zeros(count, np.uint64)
    for offset in range(_GRAM):
        grams += codes[offset : offset + count]
        grams *= np.uint64(_BASE)
        grams ^= grams >> np.uint64(29)
    # One byte a bit, eight added at once as one number: 255 ones at a time, which fit a byte.
    ones = np.unpackbits(grams.view(np.uint8)).view(np.uint64).reshape(count, 8)
    parts = np.add.reduceat(ones, np.arange(0, count, 255)).view(np.uint8)
    times = parts.reshape(-1, 64).sum(axis=0, dtype=np.uint32)
    return int.from_bytes(np.packbits(times * 2 > count).tobytes(), "little")


def hamming(a: int, b: int) -> int:
    """In how many of their 64 bits two fingerprints differ."""
    return (a ^ b).bit_count()
