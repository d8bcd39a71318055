"""How much each of many decisions may teach, told from a few numbers of each: nobody outweighs.

Twenty-one bytes stand for a decision, however long its comment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from service.likeness import fingerprint
from service.scoring.building import NEAR

Prints = NDArray[np.uint64]
Mask = NDArray[np.bool_]

_OF_ONE_KIND = 5  # near-identical comments that count; a campaign is one lesson, not a thousand
_OF_ONE_MODERATOR = 0.5  # the share of the lessons that one of several moderators may supply
_BLOCKS = (*((start, 9) for start in range(0, 54, 9)), (54, 10))  # NEAR + 1 parts of 64 bits
_AT_ONCE = 1 << 20  # pairs of fingerprints


@dataclass(frozen=True, slots=True)
class Facts:
    """What is remembered of some decisions, one place each, newest first.

    `kinds` are equal where comments are of one cluster, `prints` are fingerprints, `actors` number
    the moderators.
    """

    kinds: Prints
    prints: Prints
    actors: NDArray[np.uint32]
    spam: Mask

    @classmethod
    def of(cls, decided: Iterable[tuple[str, str, int, bool]]) -> "Facts":
        """What is to be known of decisions: cluster, text, moderator's number, whether spam."""
        told = list(decided)
        prints = [fingerprint(text) for _cluster, text, _actor, _spam in told]
        kinds = [_kind_of(one[0], print_) for one, print_ in zip(told, prints, strict=True)]
        return cls(
            np.array(kinds, np.uint64),
            np.array(prints, np.uint64),
            np.array([actor for _cluster, _text, actor, _spam in told], np.uint32),
            np.array([spam for _cluster, _text, _actor, spam in told], np.bool_),
        )

    @classmethod
    def joined(cls, parts: Sequence["Facts"]) -> "Facts":
        """The facts of all parts."""
        return cls(
            np.concatenate([part.kinds for part in parts]),
            np.concatenate([part.prints for part in parts]),
            np.concatenate([part.actors for part in parts]),
            np.concatenate([part.spam for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.spam)

    def part(self, start: int, end: int) -> "Facts":
        """Those from one place to another."""
        return Facts(
            self.kinds[start:end], self.prints[start:end], self.actors[start:end],
            self.spam[start:end],
        )  # fmt: skip


def _kind_of(cluster: str, fingerprint: int) -> int:
    """64 bits that say which comments are of a kind: by cluster where there is one."""
    if not cluster:
        return fingerprint
    return int.from_bytes(blake2b(cluster.encode(), digest_size=8).digest(), "little")


def weights_of(facts: Facts) -> NDArray[np.float64]:
    """How much each may teach; 0 where too many of a kind are newer.

    What one of several moderators decided is made lighter until it is half of it all.
    """
    counts = _rank(facts.kinds) < _OF_ONE_KIND
    by = np.bincount(facts.actors[counts], minlength=1)
    total = int(by.sum())
    others = total - by
    light = (others > 0) & (by > _OF_ONE_MODERATOR * total)
    weight = np.where(light, others / np.maximum(by, 1), 1.0)
    found: NDArray[np.float64] = np.where(counts, weight[facts.actors], 0.0)
    return found


def _rank(kinds: Prints) -> NDArray[np.int64]:
    """How many of the same kind stand before each."""
    order = np.argsort(kinds, kind="stable")
    first = np.ones(len(kinds), np.bool_)
    first[1:] = np.diff(kinds[order]) != 0
    places = np.arange(len(kinds))
    rank = np.empty(len(kinds), np.int64)
    rank[order] = places - np.maximum.accumulate(np.where(first, places, 0))
    return rank


def is_fresh(later: Facts, older: Facts) -> Mask:
    """Which of the later ones are of no kind that is among the older, and near none of those."""
    fresh = ~np.isin(later.kinds, older.kinds)
    known = np.unique(older.prints)
    for start, bits in _BLOCKS:  # two that differ in NEAR bits at most agree in one of the blocks
        _sift(fresh, later.prints, known, np.uint64(start), np.uint64((1 << bits) - 1))
    return fresh


def _sift(fresh: Mask, prints: Prints, known: Prints, start: np.uint64, mask: np.uint64) -> None:
    """Strike what is near one of those known that agree with it in a block."""
    keys = (known >> start) & mask
    by_key = known[np.argsort(keys, kind="stable")]
    bounds = np.concatenate(([0], np.bincount(keys.astype(np.int64), minlength=int(mask) + 1)))
    bounds = bounds.cumsum()
    mine = ((prints >> start) & mask).astype(np.int64)
    for key in np.unique(mine[fresh]):
        at = np.flatnonzero(fresh & (mine == key))
        others = by_key[bounds[key] : bounds[key + 1]]
        step = max(1, _AT_ONCE // max(1, len(others)))
        for first in range(0, len(at), step):
            some = at[first : first + step]
            differing = np.bitwise_count(prints[some][:, None] ^ others[None, :])
            fresh[some[(differing <= NEAR).any(axis=1)]] = False
