"""What decisions change at once: the scores of their site, in proportion, and back again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace as replace_struct

from service import review
from service.correct import Seen, _lessons, correct
from service.domain import Submission
from service.scoring.explain import DECIDED_LATELY
from service.scoring.model import Model
from service.scoring.serving import Serving
from service.store.database import Database
from service.store.examples import Decided
from tests.deciding import decided_site, honest, promotion
from tests.factories import MODERATOR, NOW, a_submission


def test_scores_of_a_site_follow_its_decisions_at_once_and_an_undo_takes_it_back(
    database: Database, tiny_model: Path
) -> None:
    serving = Serving()
    serving.use(Model.load(tiny_model))
    here = a_submission(comment=promotion(300))
    elsewhere = replace_struct(here, site="blog")

    def probability(submission: Submission) -> float:
        score = serving.score(submission)
        assert score is not None
        return score.probability

    async def follow(seen: Seen | None) -> Seen | None:
        return await correct(serving, seen, store=database, now=NOW + timedelta(hours=3))

    before = probability(here)
    decided_site(database, 40)
    seen = asyncio.run(follow(None))

    assert probability(here) > max(before, 0.5)
    assert probability(elsewhere) == before
    score = serving.score(here)
    assert score is not None
    assert DECIDED_LATELY in {term.text for term in score.terms}

    async def undo_all() -> None:
        for made in await review.latest_decisions(MODERATOR, store=database):
            await review.undo(MODERATOR, made.id, store=database, now=NOW)

    for _ in range(4):  # ten are listed at a time
        asyncio.run(undo_all())
    asyncio.run(follow(seen))

    assert probability(here) == before


def test_nothing_is_learnt_again_while_nothing_was_decided(
    sqlite: Database, tiny_model: Path
) -> None:
    serving = Serving()
    serving.use(Model.load(tiny_model))
    decided_site(sqlite, 4)

    async def twice() -> tuple[Seen | None, Seen | None]:
        first = await correct(serving, None, store=sqlite, now=NOW)
        return first, await correct(serving, first, store=sqlite, now=NOW)

    first, second = asyncio.run(twice())

    assert first is second is not None


def some_decided(number: int) -> list[Decided]:
    """Newest first."""
    return [
        Decided(a_submission(comment=honest(n)), False, "", "ann", NOW)
        for n in reversed(range(number))
    ]


def test_an_old_decision_counts_less_than_a_new_one_and_comes_before_it() -> None:
    newer, older = some_decided(2)

    lessons = _lessons([newer, replace(older, at=NOW - timedelta(days=60))], NOW)

    assert [lesson.weight for lesson in lessons] == [0.25, 1.0]
    assert [lesson.submission for lesson in lessons] == [older.submission, newer.submission]


def test_a_campaign_corrects_no_more_than_a_few_comments_of_it() -> None:
    campaign = [replace(one, cluster="c1", spam=True) for one in some_decided(500)]

    lessons = _lessons([*campaign, *some_decided(20)], NOW)

    assert sum(lesson.spam for lesson in lessons) == 5
    assert len(lessons) == 25
