"""Sessions, second factors and identities as stored, on each kind of database."""

from datetime import timedelta

import pytest

from service.errors import UsageError
from service.persons import Device, Step
from service.store import identities, people, second_factors, sessions, team
from service.store.database import Database
from service.store.identities import Identity
from service.store.people import ABSOLUTE, IDLE
from service.vocabulary import Role
from tests.factories import NOW

KIM = Identity("https://id.example", "kim-1")


def add(database: Database, name: str) -> int:
    with database.transaction() as conn:
        return people.add_moderator(conn, name, Role.VIEWER, [None], NOW)


def test_an_identity_is_one_person_s_and_of_one_issuer(database: Database) -> None:
    max_, eva = add(database, "max"), add(database, "eva")
    with database.transaction() as conn:
        identities.add_identity(conn, max_, KIM, NOW)
        with pytest.raises(UsageError, match="linked already"):
            identities.add_identity(conn, eva, KIM, NOW)
        elsewhere = Identity("https://other.example", KIM.subject)

        assert identities.find_moderator_of(conn, KIM) == max_
        assert identities.find_moderator_of(conn, elsewhere) is None
        assert identities.list_identities(conn, max_) == [KIM]
        people.disable_moderator(conn, "max", NOW)
        assert identities.find_moderator_of(conn, KIM) is None
        assert identities.remove_identities(conn, max_) == 1
        assert identities.list_identities(conn, max_) == []


def test_sessions_are_listed_while_they_live_with_where_they_were_started(
    database: Database,
) -> None:
    max_ = add(database, "max")
    later = NOW + timedelta(hours=1)
    with database.transaction() as conn:
        people.add_session(conn, max_, NOW - IDLE)
        people.add_session(conn, max_, NOW - ABSOLUTE)
        secret = people.add_session(conn, max_, NOW, Device("Firefox, Linux", "192.0.2.0/24"))
        other = people.add_session(conn, max_, later)

        listed = sessions.list_sessions(conn, max_, secret, later)
        assert [(s.browser, s.network, s.is_this) for s in listed] == [
            ("", "", False),
            ("Firefox, Linux", "192.0.2.0/24", True),
        ]
        assert sessions.end_one(conn, max_, listed[0].id) == 1
        assert people.find_session(conn, other, later) is None
        people.add_session(conn, max_, later)
        sessions.end_others(conn, max_, secret)
        assert [s.is_this for s in sessions.list_sessions(conn, max_, secret, later)] == [True]


def test_a_member_was_seen_when_a_session_was_last_in_use(database: Database) -> None:
    max_ = add(database, "max")
    later = NOW + timedelta(hours=1)
    with database.transaction() as conn:
        assert [m.seen_at for m in team.list_members(conn)] == [None]
        secret = people.add_session(conn, max_, NOW)
        people.touch_session(conn, secret, later)
        people.end_session(conn, secret)
        people.touch_session(conn, secret, later + timedelta(hours=1))

        assert [m.seen_at for m in team.list_members(conn)] == [later]


def test_a_second_factor_is_of_one_person_and_its_steps_only_go_on(database: Database) -> None:
    max_, eva = add(database, "max"), add(database, "eva")
    with database.transaction() as conn:
        second_factors.set_factor(conn, max_, "sealed", 7, NOW)
        second_factors.set_recovery_codes(conn, max_, ["A", "B"])

        assert isinstance(second_factors.enter(conn, max_, NOW, Device()), Step)
        assert isinstance(second_factors.enter(conn, eva, NOW, Device()), str)
        assert [second_factors.use_step(conn, max_, step) for step in (7, 9, 8, 9, 10)] == [
            False, True, False, False, True,
        ]  # fmt: skip
        assert not second_factors.use_recovery_code(conn, eva, "A")
        assert second_factors.use_recovery_code(conn, max_, "A")
        assert second_factors.count_recovery_codes(conn, max_) == 1
        assert second_factors.remove_factor(conn, max_)
        assert not second_factors.remove_factor(conn, max_)
        assert second_factors.count_recovery_codes(conn, max_) == 0
