"""Rules are tried first, count for those who may make them, and every ban can be taken back."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from service import forbid, review
from service.errors import Forbidden, InvalidSubmission, NotFound
from service.persons import Actor
from service.store import comments, rules
from service.store.database import Database
from service.vocabulary import Effect, Reason, Role, RuleKind, Status
from tests.factories import (
    ADMIN,
    MODERATOR,
    NOW,
    PAGE,
    VIEWER,
    a_comment,
    a_rule,
    a_site,
    some_comments,
)

CASINO = {"kind": "word", "effect": "block", "value": "casino", "site": "news"}


@pytest.fixture
def site_id(database: Database) -> int:
    with database.transaction() as conn:
        a_site(conn, "blog", origin="https://blog.example")
        return a_site(conn).id


def statuses(database: Database, *ids: str) -> list[Status]:
    with database.transaction() as conn:
        found = comments.list_comments(conn, ids)
    return [found[comment_id].status for comment_id in ids]


def test_a_draft_names_every_field_that_is_wrong() -> None:
    with pytest.raises(InvalidSubmission) as caught:
        forbid.parse_draft({"kind": "mood", "effect": "sulk", "lasts": "2d"})

    assert [error.field for error in caught.value.errors] == ["kind", "effect", "lasts", "value"]


def test_a_trial_counts_by_the_status_of_today_and_shows_published_ones_first(
    database: Database, site_id: int
) -> None:
    with database.transaction() as conn:
        made = {
            status: a_comment(conn, comment="My casino.", status=status, now=NOW).id
            for status in (Status.REJECTED, Status.HELD, Status.PUBLISHED)
        }
        a_comment(conn, comment="A specialist.")
        a_comment(conn, comment="My casino.", now=NOW - timedelta(days=31))

    trial = asyncio.run(
        forbid.try_out(VIEWER, forbid.parse_draft(CASINO), 30, store=database, now=NOW),
    )

    assert trial.totals == dict.fromkeys(made, 1)
    assert [comment.id for comment in trial.met] == [
        made[status] for status in (Status.PUBLISHED, Status.HELD, Status.REJECTED)
    ]
    assert (trial.read, trial.is_capped) == (4, False)


def test_a_trial_of_every_site_looks_at_the_actor_s_own_only(
    database: Database, site_id: int
) -> None:
    with database.transaction() as conn:
        a_comment(conn, comment="casino", site="blog", page_url="https://blog.example/a")
        own = a_comment(conn, comment="casino").id
    actor = Actor("eva", {site_id: Role.VIEWER})
    draft = forbid.parse_draft(CASINO | {"site": ""})

    trial = asyncio.run(forbid.try_out(actor, draft, 30, store=database, now=NOW))

    assert [comment.id for comment in trial.met] == [own]
    other = replace(draft, site_key="blog")
    with pytest.raises(NotFound):
        asyncio.run(forbid.try_out(actor, other, 30, store=database, now=NOW))


@pytest.mark.parametrize(
    ("actor", "site", "refused"),
    [
        (ADMIN, "", None),
        (MODERATOR, "news", None),
        (MODERATOR, "", Forbidden),
        (VIEWER, "news", NotFound),
        (Actor("eva", {99: Role.ADMIN}), "news", NotFound),
    ],
)
def test_moderators_make_rules_for_their_sites_and_admins_of_all_for_all(
    actor: Actor, site: str, refused: type[Exception] | None, database: Database, site_id: int
) -> None:
    draft = forbid.parse_draft(CASINO | {"site": site, "lasts": "7d"})
    work = forbid.add(actor, draft, store=database, now=NOW)

    if refused:
        with pytest.raises(refused):
            asyncio.run(work)
        return
    rule = asyncio.run(work)
    assert rule.site_id == (site_id if site else None)
    assert (rule.effect, rule.expires_at) == (Effect.BLOCK, NOW + timedelta(days=7))


def test_the_same_rule_again_is_the_one_there_is_unless_it_would_last_longer(
    database: Database, site_id: int
) -> None:
    async def scenario() -> list[str]:
        return [
            (
                await forbid.add(
                    MODERATOR, forbid.parse_draft(CASINO | {"lasts": lasts}), store=database,
                    now=NOW,
                )
            ).id
            for lasts in ("7d", "1d", "30d", "", "30d")
        ]  # fmt: skip

    week, day, month, good, less = asyncio.run(scenario())

    assert day == week
    assert month not in (week, good)
    assert less == good


def test_a_rule_is_ended_and_restored_by_those_who_may_make_it(
    database: Database, site_id: int
) -> None:
    with database.transaction() as conn:
        own = a_rule(conn, RuleKind.WORD, "casino", site=None)
    with pytest.raises(Forbidden):
        asyncio.run(forbid.end(MODERATOR, own.id, store=database, now=NOW))

    async def scenario() -> list[object]:
        found: list[object] = []
        for work in (
            forbid.end(ADMIN, own.id, store=database, now=NOW),
            forbid.restore(ADMIN, own.id, store=database),
        ):
            await work
            rule = await database.read(rules.find, own.id)
            assert rule is not None
            found.append(rule.ended_at)
        return found

    assert asyncio.run(scenario()) == [NOW, None]


@pytest.mark.parametrize(
    ("scope", "kind", "value"),
    [
        ("email", RuleKind.EMAIL, "ann@mail.example"),
        ("address", RuleKind.ADDRESS, "203.0.113.0/24"),
        ("domain:pills.example", RuleKind.DOMAIN, "pills.example"),
    ],
)
def test_a_ban_is_a_rule_of_the_site_by_address_network_or_domain(
    scope: str, kind: RuleKind, value: str, database: Database, site_id: int
) -> None:
    with database.transaction() as conn:
        comment = a_comment(conn, comment="See https://pills.example/x", email="Ann@Mail.example")

    made = asyncio.run(
        forbid.ban(MODERATOR, comment.id, {"scope": scope, "lasts": "1d"}, store=database, now=NOW),
    )

    assert (made.rule.kind, made.rule.value, made.rule.effect) == (kind, value, Effect.BLOCK)
    assert (made.rule.site_id, made.rule.expires_at) == (site_id, NOW + timedelta(days=1))
    assert made.rejected == 0
    assert statuses(database, comment.id) == [Status.HELD]


@pytest.mark.parametrize("scope", ["", "domain:", "domain:news.example", "mood"])
def test_a_ban_names_something_of_the_comment(scope: str, database: Database, site_id: int) -> None:
    with database.transaction() as conn:
        comment = a_comment(conn)

    with pytest.raises(InvalidSubmission):
        asyncio.run(forbid.ban(MODERATOR, comment.id, {"scope": scope}, store=database, now=NOW))


def test_a_ban_rejects_what_waits_as_one_decision_that_can_be_undone(
    database: Database, site_id: int
) -> None:
    with database.transaction() as conn:
        theirs = [a_comment(conn, email=email).id for email in ("a@b.example", "A@b.example")]
        seen = a_comment(conn, email="a@b.example", status=Status.PUBLISHED).id
        others = some_comments(conn, 2)
    fields = {"scope": "email", "waiting": "1"}

    made = asyncio.run(forbid.ban(MODERATOR, theirs[0], fields, store=database, now=NOW))

    assert made.rejected == 2
    assert statuses(database, *theirs) == [Status.REJECTED] * 2
    assert statuses(database, seen, *others) == [Status.PUBLISHED, *[Status.HELD] * 2]
    decision_id = made.rule.decision_id
    assert decision_id is not None
    (latest,) = asyncio.run(review.latest_decisions(MODERATOR, store=database))
    assert (latest.id, latest.reason, latest.comments) == (decision_id, Reason.SPAM, 2)

    asyncio.run(review.undo(MODERATOR, decision_id, store=database, now=NOW))

    assert statuses(database, *theirs) == [Status.HELD] * 2


def test_nobody_bans_on_a_site_that_is_not_theirs(database: Database, site_id: int) -> None:
    with database.transaction() as conn:
        comment = a_comment(conn, page_url=PAGE)

    for actor in (VIEWER, Actor("eva", {99: Role.ADMIN})):
        with pytest.raises(NotFound):
            asyncio.run(forbid.ban(actor, comment.id, {"scope": "email"}, store=database, now=NOW))
