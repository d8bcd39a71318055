"""Correct scores by the latest decisions: for each site, on top of the model in use, at once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

from service.scoring.correction import Correction
from service.scoring.learning import Learner, Lesson
from service.scoring.model import Model
from service.scoring.serving import Serving
from service.scoring.shares import Facts, weights_of
from service.store.database import Database
from service.store.examples import Decided, latest_changes, read_decided

_OF_ONE_SITE = 200  # decisions that correct the scores of a site
_LATELY = 1000  # decisions over all sites that do
_SITES = 8  # sites that are corrected, those decided on last; each takes two megabytes
_HALF_LIFE = timedelta(days=30)

Seen = tuple[Model, tuple[tuple[str, bool], ...]]  # what corrections were made from


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
        learner.learn(_lessons(ones[:_OF_ONE_SITE], now))
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


def _lessons(decided: Sequence[Decided], now: datetime) -> list[Lesson]:
    """Lessons from decisions, newest first, in the order they were made.

    Without what too much of came from one source; each counts the less the older it is.
    """
    actors: dict[str, int] = {}
    facts = Facts.of(
        (one.cluster, one.submission.comment, actors.setdefault(one.actor, len(actors)), one.spam)
        for one in decided
    )
    lessons = [
        Lesson(one.submission, one.spam, weight * 0.5 ** max(0.0, (now - one.at) / _HALF_LIFE))
        for one, weight in zip(decided, weights_of(facts).tolist(), strict=True)
        if weight
    ]
    return lessons[::-1]
