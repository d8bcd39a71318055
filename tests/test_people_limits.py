"""Guessing is limited, and no token passes for a person."""

import asyncio

import pytest

from service import people
from service.errors import Forbidden, RateLimited, Unauthorized
from service.store import people as table
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import ADMIN, NOW
from tests.limiting import limiting
from tests.redis_server import RedisServer
from tests.signing_in import GOOD, signing_in


def test_guessing_is_limited_without_locking_the_name(
    moderators: Database, valkey: RedisServer
) -> None:
    async def scenario() -> str:
        async with signing_in(moderators, valkey.url) as sign_in:
            for _ in range(5):
                with pytest.raises(Unauthorized):
                    await sign_in("max", "guess", "198.51.100.7")
            with pytest.raises(RateLimited):
                await sign_in("max", GOOD, "198.51.100.7")
            return await sign_in("max", GOOD, "203.0.113.1")

    assert asyncio.run(scenario())


def test_a_token_has_no_password_to_set(moderators: Database) -> None:
    with pytest.raises(Forbidden):
        asyncio.run(people.set_password(ADMIN, GOOD, store=moderators, now=NOW))


def test_a_token_is_no_person_even_under_a_person_s_name(database: Database) -> None:
    with database.transaction() as conn:
        moderator_id = table.add_moderator(conn, "alice", Role.ADMIN, [None], NOW)
        table.set_password(conn, moderator_id, "hash")
        token = table.add_token(conn, "alice", Role.VIEWER, None, NOW)
    actor = asyncio.run(people.find_token_actor(token, store=database))
    assert actor is not None

    with pytest.raises(Forbidden):
        asyncio.run(people.set_password(actor, "a password of mine", store=database, now=NOW))

    assert actor.name != "alice"
    assert not asyncio.run(people.has_password(actor, store=database))
    with database.transaction() as conn:
        found = table.find_moderator(conn, "alice")
    assert found is not None
    assert found.password_hash == "hash"


def test_sign_ins_from_one_ipv6_household_count_together(
    moderators: Database, valkey: RedisServer
) -> None:
    async def scenario() -> list[type[Exception]]:
        errors: list[type[Exception]] = []
        async with limiting(valkey.url) as limits:
            for number in range(7):
                with pytest.raises((Unauthorized, RateLimited)) as refused:
                    await people.sign_in(
                        "max", "wrong", f"2001:db8::{number}", store=moderators, limits=limits,
                        now=NOW,
                    )  # fmt: skip
                errors.append(refused.type)
        return errors

    assert asyncio.run(scenario())[-1] is RateLimited
