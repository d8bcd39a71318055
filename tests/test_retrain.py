"""From decisions to a candidate: what is learnt from, what is compared on, what is bounded."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_struct

from service import review
from service.domain import Decision, Submission
from service.errors import UsageError
from service.promote import current_model
from service.retrain import (
    LEAST_HELD_OUT,
    Candidate,
    Seen,
    _bounded,
    _in_turn,
    _split,
    correct,
    retrain,
)
from service.scoring.corpora import Example
from service.scoring.explain import DECIDED_LATELY
from service.scoring.model import Model
from service.scoring.serving import Serving
from service.store import models
from service.store.database import Database
from service.store.examples import Decided
from service.vocabulary import Choice, Reason
from tests.deciding import decided_site, honest, promotion
from tests.factories import MODERATOR, NOW, a_comment, a_site, a_submission, rejecting
from tests.tiny_model import examples, promote_model


def learn(database: Database, tiny_model: Path) -> Candidate:
    base = Model.load(tiny_model)
    return retrain(
        database, current=base, base=base, corpus=examples(), now=NOW, tell=lambda _text: None
    )


def test_a_candidate_learns_what_moderators_decide_and_is_not_worse(
    database: Database, tiny_model: Path
) -> None:
    decided_site(database, 200)

    candidate = learn(database, tiny_model)

    on_decisions = candidate.comparisons[0]
    assert candidate.against == ()
    assert on_decisions.candidate.recall.value > on_decisions.current.recall.value
    assert on_decisions.candidate.false_positives.count == 0
    with database.transaction() as conn:
        ((_name, card),) = models.list_cards(conn)
    compared = json.loads(card)["compared"][0]
    assert compared["current"]["recall"] == on_decisions.current.recall.as_card()
    assert compared["candidate"]["name"] == on_decisions.candidate.name
    with database.transaction() as conn:
        promote_model(conn, tiny_model)
        assert current_model(conn).name == "tiny"  # nothing is promoted by learning


def test_few_decisions_are_learnt_from_but_speak_for_nothing(
    sqlite: Database, tiny_model: Path
) -> None:
    decided_site(sqlite, 10)

    candidate = learn(sqlite, tiny_model)

    assert candidate.missing == LEAST_HELD_OUT - candidate.comparisons[0].current.recall.of - (
        candidate.comparisons[0].current.false_positives.of
    )
    assert "more needed" in candidate.against[0]


def test_without_decisions_there_is_nothing_to_learn(sqlite: Database, tiny_model: Path) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)
        a_comment(conn)

    with pytest.raises(UsageError, match="nothing was decided"):
        learn(sqlite, tiny_model)


def test_what_was_undone_or_rejected_for_another_reason_teaches_nothing(
    sqlite: Database, tiny_model: Path
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)
        rude, undone = (a_comment(conn, comment=text).id for text in (honest(1), promotion(2)))

    async def decide() -> None:
        abuse = Decision((rude,), Choice.REJECT, Reason.ABUSE)
        await review.decide(MODERATOR, abuse, store=sqlite, now=NOW)
        made = await review.decide(MODERATOR, rejecting(undone), store=sqlite, now=NOW)
        await review.undo(MODERATOR, made.decision_id, store=sqlite, now=NOW)

    asyncio.run(decide())

    with pytest.raises(UsageError, match="nothing was decided"):
        learn(sqlite, tiny_model)


def some_decided(number: int, **changes: object) -> list[Decided]:
    one = Decided(a_submission(), False, "", "ann", NOW)
    return [
        replace(
            one,
            submission=a_submission(comment=honest(n)),
            at=NOW + timedelta(minutes=n),
            **changes,  # type: ignore[arg-type]
        )
        for n in range(number)
    ]


def test_a_campaign_is_a_few_lessons_however_long_it_is() -> None:
    campaign = [replace(one, cluster="c1", spam=True) for one in some_decided(500)]

    lessons = _bounded([*some_decided(20), *campaign])

    assert sum(lesson.spam for lesson in lessons) == 5


def test_one_of_several_moderators_supplies_half_at_most() -> None:
    busy = some_decided(90, actor="busy", spam=True)
    others = some_decided(10, actor="other")

    lessons = _bounded([*busy, *others])

    weights = {spam: sum(x.weight for x in lessons if x.spam is spam) for spam in (True, False)}
    assert weights[True] == pytest.approx(weights[False])


def test_the_newest_are_set_apart_and_nothing_alike_is_on_both_sides() -> None:
    decided = some_decided(100)
    decided[90:95] = [replace(one, cluster="c1") for one in decided[90:95]]
    decided[10] = replace(decided[10], cluster="c1")
    decided[99] = replace(decided[99], submission=decided[0].submission)

    held_out, kept = _split(decided)

    assert kept == decided[:80]
    told = {example.submission.comment for example in held_out}
    assert told.isdisjoint(one.submission.comment for one in kept)
    assert told <= {one.submission.comment for one in decided[80:90] + decided[95:99]}


def test_decisions_and_corpus_take_turns_and_neither_is_left_out() -> None:
    corpus = [Example(a_submission(comment=f"corpus {n}"), False) for n in range(7)]

    for number in (3, 7, 20):
        texts = [
            lesson.submission.comment for lesson in _in_turn(_bounded(some_decided(number)), corpus)
        ]
        assert {example.submission.comment for example in corpus} <= set(texts)
        assert {honest(n) for n in range(number)} <= set(texts)
        assert sum(text.startswith("corpus") for text in texts) == max(number, 7)


# --- what decisions change at once -------------------------------------------------------------


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


def test_an_old_decision_counts_less_than_a_new_one() -> None:
    decided = some_decided(2)
    lessons = _bounded(
        [replace(decided[0], at=NOW - timedelta(days=60)), replace(decided[1], at=NOW)], NOW
    )

    assert [lesson.weight for lesson in lessons] == [0.25, 1.0]
