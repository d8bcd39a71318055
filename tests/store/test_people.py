"""Moderators, tokens, sessions and sign-in links as stored: only digests of secrets."""

from datetime import timedelta

import pytest

from service.errors import UsageError
from service.persons import Actor
from service.store import people, schema
from service.store.database import Database
from service.store.people import ABSOLUTE, IDLE, LINK_GOOD_FOR
from service.vocabulary import Role
from tests.factories import NOW, a_site


def test_a_moderator_has_a_role_on_each_site_they_were_given(database: Database) -> None:
    with database.transaction() as conn:
        news, blog = a_site(conn), a_site(conn, "blog")
        assert people.count_moderators(conn) == 0
        moderator_id = people.add_moderator(conn, "max", Role.VIEWER, [news.id, blog.id], NOW)
        secret = people.add_session(conn, moderator_id, NOW)

        assert people.find_session(conn, secret, NOW) == (
            Actor("max", {news.id: Role.VIEWER, blog.id: Role.VIEWER}, moderator_id),
            False,
        )
        assert people.count_moderators(conn) == 1
        assert people.find_moderator(conn, "Max") is None


def test_a_name_is_taken_once(database: Database) -> None:
    with database.transaction() as conn:
        people.add_moderator(conn, "max", Role.VIEWER, [None], NOW)
        with pytest.raises(UsageError, match="'max' exists already"):
            people.add_moderator(conn, "max", Role.ADMIN, [None], NOW)


def test_a_new_moderator_has_no_password(database: Database) -> None:
    with database.transaction() as conn:
        moderator_id = people.add_moderator(conn, "max", Role.VIEWER, [None], NOW)
        found = people.find_moderator(conn, "max")
        assert found is not None
        assert (found.id, found.password_hash, found.disabled) == (moderator_id, "", False)


def test_a_new_password_ends_every_session_of_that_person_only(database: Database) -> None:
    with database.transaction() as conn:
        ids = [people.add_moderator(conn, n, Role.VIEWER, [None], NOW) for n in ("max", "eva")]
        sessions = [people.add_session(conn, id_, NOW) for id_ in (ids[0], ids[0], ids[1])]
        people.set_password(conn, ids[0], "hash")

        found = people.find_moderator(conn, "max")
        assert found is not None
        assert found.password_hash == "hash"
        assert [people.find_session(conn, s, NOW) is None for s in sessions] == [True, True, False]


def test_a_disabled_moderator_is_out_everywhere(database: Database) -> None:
    with database.transaction() as conn:
        moderator_id = people.add_moderator(conn, "max", Role.ADMIN, [None], NOW)
        session = people.add_session(conn, moderator_id, NOW)
        link = people.add_sign_in_link(conn, moderator_id, NOW)
        people.disable_moderator(conn, "max", NOW)

        found = people.find_moderator(conn, "max")
        assert found is not None
        assert found.disabled
        assert people.find_session(conn, session, NOW) is None
        assert people.use_sign_in_link(conn, link, NOW) is None
        assert people.find_session(conn, people.add_session(conn, moderator_id, NOW), NOW) is None
        with pytest.raises(UsageError, match="no moderator is called 'nobody'"):
            people.disable_moderator(conn, "nobody", NOW)


def test_a_token_stands_for_its_name_role_and_site(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        everywhere = people.add_token(conn, "export", Role.VIEWER, None, NOW)
        narrow = people.add_token(conn, "bot", Role.MODERATOR, site.id, NOW)

        assert people.find_token_actor(conn, everywhere) == Actor("export", {None: Role.VIEWER})
        assert people.find_token_actor(conn, narrow) == Actor("bot", {site.id: Role.MODERATOR})
        for wrong in ("", "cd_", narrow[:-1], narrow + "x", narrow.upper()):
            assert people.find_token_actor(conn, wrong) is None


def test_a_sign_in_link_works_once_and_for_a_day(database: Database) -> None:
    with database.transaction() as conn:
        moderator_id = people.add_moderator(conn, "max", Role.VIEWER, [None], NOW)
        used, late = (people.add_sign_in_link(conn, moderator_id, NOW) for _ in range(2))
        in_time = NOW + LINK_GOOD_FOR - timedelta(seconds=1)

        assert people.use_sign_in_link(conn, used, in_time) == moderator_id
        assert people.use_sign_in_link(conn, used, in_time) is None
        assert people.use_sign_in_link(conn, late, NOW + LINK_GOOD_FOR) is None
        assert people.use_sign_in_link(conn, "made up", NOW) is None


def test_a_session_ends_when_it_is_not_used(database: Database) -> None:
    with database.transaction() as conn:
        moderator_id = people.add_moderator(conn, "max", Role.VIEWER, [None], NOW)
        session = people.add_session(conn, moderator_id, NOW)

        assert people.find_session(conn, session, NOW + IDLE) is not None
        assert people.find_session(conn, session, NOW + IDLE + timedelta(seconds=1)) is None


def test_a_session_in_use_is_noted_and_ends_all_the_same_after_two_weeks(
    database: Database,
) -> None:
    with database.transaction() as conn:
        moderator_id = people.add_moderator(conn, "max", Role.VIEWER, [None], NOW)
        session = people.add_session(conn, moderator_id, NOW)
        at = NOW
        while at < NOW + ABSOLUTE:
            at += timedelta(hours=11)
            found = people.find_session(conn, session, at)
            assert (found is not None) == (at <= NOW + ABSOLUTE)
            if found is not None:
                assert found[1]  # due to be noted
                people.touch_session(conn, session, at)


def test_signing_out_ends_this_session_only(database: Database) -> None:
    with database.transaction() as conn:
        moderator_id = people.add_moderator(conn, "max", Role.VIEWER, [None], NOW)
        one, two = (people.add_session(conn, moderator_id, NOW) for _ in range(2))
        people.end_session(conn, one)

        assert people.find_session(conn, one, NOW) is None
        assert people.find_session(conn, two, NOW) is not None


def test_ended_sessions_are_swept_away(database: Database) -> None:
    later = NOW + IDLE + timedelta(seconds=1)
    with database.transaction() as conn:
        moderator_id = people.add_moderator(conn, "max", Role.VIEWER, [None], NOW)
        people.add_session(conn, moderator_id, NOW)
        people.add_session(conn, moderator_id, later)

        people.forget_expired(conn, later)

        assert len(conn.execute(schema.session.select()).all()) == 1


def test_no_secret_is_stored(database: Database) -> None:
    with database.transaction() as conn:
        moderator_id = people.add_moderator(conn, "max", Role.VIEWER, [None], NOW)
        secrets = [
            people.add_token(conn, "bot", Role.VIEWER, None, NOW),
            people.add_session(conn, moderator_id, NOW),
            people.add_sign_in_link(conn, moderator_id, NOW),
        ]
        stored = [
            str(value)
            for table in (schema.api_token, schema.session, schema.sign_in_link)
            for row in conn.execute(table.select())
            for value in row
        ]

    assert len(set(secrets)) == 3
    assert all(len(secret) >= 43 for secret in secrets)
    assert not any(secret in value for secret in secrets for value in stored)
