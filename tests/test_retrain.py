"""From decisions to a candidate: what is learnt from, what is compared on, what is bounded."""

import asyncio
import json
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.retraining import measure
from service import review
from service.domain import Cluster, Decision
from service.errors import UsageError
from service.likeness import fingerprint, hamming
from service.promote import current_model
from service.retrain import LEAST_HELD_OUT, Candidate, _alone, _gather, retrain
from service.scoring.lessons import Replay, in_turn
from service.scoring.model import Model
from service.scoring.rows import RowFile, Rows
from service.scoring.shares import weights_of
from service.store import models
from service.store.database import Database
from service.store.examples import Decided, read_decided
from service.vocabulary import Choice, Reason
from tests.deciding import decide_at_once, decided_site, honest, promotion
from tests.factories import (
    ADMIN,
    MODERATOR,
    NOW,
    a_comment,
    a_site,
    a_submission,
    approving,
    rejecting,
)
from tests.tiny_model import examples, promote_model


def learn(
    database: Database,
    tiny_model: Path,
    tell: Callable[[str], None] = lambda _text: None,
    folder: Path | None = None,
) -> Candidate:
    base = Model.load(tiny_model)
    return retrain(
        database, current=base, base=base, corpus=examples(), folder=folder or tiny_model.parent,
        now=NOW, tell=tell,
    )  # fmt: skip


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


def decided_by_two(database: Database, number: int) -> None:
    """A site where a busy moderator decided most, and half of the spam is one campaign."""
    with database.transaction() as conn:
        a_site(conn)
        ids = [
            a_comment(
                conn,
                comment=promotion(n) if n % 2 else honest(n),
                cluster=Cluster("campaign", 9) if n % 4 == 1 else None,
                now=NOW + timedelta(minutes=n),
            ).id
            for n in range(number)
        ]

    async def decide() -> None:
        for n, comment_id in enumerate(ids):
            decision = rejecting(comment_id) if n % 2 else approving(comment_id)
            who = MODERATOR if n % 10 else ADMIN
            await review.decide(
                who, decision, store=database, now=NOW + timedelta(hours=1, seconds=n)
            )

    asyncio.run(decide())


def test_what_is_learnt_from_is_what_plain_rules_over_all_decisions_give(
    database: Database, tmp_path: Path
) -> None:
    decided_by_two(database, 100)
    with database.snapshot() as conn:
        kept = list(read_decided(conn, newest=1000))[20:]  # the newest fifth is held out
    of_campaign = [one for one in kept if one.cluster]
    same: dict[str, list[Decided]] = {}
    for one in kept:
        same.setdefault(one.cluster or one.submission.comment, []).append(one)
    learnt = [one for one in kept if one in same[one.cluster or one.submission.comment][:5]]
    busy = sum(one.actor == MODERATOR.name for one in learnt)
    light = (len(learnt) - busy) / busy

    with RowFile(tmp_path, 1 << 24) as rows:
        facts = _gather(database, rows, lambda _text: None, _alone)
        weight = np.concatenate((np.zeros(20), weights_of(facts.part(20, 100))))
        strides = list(in_turn(rows, facts.spam, weight, Replay.of(examples()[:3]), 8))

    decisions = [
        (rows.take(np.array([place])).columns.tolist(), bool(spam[place]), float(weights[place]))
        for rows, spam, weights in strides
        for place in reversed(range(len(rows) // 2))  # the corpus comes after them
    ]
    expected = [
        (
            Rows.of([one.submission]).columns.tolist(),
            one.spam,
            light if one.actor == MODERATOR.name else 1.0,
        )
        for one in reversed(learnt)
    ]
    assert len(of_campaign) > 5
    assert len(learnt) < len(kept)
    assert decisions == expected


def test_what_is_compared_on_is_nothing_that_was_learnt_from(
    sqlite: Database, tiny_model: Path
) -> None:
    decided_by_two(sqlite, 100)
    told: list[str] = []

    learn(sqlite, tiny_model, told.append)

    with sqlite.snapshot() as conn:
        decided = list(read_decided(conn, newest=1000))
    older = [fingerprint(one.submission.comment) for one in decided[20:]]
    later = [fingerprint(one.submission.comment) for one in decided[:20] if not one.cluster]
    fresh = [one for one in later if all(hamming(one, other) > 6 for other in older)]
    assert 0 < len(fresh) < 20
    assert f"comparing on {len(fresh)} later decisions" in told[-1]


def test_where_the_rows_cannot_lie_nothing_is_learnt_and_it_says_so(
    sqlite: Database, tiny_model: Path
) -> None:
    decided_site(sqlite, 4)

    with pytest.raises(UsageError, match=r"cannot write to .*nowhere"):
        learn(sqlite, tiny_model, folder=tiny_model / "nowhere")


def test_memory_does_not_grow_with_the_decisions(sqlite: Database, tiny_model: Path) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)
    dice = Random(1)
    words = [f"{honest(n).split()[0]}{n}" for n in range(1000)]

    def peak_with(more: int) -> int:
        texts = (" ".join(dice.choices(words, k=40)) for _ in range(more))
        decide_at_once(sqlite, ((a_submission(comment=text), True) for text in texts))
        tracemalloc.start()
        try:
            learn(sqlite, tiny_model)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    _first, few, many = peak_with(260), peak_with(0), peak_with(650)

    assert many - few < 500_000  # the rows of the others alone are over 2 MB


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_memory_is_flat_up_to_a_hundred_thousand_decisions() -> None:
    small, large = measure(5_000), measure(100_000)

    assert large.peak - small.peak < 25 << 20
