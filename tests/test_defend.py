"""Attack mode begins by itself in a flood, in the database for all, and ends once it is calm."""

import asyncio
from datetime import datetime, timedelta

import pytest

from service import defend
from service.domain import Submission
from service.errors import NotFound
from service.pace import Pace
from service.persons import Actor
from service.store import attacks, sites
from service.store.database import Database
from service.vocabulary import Code, Role, Status
from tests.desk import Desk
from tests.factories import MODERATOR, NOW, VIEWER, a_site, a_site_with, a_submission, some_comments
from tests.limiting import OFF

ALPHABET = [
    f"{one}{other}"
    for one in "bcdfghk"
    for other in ("arley", "ye", "ats", "heat", "mmer", "orghum")
]
FLOOD = Pace(recent=40, usual=0.1, alike=0)


def flood(site: str, number: int) -> list[Submission]:
    texts = [f"{word} {n * n}, as I said." for n, word in enumerate(ALPHABET[:number])]
    return [
        a_submission(site=site, comment=text, email=f"r{n}@mail.example")
        for n, text in enumerate(texts)
    ]


def look(database: Database, now: datetime, watch: defend.Watch | None = None) -> defend.Watch:
    watch = watch or defend.Watch()
    asyncio.run(watch.look(store=database, now=now))
    return watch


@pytest.mark.parametrize("mode", ["auto", "off"])
def test_a_flood_turns_attack_mode_on_at_once_where_it_may(desk: Desk, mode: str) -> None:
    with desk.database.transaction() as conn:
        a_site_with(conn, OFF | {"attack.mode": mode, "publish.unproven": "score"}, key="flooded")

    receipts = desk.take(*flood("flooded", 40))

    first, last = desk.found(receipts[0]), desk.found(receipts[-1])
    assert Code.ATTACK_MODE not in first[1]
    assert (Code.ATTACK_MODE in last[1]) is (mode == "auto")
    with desk.database.transaction() as conn:
        found = attacks.list_attacks(conn, None)
        site = sites.get_site(conn, "flooded")
    assert [one.site for one in found] == (["flooded"] if mode == "auto" else [])
    assert site.is_attacked is (mode == "auto")
    if mode == "auto":
        assert last[0] is Status.HELD
        assert found[0].ended_at is None


def test_an_attack_is_one_row_however_many_see_it(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        for seconds in range(3):
            attacks.begin(conn, site.id, "rate", FLOOD, NOW + timedelta(seconds=seconds))
        (only,) = attacks.list_attacks(conn, frozenset({site.id}))

    assert (only.began_at, only.cause, only.recent) == (NOW, "rate", FLOOD.recent)


def test_an_attack_ends_by_itself_only_after_a_calm_while(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        attacks.begin(conn, site.id, "rate", FLOOD, NOW - timedelta(minutes=20))
        some_comments(conn, 30)  # in these minutes

    loud = look(database, NOW + timedelta(minutes=1))
    alarms = [alarm.site for alarm in loud.alarms]
    calm = look(database, NOW + timedelta(minutes=7), loud)

    assert alarms == ["news"]
    assert calm.alarms == ()
    with database.transaction() as conn:
        (over,) = attacks.list_attacks(conn, None)
        assert not sites.get_site(conn, "news").is_attacked
    assert (over.ended_at, over.ended_by) == (NOW + timedelta(minutes=7), "system")


def test_an_attack_lasts_ten_minutes_at_least(database: Database) -> None:
    with database.transaction() as conn:
        attacks.begin(conn, a_site(conn).id, "alike", FLOOD, NOW)

    assert look(database, NOW + timedelta(minutes=9)).alarms
    assert not look(database, NOW + timedelta(minutes=10)).alarms


def test_ended_by_hand_none_begins_for_an_hour(database: Database) -> None:
    with database.transaction() as conn:
        attacks.begin(conn, a_site(conn).id, "rate", FLOOD, NOW)

    asyncio.run(defend.end(MODERATOR, "news", store=database, now=NOW))

    with database.transaction() as conn:
        site = sites.get_site(conn, "news")
        (over,) = attacks.list_attacks(conn, None)
    assert over.ended_by == MODERATOR.name
    assert not site.is_attacked
    assert not site.is_watched(NOW + timedelta(minutes=59))
    assert site.is_watched(NOW + timedelta(minutes=60))


def test_kept_on_it_stays_until_it_may_end_by_itself_again(database: Database) -> None:
    with database.transaction() as conn:
        attacks.begin(conn, a_site(conn).id, "rate", FLOOD, NOW)

    asyncio.run(defend.set_mode(MODERATOR, "news", "on", store=database))
    kept = look(database, NOW + timedelta(days=1))
    asyncio.run(defend.set_mode(MODERATOR, "news", "auto", store=database))

    assert [alarm.site for alarm in kept.alarms] == ["news"]
    assert look(database, NOW + timedelta(days=1)).alarms == ()


def test_a_proof_is_wanted_in_an_attack_or_as_the_site_says(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        assert not site.wants_proof
        attacks.begin(conn, site.id, "rate", FLOOD, NOW)
        assert sites.get_site(conn, "news").wants_proof
        assert not sites.set_settings(conn, "news", {"proof": "off"}).wants_proof
        attacks.end(conn, site.id, "system", NOW)
        assert sites.set_settings(conn, "news", {"proof": "on"}).wants_proof


@pytest.mark.parametrize("actor", [VIEWER, Actor("eva", {99: Role.ADMIN})])
def test_only_moderators_of_the_site_say_what_happens(actor: Actor, database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)

    with pytest.raises(NotFound):
        asyncio.run(defend.end(actor, "news", store=database, now=NOW))
    with pytest.raises(NotFound):
        asyncio.run(defend.set_mode(actor, "news", "on", store=database))
