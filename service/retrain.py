"""Learn from what moderators decided: decisions → candidate → comparison.

The candidate starts from the model that was shipped, so that a small site does not forget, and
learns from decisions and from the corpus in turn. What is compared on was not learnt from. Each
comment is read once, into a file of hashed rows: memory does not grow with their texts.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from service.errors import UsageError
from service.scoring.artifact import AGAINST, Artifact
from service.scoring.building import split
from service.scoring.comparison import Comparison, Judged, labels_of, weigh
from service.scoring.corpora import Example
from service.scoring.evaluation import Labels, Scores
from service.scoring.learning import Learner
from service.scoring.lessons import Replay, Weights, in_turn, stride_of
from service.scoring.model import Model
from service.scoring.rows import RowFile, Rows
from service.scoring.shares import Facts, is_fresh, weights_of
from service.store import models
from service.store.database import Database
from service.store.examples import Decided, Place, count_decided, decided_at, places_before

NOTHING_DECIDED = "nothing was decided yet that tells spam from ham"
NEWEST = 1_000_000  # decisions that are learnt from
LEAST_HELD_OUT = 20  # decisions without which two models cannot be compared
_HELD_OUT = 0.2  # the newest share of the decisions, kept for the comparison
_MOST_HELD_OUT = 20_000  # decisions, which tell a difference of a few in a thousand
_PASSES = 2
_AT_ONCE = 256  # decisions that are read together
_MOST_BYTES = 4 << 30  # on disk while it learns
_OF_FREE = 2  # and no more than one part in so many of what is free

T = TypeVar("T")


class Follow(Protocol):
    """Goes along with what is gone through, of which there are about so many, under a name."""

    def __call__(self, items: Iterable[T], count: int, what: str, /) -> Iterable[T]:
        """The same items."""


def _alone(items: Iterable[T], _count: int, _what: str) -> Iterable[T]:
    return items


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model learnt from decisions, compared with the one in use. `missing` is how many more
    decisions a comparison needs; `against` says in words why it should not be promoted."""

    name: str
    comparisons: tuple[Comparison, ...]
    missing: int

    @property
    def against(self) -> tuple[str, ...]:
        """Empty when it is not worse, as far as can be told."""
        if self.missing:
            return (f"too few decisions to compare on: {self.missing} more needed",)
        return tuple(chain.from_iterable(one.worse for one in self.comparisons))


def retrain(
    store: Database, *, current: Model, base: Model, corpus: Sequence[Example], folder: Path,
    now: datetime, tell: Callable[[str], None], follow: Follow = _alone,
) -> Candidate:  # fmt: skip
    """Learn a candidate from the decisions in force, compare it with the `current` model and store
    it; promotes nothing.

    It starts from `base`; a part of `corpus` is set apart to compare on. The rows it learns from
    lie in a file in `folder` meanwhile. `tell` hears of each step, `follow` goes along. Raises
    UsageError when nothing was decided yet or there is no room; Unavailable.
    """
    replayed, frozen = split(corpus)
    apart = [Rows.of(example.submission for example in frozen)]
    with _room(folder) as rows:
        facts = _gather(store, rows, tell, follow)
        held = min(int(len(facts) * _HELD_OUT), _MOST_HELD_OUT)
        later, kept = facts.part(0, held), facts.part(held, len(facts))
        fresh = is_fresh(later, kept)
        tell(f"learning from {len(kept)} decisions and {len(replayed)} comments of the corpus")
        learner = Learner(base)
        weight = np.concatenate((np.zeros(held), weights_of(kept)))
        _learn(learner, rows, facts.spam, weight, Replay.of(replayed), follow)
        tell(f"comparing on {fresh.sum()} later decisions and {len(frozen)} comments set apart")
        name = f"{now:%Y%m%d-%H%M%S}"
        learnt = replace(base, name=name, weights=learner.weights, intercept=learner.intercept)
        comparisons = tuple(
            _compare(what, pieces, labels, current, learnt, chosen)
            for what, pieces, labels, chosen in (
                ("decisions", rows.first(held), later.spam, fresh),
                ("corpus", apart, labels_of(frozen), np.ones(len(frozen), np.bool_)),
            )
            if chosen.any()
        )
    candidate = Candidate(name, comparisons, max(0, LEAST_HELD_OUT - int(fresh.sum())))
    artifact = Artifact.pack(learner.weights, learner.intercept, _card(candidate, base, kept, now))
    with store.transaction() as conn:
        models.add_model(conn, name, artifact.card, artifact.weights, now)
    return candidate


def _room(folder: Path) -> RowFile:
    """An empty file for the rows, that leaves room on the disk for what is served."""
    try:
        return RowFile(folder, min(_MOST_BYTES, shutil.disk_usage(folder).free // _OF_FREE))
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}") from None


def _gather(store: Database, rows: RowFile, tell: Callable[[str], None], follow: Follow) -> Facts:
    """Read the decisions, newest first: their rows into the file, what is to be known of each."""
    with store.snapshot() as conn:
        count = count_decided(conn, most=NEWEST)
    if not count:
        raise UsageError(NOTHING_DECIDED)
    tell(f"reading {count} decisions")
    actors: dict[str, int] = {}
    facts: list[Facts] = []
    for some in follow(_batches(store), count // _AT_ONCE + 1, "reading decisions"):
        if not rows.add(Rows.of(one.submission for one in some)):
            if not facts:
                raise UsageError("there is no room on the disk to learn from decisions")
            tell(f"there is room on disk for the newest {rows.count} only")
            break
        facts.append(
            Facts.of(
                (one.cluster, one.submission.comment, actors.setdefault(one.actor, len(actors)),
                 one.spam)
                for one in some
            )
        )  # fmt: skip
    if not facts:
        raise UsageError(NOTHING_DECIDED)
    return Facts.joined(facts)


def _batches(store: Database) -> Iterator[list[Decided]]:
    """The newest NEWEST decisions, newest first; nobody waits for it, and no transaction is long.

    What is decided meanwhile is newer than what is read and left for the next time.
    """
    before: Place | None = None
    left = NEWEST
    while left > 0:
        with store.snapshot() as conn:
            places = places_before(conn, before)
            if not places:
                return
            with closing(decided_at(conn, places, most=left)) as ahead:
                while some := list(islice(ahead, _AT_ONCE)):
                    yield some
                    left -= len(some)
        before = places[-1]


def _learn(
    learner: Learner, rows: RowFile, spam: Labels, weight: Weights, replay: Replay, follow: Follow
) -> None:
    lessons = int(np.count_nonzero(weight))
    count = lessons + max(lessons, len(replay.spam))
    stride = stride_of(count)
    for number in range(1, _PASSES + 1):
        strides = in_turn(rows, spam, weight, replay, stride)
        for stretch in follow(strides, count // stride + 1, f"pass {number} of {_PASSES}"):
            learner.stride(*stretch)


def _compare(
    name: str, pieces: Iterable[Rows], labels: Labels, current: Model, learnt: Model, chosen: Labels
) -> Comparison:
    """What both make of those chosen, which neither was taught."""
    told = [(_told(current, piece), _told(learnt, piece)) for piece in pieces]
    ours, theirs = (np.concatenate(scores)[chosen] for scores in zip(*told, strict=True))
    return weigh(
        name, labels[chosen], Judged(current.name, ours, current.publish_below),
        Judged(learnt.name, theirs, current.publish_below),
    )  # fmt: skip


def _told(model: Model, rows: Rows) -> Scores:
    return rows.probabilities(model.weights.astype(np.float64), model.intercept)


def _card(candidate: Candidate, base: Model, kept: Facts, now: datetime) -> dict[str, object]:
    spam = int(kept.spam.sum())
    learnt_from = {"source": "decisions", "spam": spam, "ham": len(kept) - spam, "broken_rows": 0}
    return {
        "name": candidate.name,
        "created": now.isoformat(),
        "thresholds": {"publish": base.publish_below, "reject": base.reject_above},
        "started_from": {"model": base.name, "sha256": base.card.get("sha256", "")},
        "trained_on": [*base.card.get("trained_on", ()), learnt_from],
        "held_out": {one.candidate.name: one.candidate.as_card() for one in candidate.comparisons},
        "compared": [
            {
                who: {"name": measured.name, **measured.as_card()}
                for who, measured in (("current", one.current), ("candidate", one.candidate))
            }
            for one in candidate.comparisons
        ],
        AGAINST: list(candidate.against),
    }
