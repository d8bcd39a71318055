"""What a text weighs: its words and pairs of words, each word's grams added up once and kept.

A word's grams depend on the word alone, so that a comment of words met before costs a look-up a
word and one look at the weights for its pairs.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise, repeat
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.scoring.hashing import (
    COLUMNS,
    UNREAD,
    core_of,
    hash_core,
    hash_cores,
    is_latin,
    pair_columns,
    scale_of,
    words_of,
)

_MOST_KEPT = 14_000  # words, and as many older ones; about 170 bytes each
_FEW = 4  # cores that are hashed sooner one by one than together

Entry = tuple[float, int, int]  # what a word's grams weigh together, how many, the word's code
_WEIGHT, _CODE = itemgetter(0), itemgetter(2)


class Weighed(NamedTuple):
    """A text's words in order, each one's entry, and what each pair of neighbours weighs: once.

    All of it times `scale` is `logit`, which the text adds to the log-odds of spam.
    """

    words: list[str]
    entries: dict[str, Entry]
    pairs: list[float]
    scale: float
    logit: float

    def shares(self) -> list[float]:
        """What is due to the word at each place, together `logit`: what its grams weigh, where it
        first stands, and half of each pair it is in."""
        rest, none = dict(self.entries), (0.0, 0, 0)
        own = list(map(_WEIGHT, map(rest.pop, self.words, repeat(none))))
        pairs, half = self.pairs, self.scale / 2
        beside = zip(own, [0.0, *pairs], [*pairs, 0.0], strict=False)
        return [(2 * word + before + after) * half for word, before, after in beside]


_NOTHING = Weighed([], {}, [], 1.0, 0.0)


class WordTable:
    """The words a model has met lately and what they weigh. For one thread.

    When it is full, all become older words; an older word that is met again is kept, the others
    are forgotten when it is full the next time.
    """

    def __init__(self, weights: NDArray[np.float32], *, most_kept: int = _MOST_KEPT) -> None:
        """`weights` begin with those of the hashed columns, in log-odds.

        `most_kept` words are remembered, and as many older ones.
        """
        self._most_kept = most_kept
        self._weights = weights[:COLUMNS]
        self._weight_at = memoryview(self._weights.data).__getitem__
        self._kept: dict[str, Entry] = {}
        self._older: dict[str, Entry] = {}

    def __len__(self) -> int:
        """How many words are kept."""
        return len(self._kept) + len(self._older)

    def weigh(self, text: str) -> Weighed:
        """Weigh the words of a text as in a reading."""
        words = text.split()
        if not words:
            return _NOTHING
        try:
            each = list(map(self._kept.__getitem__, words))
        except KeyError:  # an endless word is never kept, its pieces are
            words = words_of(text)
            self.meet(words)
            each = list(map(self._kept.__getitem__, words))
        entries = dict(zip(words, each, strict=True))
        weights, sizes, _ = zip(*entries.values(), strict=True)
        pairs, count = self._weigh_pairs(list(map(_CODE, each)))
        scale = scale_of(sum(sizes) + count)
        return Weighed(words, entries, pairs, scale, (sum(weights) + sum(pairs)) * scale)

    def _weigh_pairs(self, codes: list[int]) -> tuple[list[float], int]:
        """What the pair at each place weighs, 0 where it is not its first; how many there are."""
        code = np.array(codes).astype(np.uint32)
        columns = pair_columns(code[:-1], code[1:])
        weights: list[float] = self._weights.take(columns).tolist()
        found: list[int] = columns.tolist()
        if max(codes) >= UNREAD:
            for place, pair in enumerate(pairwise(codes)):
                if max(pair) >= UNREAD:
                    found[place] += COLUMNS
                    weights[place] = 0.0
        seen = set(found)
        count = len(seen)
        if count < len(found):
            for place, column in enumerate(found):
                if column in seen:
                    seen.discard(column)
                else:
                    weights[place] = 0.0
        return weights, count

    def meet(self, words: Iterable[str]) -> None:
        """Hash words together, so that each is known when it is weighed."""
        words = set(words)
        fresh = words.difference(self._kept)
        if len(self._kept) + len(fresh) > self._most_kept:
            self._kept, self._older = {}, self._kept
            fresh = words
        kept, older = self._kept, self._older
        core = {word: core_of(word) for word in fresh}
        unseen = set(core.values()).difference(kept)
        kept.update((word, older[word]) for word in unseen if word in older)
        if new := list(unseen.difference(older)):
            kept.update(zip(new, self._hash(new), strict=True))
        for word, its in core.items():
            kept[word] = kept[its]

    def _hash(self, cores: list[str]) -> Iterator[Entry]:
        if len(cores) <= _FEW and is_latin(cores):
            return map(self._hash_one, cores)
        found = hash_cores(cores)
        weights = np.bincount(found.row, self._weights.take(found.columns), len(cores))
        return zip(weights.tolist(), found.size.tolist(), found.code.tolist(), strict=True)

    def _hash_one(self, core: str) -> Entry:
        columns, code = hash_core(core)
        return sum(map(self._weight_at, columns)), len(columns), code
