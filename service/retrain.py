"""Learn from what moderators decided: decisions → candidate → comparison.

The candidate starts from the model that was shipped, so that a small site does not forget, and
learns from decisions and from the corpus in turn. What is compared on was not learnt from.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, cycle, islice

from service.errors import UsageError
from service.likeness import fingerprint
from service.scoring.artifact import AGAINST, Artifact
from service.scoring.building import split, without_near
from service.scoring.comparison import Comparison, compare
from service.scoring.corpora import Example
from service.scoring.correction import Correction
from service.scoring.learning import Learner, Lesson
from service.scoring.model import Model
from service.scoring.serving import Serving
from service.store import models
from service.store.database import Database
from service.store.examples import Decided, latest_changes, read_decided

NOTHING_DECIDED = "nothing was decided yet that tells spam from ham"
NEWEST = 100_000  # decisions that are learnt from
LEAST_HELD_OUT = 20  # decisions without which two models cannot be compared
_HELD_OUT = 0.2  # the newest share of the decisions, kept for the comparison
_OF_ONE_CLUSTER = 5  # near-identical comments that count; a campaign is one lesson, not a thousand
_OF_ONE_MODERATOR = 0.5  # the share of the examples one of several moderators may supply
_PASSES = 2
_OF_ONE_SITE = 200  # decisions that correct the scores of a site
_LATELY = 1000  # decisions over all sites that do
_SITES = 8  # sites that are corrected, those decided on last; each takes two megabytes
_HALF_LIFE = timedelta(days=30)
_SEED = 20261124


Follow = Callable[[Iterable[Lesson], int, str], Iterable[Lesson]]  # with their number and a name
Seen = tuple[Model, tuple[tuple[str, bool], ...]]  # what corrections were made from


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
    store: Database,
    *,
    current: Model,
    base: Model,
    corpus: Sequence[Example],
    now: datetime,
    tell: Callable[[str], None],
    follow: Follow = lambda lessons, _count, _what: lessons,
) -> Candidate:
    """Learn a candidate from the decisions in force, compare it with the `current` model and store
    it; promotes nothing.

    It starts from `base`; a part of `corpus` is set apart to compare on. `tell` hears of each
    step, `follow` goes along with the lessons. Raises UsageError when nothing was decided yet;
    Unavailable.
    """
    with store.transaction() as conn:
        decided = list(read_decided(conn, newest=NEWEST))[::-1]
    if not decided:
        raise UsageError(NOTHING_DECIDED)
    held_out, kept = _split(decided)
    replayed, frozen = split(corpus)
    tell(f"learning from {len(kept)} decisions and {len(replayed)} comments of the corpus")
    learner = Learner(base)
    lessons = _bounded(kept)
    for number in range(1, _PASSES + 1):
        count = len(lessons) + max(len(lessons), len(replayed))
        learner.learn(follow(_in_turn(lessons, replayed), count, f"pass {number} of {_PASSES}"))
    tell(f"comparing on {len(held_out)} later decisions and {len(frozen)} comments set apart")
    name = f"{now:%Y%m%d-%H%M%S}"
    learnt = replace(base, name=name, weights=learner.weights, intercept=learner.intercept)
    comparisons = tuple(
        compare(what, examples, current, learnt)
        for what, examples in (("decisions", held_out), ("corpus", frozen))
        if examples
    )
    candidate = Candidate(name, comparisons, max(0, LEAST_HELD_OUT - len(held_out)))
    card = _card(candidate, base, kept, now)
    artifact = Artifact.pack(learner.weights, learner.intercept, card)
    with store.transaction() as conn:
        models.add_model(conn, name, artifact.card, artifact.weights, now)
    return candidate


async def correct(
    serving: Serving, seen: Seen | None, *, store: Database, now: datetime
) -> Seen | None:
    """Let the scores of each site follow what its moderators decided since the model was made.

    The newest count, each half as much for every month of age. Returns what was seen, for the
    next call. Raises Unavailable.
    """
    model = serving.model
    changes = await store.read(latest_changes, newest=_LATELY)
    if model is None or (seen is not None and seen[0] is model and seen[1] == changes):
        return seen
    since = _made_at(model)
    decided = await store.read(lambda conn: list(read_decided(conn, newest=_LATELY, since=since)))
    corrections = await asyncio.to_thread(_corrections, model, decided, now)
    if serving.model is model:
        serving.correct(corrections)
    return model, changes


def _corrections(model: Model, decided: Sequence[Decided], now: datetime) -> dict[str, Correction]:
    """By site, of those decided on last; `decided` is newest first."""
    by_site: dict[str, list[Decided]] = {}
    for one in decided:
        by_site.setdefault(one.submission.site, []).append(one)
    corrections: dict[str, Correction] = {}
    for site, ones in islice(by_site.items(), _SITES):
        learner = Learner(model)
        learner.learn(_bounded(ones[:_OF_ONE_SITE][::-1], now))
        if (correction := learner.correction) is not None:
            corrections[site] = correction
    return corrections


def _made_at(model: Model) -> datetime | None:
    """When a model was made; what was decided before it may have been learnt already."""
    try:
        made = datetime.fromisoformat(str(model.card.get("created")))
    except ValueError:
        return None
    return made if made.tzinfo else None


def _split(decided: Sequence[Decided]) -> tuple[list[Example], list[Decided]]:
    """The newest as examples to compare on, and the others; nothing alike is on both sides."""
    at = len(decided) - int(len(decided) * _HELD_OUT)
    kept = list(decided[:at])
    clusters = {one.cluster for one in kept if one.cluster}
    later = [_example(one) for one in decided[at:] if one.cluster not in clusters]
    return without_near(later, [_example(one) for one in kept]), kept


def _example(one: Decided) -> Example:
    return Example(one.submission, one.spam, one.at.isoformat())


def _bounded(decided: Sequence[Decided], now: datetime | None = None) -> list[Lesson]:
    """Lessons in the order of their decisions, without what too much of came from one source.

    With `now` each counts the less the older it is.
    """
    seen: Counter[str] = Counter()
    kept: list[Decided] = []
    for one in reversed(decided):  # the newest of a cluster count
        kind = one.cluster or f"{fingerprint(one.submission.comment):016x}"
        seen[kind] += 1
        if seen[kind] <= _OF_ONE_CLUSTER:
            kept.append(one)
    by = Counter(one.actor for one in kept)
    weight = dict.fromkeys(by, 1.0)
    for actor, count in by.items():
        others = len(kept) - count
        if others and count > _OF_ONE_MODERATOR * len(kept):
            weight[actor] = others / count
    return [
        Lesson(one.submission, one.spam, weight[one.actor] * _freshness(one, now))
        for one in reversed(kept)
    ]


def _freshness(one: Decided, now: datetime | None) -> float:
    return 1.0 if now is None else float(0.5 ** max(0.0, (now - one.at) / _HALF_LIFE))


def _in_turn(lessons: Sequence[Lesson], base: Sequence[Example]) -> Iterator[Lesson]:
    """Decisions and comments of the corpus in turn, all of both at least once."""
    replay = [Lesson(example.submission, example.spam) for example in base]
    random.Random(_SEED).shuffle(replay)  # noqa: S311 - repeatable, no secret
    again = cycle(replay)
    yield from replay[len(lessons) :]
    for lesson in lessons:
        yield next(again)
        yield lesson


def _card(
    candidate: Candidate, base: Model, kept: Sequence[Decided], now: datetime
) -> dict[str, object]:
    spam = sum(one.spam for one in kept)
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
