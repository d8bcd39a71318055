"""How the classifier does on live comments, on both databases."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from service import review
from service.domain import Score
from service.persons import Actor
from service.scoring.evaluation import Rate
from service.store.database import Database
from service.vocabulary import Band, Outcome, Role
from service.watch import Cuts, ShadowReport, read_course, read_shadow, watch_drift
from tests.factories import (
    FINE,
    MODERATOR,
    NOW,
    SPAM,
    a_comment,
    a_site,
    approving,
    rejecting,
    some_comments,
)

CURRENT = Cuts("tiny", 0.2, 0.95)
SHADOW = Cuts("next", 0.2, 0.95)
DAY = timedelta(days=1)


def shaded(ours: float, theirs: float) -> Score:
    return replace(CURRENT.score(ours), shadow=SHADOW.score(theirs))


def scored(conn: Connection, *pairs: tuple[float, float], site: str = "news") -> list[str]:
    """The ids of comments that got these scores by both models, a minute apart."""
    return [
        a_comment(
            conn, score=shaded(*pair), site=site, page_url=f"https://{site}.example/a",
            email=f"r{n}@mail.example", now=NOW + timedelta(minutes=n),
        ).id
        for n, pair in enumerate(pairs)
    ]  # fmt: skip


def report(database: Database, actor: Actor = MODERATOR) -> ShadowReport:
    return asyncio.run(read_shadow(actor, CURRENT, SHADOW, NOW, store=database))


def test_what_two_models_made_of_the_same_comments_is_counted(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn, threshold__reject="0.95")
        a_comment(conn, score=FINE)  # without a shadow
        a_comment(conn, score=shaded(0.9, 0.1), now=NOW - DAY)  # before it was there
        ids = scored(conn, (0.1, 0.1), (0.1, 0.6), (0.97, 0.6), (0.5, 0.6))

    async def decide() -> None:
        await review.decide(MODERATOR, approving(ids[0], ids[2]), store=database, now=NOW)
        await review.decide(MODERATOR, rejecting(ids[1]), store=database, now=NOW)
        undone = await review.decide(MODERATOR, approving(ids[3]), store=database, now=NOW)
        await review.undo(MODERATOR, undone.decision_id, store=database, now=NOW)

    asyncio.run(decide())

    found = report(database)
    assert found.compared == 4
    assert found.outcomes == {
        (Outcome.PUBLISH, Outcome.PUBLISH): 1,
        (Outcome.PUBLISH, Outcome.HOLD): 1,
        (Outcome.REJECT, Outcome.HOLD): 1,
        (Outcome.HOLD, Outcome.HOLD): 1,
    }
    assert (found.agreed, found.shadow_agreed) == (Rate(1, 3), Rate(2, 3))
    assert [(one.id, one.current, one.shadow) for one in found.differing] == [
        (ids[2], Band.LIKELY_SPAM, Band.UNSURE),
        (ids[1], Band.LIKELY_FINE, Band.UNSURE),
    ]


def test_only_comments_of_one_s_own_sites_are_told_of(database: Database) -> None:
    with database.transaction() as conn:
        mine = a_site(conn)
        a_site(conn, "other", origin="https://other.example")
        scored(conn, (0.1, 0.9))
        scored(conn, (0.1, 0.9), (0.1, 0.9), site="other")

    found = report(database, Actor("max", {mine.id: Role.MODERATOR}))

    assert found.compared == len(found.differing) == 1
    assert found.differing[0].site == "news"
    assert report(database).compared == 3
    assert report(database, Actor("vera", {mine.id: Role.VIEWER})).compared == 0


def test_days_bands_and_contradictions_are_counted_and_a_drift_is_told_once(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        a_site(conn, "other", origin="https://other.example")
        some_comments(conn, 200, score=FINE)
    later = NOW + 10 * DAY
    with database.transaction() as conn:
        spam = [a_comment(conn, score=SPAM, now=later).id for _ in range(200)]
        a_comment(conn, score=None, now=later)
        a_comment(conn, score=FINE, now=NOW - 40 * DAY)  # too long ago

    async def scenario() -> None:
        await review.decide(MODERATOR, approving(*spam[:40]), store=database, now=later)
        await review.decide(MODERATOR, rejecting(*spam[40:60]), store=database, now=later)
        none = await read_course(frozenset(), store=database, now=later)
        assert none.days == ()
        course = await read_course(frozenset({site.id}), store=database, now=later)
        assert [(day.day, day.bands, day.contradicted) for day in course.days] == [
            (NOW.date(), {Band.LIKELY_FINE: 200}, Rate(0, 0)),
            (later.date(), {Band.LIKELY_SPAM: 200, Band.UNSCORED: 1}, Rate(40, 60)),
        ]
        was = await watch_drift(None, store=database, now=later)
        assert was == course.drift
        assert was.has_moved
        await watch_drift(was, store=database, now=later)

    asyncio.run(scenario())

    assert capsys.readouterr().out.count("the classifier drifts") == 1
