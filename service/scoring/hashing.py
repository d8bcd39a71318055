"""Texts → hashed n-gram columns, word by word, so that serving can keep what a word weighs.

A text is its distinct words, as they stand between blanks, and its distinct pairs of neighbours.
Of a word only its core counts, without the signs around it: its grams are the core itself and 3 to
5 of its characters, with a blank at either end (what scikit-learn calls `char_wb`). A column counts
what gives it. Letters of a script the model has no honest examples of give no columns: they count
in a text's length only, so that no weight can come to mean "this script is spam".
"""

import math
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import mul

import numpy as np
from numpy.typing import NDArray

BITS = 18
COLUMNS = 1 << BITS
COVERED_SCRIPTS = ("Latin",)
UNREAD = 1 << 32  # marks the code of a word that has letters of another script
HOST_PLANE = 0xE000  # the letters of host names are moved here, to columns of their own

_BLANK, _SIGN, _LETTER, _UNCOVERED = 0, 1, 2, 3
_SHORTEST, _LONGEST = 3, 5
_BASE = np.uint32(0x01000193)
_MIX = np.uint32(0x9E3779B1)
_SPREAD = np.uint32(0x85EBCA6B)
_WORD_SALT = np.uint32(0x27D4EB2F)
_LONGEST_WORD = 32  # characters; what is longer is read as several words
_NOT_LATIN = "\u0370"  # characters below are signs or letters of Latin script
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

Numbers = NDArray[np.int64]
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
    table[0x20] = _BLANK
    return table


_CLASS = _classes()
_POWERS = np.cumprod(np.full(_LONGEST_WORD, _SPREAD, np.uint32), dtype=np.uint32)


_SIGNS = string.punctuation + "".join(
    chr(code) for code in (*range(0xA1, 0xC0), *range(0x2010, 0x205F)) if _CLASS[code] == _SIGN
)


@dataclass(frozen=True, slots=True)
class Hashed:
    """What some cores give: the distinct `columns` of one after the other, with the core's number
    in `row`; of each core `size`, how many grams it has, those without a column included, and
    `code`, which stands for it in pairs: from UNREAD on if it has uncovered letters."""

    columns: NDArray[np.int64]
    row: Numbers
    size: Numbers
    code: Numbers


@dataclass(frozen=True, slots=True)
class Matrix:
    """The columns of a batch in CSR form: row i is `columns[bounds[i]:bounds[i + 1]]`, of which
    each is worth its `counts` times `scale[i]`: one over the root of how many grams there are."""

    columns: NDArray[np.int32]
    counts: Numbers
    bounds: Numbers
    scale: NDArray[np.float64]


def words_of(text: str) -> list[str]:
    """The words of a normalised text, in order; endless ones in pieces."""
    words = text.split()
    if max(map(len, words), default=0) <= _LONGEST_WORD:
        return words
    return [
        word[at : at + _LONGEST_WORD] for word in words for at in range(0, len(word), _LONGEST_WORD)
    ]


def core_of(word: str) -> str:
    """A word without the signs around it, or all of it if it is nothing but signs."""
    return word.strip(_SIGNS) or word


def hash_cores(cores: Sequence[str]) -> Hashed:
    """The grams of some cores of words, at least one; see `Hashed`."""
    raw = f" {' '.join(cores)} ".encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(raw, np.uint32)
    classes = _classify(codes)
    rows = (classes == _BLANK).cumsum() - 1  # a blank belongs to the core after it
    hashed, starts, lost = _characters(codes, classes)
    code = _code(codes, classes, rows, len(cores))
    whole = (code < UNREAD).nonzero()[0]
    row = np.concatenate((rows[np.concatenate(starts)], whole))
    keys = (row << BITS) | _column(np.concatenate((*hashed, code[whole].astype(np.uint32))))
    keys.sort()
    first = np.empty(len(keys), np.bool_)
    first[:1] = True
    np.not_equal(keys[1:], keys[:-1], out=first[1:])
    keys = keys[first]
    row = keys >> BITS
    size = np.bincount(row, minlength=len(cores)) + (code >= UNREAD)
    if lost:
        size += np.bincount(rows[np.concatenate(lost)], minlength=len(cores))
    return Hashed(keys & (COLUMNS - 1), row, size, code)


_ALL = 0xFFFFFFFF
_STEP, _FIRST, _SECOND, _SALT = int(_BASE), int(_MIX), int(_SPREAD), int(_WORD_SALT)
_PLACES = tuple(map(int, _POWERS))


def hash_core(core: str) -> tuple[set[int], int]:
    """The columns and code of one core in Latin script: `hash_cores([core])` in a fifth of the
    time, since numpy is slow with so little."""
    codes = [0x20, *map(ord, core), 0x20]
    two = [a * _STEP + b for a, b in pairwise(codes)]
    three = [rolling * _STEP + c for rolling, c in zip(two, codes[2:], strict=False)]
    four = [rolling * _STEP + c for rolling, c in zip(three, codes[3:], strict=False)]
    five = [rolling * _STEP + c for rolling, c in zip(four, codes[4:], strict=False)]
    letters = codes[1:-1] if core.isalnum() else [ord(char) for char in core if char.isalnum()]
    code = sum(map(mul, letters, _PLACES)) & _ALL ^ _SALT
    mixed = [code * _FIRST & _ALL]
    mixed += [(rolling + 3) * _FIRST & _ALL for rolling in three]
    mixed += [(rolling + 4) * _FIRST & _ALL for rolling in four]
    mixed += [(rolling + 5) * _FIRST & _ALL for rolling in five]
    return {((x ^ x >> 15) * _SECOND & _ALL) >> (32 - BITS) for x in mixed}, code


def is_latin(cores: Iterable[str]) -> bool:
    """Whether `hash_core` can read all of these."""
    return max(map(max, cores)) < _NOT_LATIN


def _column(mixed: Codes) -> Codes:
    mixed = mixed * _MIX
    mixed ^= mixed >> np.uint32(15)
    mixed *= _SPREAD
    mixed >>= np.uint32(32 - BITS)
    return mixed


def _classify(codes: Codes) -> NDArray[np.uint8]:
    if codes.max() > 0xFFFF:
        emoji = (codes >= 0x1F000) & (codes < 0x20000)
        codes = np.where(codes <= 0xFFFF, codes, np.where(emoji, _ASTRAL_SIGN, _ASTRAL_LETTER))
    return _CLASS[codes]


def _characters(
    codes: Codes, classes: NDArray[np.uint8]
) -> tuple[list[Codes], list[Numbers], list[Numbers]]:
    """Hashes and starts of the character grams of each size; starts of the unseen ones."""
    solid = classes != _BLANK
    uncovered = classes == _UNCOVERED
    spoiled: Mask | None = uncovered if uncovered.any() else None
    hashed, starts, unseen = [], [], []
    rolling = codes[:-1] * _BASE + codes[1:]
    inner = np.ones(len(codes), np.bool_)
    for size in range(_SHORTEST, _LONGEST + 1):
        count = len(codes) - size + 1
        if count < 1:
            break
        rolling = rolling[:count] * _BASE + codes[size - 1 :]
        inner = inner[:count] & solid[size - 2 : size - 2 + count]
        start = inner.nonzero()[0]
        if spoiled is not None:
            spoiled = _any_of(uncovered, size)
            unseen.append(start[spoiled[start]])
            start = start[~spoiled[start]]
        starts.append(start)
        hashed.append(rolling[start] + np.uint32(size))
    return hashed, starts, unseen


def _any_of(mask: Mask, size: int) -> Mask:
    """Whether any of `size` entries from each place on is set."""
    any_of: Mask = np.logical_or.reduce(
        [mask[at : len(mask) + 1 - size + at] for at in range(size)]
    )
    return any_of


def _code(codes: Codes, classes: NDArray[np.uint8], rows: Numbers, count: int) -> Numbers:
    """Each core's hash over its letters, from UNREAD on if any of them is not covered."""
    letters = (classes >= _LETTER).nonzero()[0]
    row = rows[letters]
    ends = np.bincount(row, minlength=count).cumsum()
    starts = np.concatenate(([0], ends[:-1]))
    running = np.zeros(len(letters) + 1, np.uint32)
    powers = _POWERS[np.arange(len(letters)) - starts[row]]
    np.cumsum(codes[letters] * powers, out=running[1:])
    code: Numbers = ((running[ends] - running[starts]) ^ _WORD_SALT).astype(np.int64)
    code[rows[classes == _UNCOVERED]] |= UNREAD
    return code


def pair_columns(left: Codes, right: Codes) -> Codes:
    """The column of each pair of words, from the codes of their cores."""
    return _column(left * _BASE + right)


def scale_of(grams: int) -> float:
    """What a gram is worth in a text of so many."""
    return 1.0 / math.sqrt(max(grams, 1))


def matrix(texts: Sequence[str]) -> Matrix:
    """The columns of each text; see `Matrix`."""
    split = [words_of(text) for text in texts]
    core = {word: core_of(word) for words in split for word in words}
    place = {core: at for at, core in enumerate(dict.fromkeys(["-", *core.values()]))}
    found = hash_cores(list(place))
    row, word = _numbers(
        (
            (row, place[core[word]])
            for row, words in enumerate(split)
            for word in dict.fromkeys(words)
        ),
        2,
    )
    pair_row, left, right = _numbers(
        (
            (row, place[core[left]], place[core[right]])
            for row, words in enumerate(split)
            for left, right in pairwise(words)
        ),
        3,
    )
    left, right = found.code[left], found.code[right]
    unread = (left | right) >= UNREAD  # such a pair has no column and counts in the length only
    column = pair_columns(left.astype(np.uint32), right.astype(np.uint32)) + unread * COLUMNS
    pairs = np.unique((pair_row << (BITS + 1)) | column)
    pair_row, column = pairs >> (BITS + 1), pairs & (2 * COLUMNS - 1)
    grams = np.bincount(row, found.size[word], minlength=len(texts))
    grams += np.bincount(pair_row, minlength=len(texts))
    pairs = ((pair_row << BITS) | column)[column < COLUMNS]
    keys, counts = np.unique(np.concatenate((_spread(row, word, found), pairs)), return_counts=True)
    bounds = np.searchsorted(keys, np.arange(len(texts) + 1) << BITS)
    scale = np.array([scale_of(int(count)) for count in grams])
    return Matrix((keys & (COLUMNS - 1)).astype(np.int32), counts, bounds, scale)


def _spread(row: Numbers, core: Numbers, found: Hashed) -> Numbers:
    """Every column of the cores in each row, as `row << BITS | column`."""
    many = np.bincount(found.row, minlength=len(found.size))
    first = many.cumsum() - many
    many = many[core]
    within = np.arange(many.sum()) - np.repeat(many.cumsum() - many, many)
    columns: Numbers = found.columns[np.repeat(first[core], many) + within]
    columns |= np.repeat(row, many) << BITS
    return columns


def _numbers(rows: Iterable[tuple[int, ...]], width: int) -> tuple[Numbers, ...]:
    return tuple(np.array(list(rows), np.int64).reshape(-1, width).T)
