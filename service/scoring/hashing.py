"""Texts → hashed n-gram columns, vectorised over a whole batch; a single comment is a batch of one.

A text is read as normalised words between single blanks. Its grams are words and pairs of words,
and 2 to 5 characters that do not cross a blank (what scikit-learn calls `char_wb`). Letters of a
script the model has no honest examples of give no columns: they count in a text's length only, so
that no weight can come to mean "this script is spam".
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = 18
COLUMNS = 1 << BITS
COVERED_SCRIPTS = ("Latin",)
HOST_PLANE = 0xE000  # the letters of host names are moved here, to columns of their own

_BLANK, _SIGN, _LETTER, _UNCOVERED = 0, 1, 2, 3
_SHORTEST, _LONGEST = 2, 5
_BASE = np.uint32(0x01000193)
_MIX = np.uint32(0x9E3779B1)
_PAIR = np.uint32(0x85EBCA6B)
_WORD_SALT = np.uint32(0x27D4EB2F)
_MAX_WORD = 64  # characters of a word that count in its hash
_ASTRAL_LETTER, _ASTRAL_SIGN = 0xFFFE, 0xFFFF

_SIGN_BLOCKS = (
    (0x2000, 0x2BFF),  # punctuation, currencies, arrows, dingbats
    (0x2E00, 0x2E7F),
    (0x3000, 0x3004),
    (0x3008, 0x3030),
    (0xFE10, 0xFE6F),
    (0xFFE0, 0xFFFD),
    (_ASTRAL_SIGN, _ASTRAL_SIGN),
)

Columns = NDArray[np.int64]
Codes = NDArray[np.uint32]
Mask = NDArray[np.bool_]


def _classes() -> NDArray[np.uint8]:
    """The class of each character of the basic plane; see COVERED_SCRIPTS."""
    table = np.full(0x10000, _UNCOVERED, np.uint8)
    latin = (*range(0x370), *range(0x1E00, 0x1F00))
    table[list(latin)] = [_LETTER if chr(code).isalnum() else _SIGN for code in latin]
    for first, last in _SIGN_BLOCKS:
        table[first : last + 1] = _SIGN
    table[HOST_PLANE:0xF900] = _LETTER
    table[[0x20, 0x0A]] = _BLANK
    return table


_CLASS = _classes()
_POWERS = np.cumprod(np.full(_MAX_WORD, _PAIR, np.uint32), dtype=np.uint32)


@dataclass(frozen=True, slots=True)
class Grams:
    """Every gram of a batch, repeats and all, characters first, then words, then pairs of words.

    `column` in [0, COLUMNS), `row` the text it is in, `start` where in the joined text it begins.
    `unseen` counts for each row the grams of uncovered scripts, which have no column.
    """

    column: Codes
    row: Columns
    start: Columns
    unseen: Columns


@dataclass(frozen=True, slots=True)
class Matrix:
    """Binary columns of a batch in CSR form: row i is `columns[bounds[i]:bounds[i + 1]]`, each of
    its entries worth `scale[i]`, so that a text of covered scripts has length 1 (L2)."""

    columns: NDArray[np.int32]
    bounds: Columns
    scale: NDArray[np.float32]


def join(texts: list[str]) -> tuple[Codes, Columns]:
    """The texts between single blanks as code points, and for each code point its text's number.

    Expects normalised texts: no two blanks in a row. A blank belongs to the text after it.
    """
    raw = (" " + " ".join(text or " " for text in texts) + " ").encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(raw, np.uint32)
    if len(texts) == 1:
        return codes, np.zeros(len(codes), np.int64)
    lengths = np.fromiter((len(text or " ") + 1 for text in texts), np.int64, len(texts))
    lengths[-1] += 1
    return codes, np.repeat(np.arange(len(texts)), lengths)


def grams(texts: list[str]) -> Grams:
    """Every gram of every text; see `Grams`."""
    codes, rows = join(texts)
    classes = _classify(codes)
    hashed, starts, unseen = _characters(codes, classes)
    words, firsts, unseen_words = _words(codes, classes, rows)
    start = np.concatenate((*starts, *firsts))
    lost = np.zeros(len(texts), np.int64)
    for positions in (*unseen, *unseen_words):
        lost += np.bincount(rows[positions], minlength=len(texts))
    return Grams(_column((*hashed, *words)), rows[start], start, lost)


def _column(hashes: tuple[Codes, ...]) -> Codes:
    mixed = np.concatenate(hashes)
    mixed *= _MIX
    mixed ^= mixed >> np.uint32(15)
    mixed *= _PAIR
    mixed >>= np.uint32(32 - BITS)
    return mixed


def _classify(codes: Codes) -> NDArray[np.uint8]:
    if codes.max() > 0xFFFF:
        emoji = (codes >= 0x1F000) & (codes < 0x20000)
        codes = np.where(codes <= 0xFFFF, codes, np.where(emoji, _ASTRAL_SIGN, _ASTRAL_LETTER))
    return _CLASS[codes]


def _characters(
    codes: Codes, classes: NDArray[np.uint8]
) -> tuple[list[Codes], list[Columns], list[Columns]]:
    """Hashes and starts of the character grams of each size; starts of the unseen ones."""
    solid = classes != _BLANK
    uncovered = classes == _UNCOVERED
    spoiled: Mask | None = uncovered if classes.max() == _UNCOVERED else None
    rolling, inner = codes, np.ones(len(codes), np.bool_)
    hashed, starts, unseen = [], [], []
    for size in range(_SHORTEST, _LONGEST + 1):
        count = len(codes) - size + 1
        if count < 1:
            break
        rolling = rolling[:count] * _BASE + codes[size - 1 :]
        if size == _SHORTEST:
            keep = solid[:count] | solid[1:]
        else:
            inner = inner[:count] & solid[size - 2 : size - 2 + count]
            keep = inner
        if spoiled is not None:
            spoiled = spoiled[:count] | uncovered[size - 1 :]
            unseen.append(np.flatnonzero(keep & spoiled))
            keep = keep & ~spoiled
        start = np.flatnonzero(keep)
        starts.append(start)
        hashed.append(rolling[start] + np.uint32(size))
    return hashed, starts, unseen


def _words(
    codes: Codes, classes: NDArray[np.uint8], rows: Columns
) -> tuple[list[Codes], list[Columns], list[Columns]]:
    """Hashes and starts (one before the first letter) of words and pairs, as in `_characters`."""
    letters = classes >= _LETTER
    edges = np.flatnonzero(letters[1:] != letters[:-1])  # a blank stands at either end
    first, last = edges[::2] + 1, edges[1::2] + 1
    if len(first) == 0:
        return [], [], []
    where = np.flatnonzero(letters)
    sizes = last - first
    offsets = np.cumsum(sizes) - sizes
    place = np.minimum(np.arange(len(where)) - np.repeat(offsets, sizes), _MAX_WORD - 1)
    word = np.add.reduceat(codes[where] * _POWERS[place], offsets, dtype=np.uint32) ^ _WORD_SALT
    pair = word[:-1] * _BASE + word[1:]
    beside = rows[first[:-1]] == rows[first[1:]]
    start = first - 1
    if classes.max() == _LETTER:
        return [word, pair[beside]], [start, start[:-1][beside]], []
    known = np.maximum.reduceat(classes[where], offsets) == _LETTER
    both = known[:-1] & known[1:]
    unseen = [start[~known], start[:-1][beside & ~both]]
    kept = beside & both
    return [word[known], pair[kept]], [start[known], start[:-1][kept]], unseen


_REACH = 4096  # characters of a text that the short way takes
_POWER = np.cumprod(np.full(_REACH, _PAIR, np.uint32), dtype=np.uint32)
_INVERSE = np.cumprod(np.full(_REACH, pow(int(_PAIR), -1, 1 << 32), np.uint32), dtype=np.uint32)


def columns_of(text: str) -> tuple[Codes, float]:
    """One text's distinct columns and what each is worth: `matrix([text])`, without the rows."""
    codes, rows = join([text])
    classes = _classify(codes)
    hashed = _short_way(codes, classes)
    lost = 0
    if hashed is None:
        chars, _, unseen = _characters(codes, classes)
        words, _, unseen_words = _words(codes, classes, rows)
        hashed = (*chars, *words)
        lost = sum(map(len, (*unseen, *unseen_words)))
    found = _column(hashed)
    found.sort()
    distinct = found[_is_first(found)]
    return distinct, 1.0 / math.sqrt(max(len(distinct) + lost, 1))


def _short_way(codes: Codes, classes: NDArray[np.uint8]) -> tuple[Codes, ...] | None:
    """The hashes of one usual text, without their places, in half the time; None: the long way.

    Usual is covered scripts only, not long, no endless word. The hashes are those of `_characters`
    and `_words`: a word's comes from two running sums, moved to where it stands by _INVERSE.
    """
    if not _LONGEST <= len(codes) <= _REACH or classes.max() == _UNCOVERED:
        return None
    letters = classes >= _LETTER
    edges = (letters[1:] != letters[:-1]).nonzero()[0]  # a blank stands at either end
    before, last = edges[::2], edges[1::2]
    if len(before) and (last - before).max() > _MAX_WORD:
        return None
    solid = classes != _BLANK
    inner = solid[1:-1]
    two = codes[:-1] * _BASE + codes[1:]
    three = two[:-1] * _BASE + codes[2:]
    four = three[:-1] * _BASE + codes[3:]
    five = four[:-1] * _BASE + codes[4:]
    fourth = inner[:-1] & inner[1:]
    chars = (
        two[solid[:-1] | solid[1:]] + np.uint32(2),
        three[inner] + np.uint32(3),
        four[fourth] + np.uint32(4),
        five[fourth[:-1] & inner[2:]] + np.uint32(5),
    )
    if not len(before):
        return chars
    running = (codes * _POWER[: len(codes)]).cumsum(dtype=np.uint32)
    word = ((running[last] - running[before]) * _INVERSE[before]) ^ _WORD_SALT
    return (*chars, word, word[:-1] * _BASE + word[1:])


def matrix(texts: list[str]) -> Matrix:
    """The distinct columns of each text and the value that gives every text the same length."""
    found = grams(texts)
    keys = (found.row << BITS) | found.column
    keys.sort()
    keys = keys[_is_first(keys)]
    bounds = np.searchsorted(keys, np.arange(len(texts) + 1) << BITS)
    counts = np.diff(bounds) + found.unseen
    scale = (1.0 / np.sqrt(np.maximum(counts, 1))).astype(np.float32)
    return Matrix((keys & (COLUMNS - 1)).astype(np.int32), bounds, scale)


def _is_first(ordered: NDArray[np.integer[Any]]) -> Mask:
    first = np.empty(len(ordered), np.bool_)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first
