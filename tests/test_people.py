"""Letting moderators in (S24 to S26): passwords, one-time links, sessions."""

import asyncio
import time
from datetime import datetime, timedelta
from statistics import median

import pytest

from service import people
from service.errors import InvalidPassword, Unauthorized
from service.passwords import decoy_hash
from service.persons import Actor
from service.store import people as table
from service.store.database import Database
from service.store.people import ABSOLUTE, IDLE
from service.vocabulary import Role
from tests.factories import NOW
from tests.redis_server import RedisServer
from tests.signing_in import GOOD, SignIn, signing_in

MAX = Actor("max", {None: Role.MODERATOR}, moderator_id=1)


def test_the_right_password_starts_a_session(moderators: Database, valkey: RedisServer) -> None:
    async def scenario() -> None:
        async with signing_in(moderators, valkey.url) as sign_in:
            one, two = await sign_in("max", GOOD), await sign_in("max", GOOD)
        assert one != two
        for secret in (one, two):
            assert await people.find_session(secret, store=moderators, now=NOW) == MAX

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("max", "wrong password"),
        ("max", ""),
        ("max", GOOD + "x"),
        ("Max", GOOD),
        ("eva", ""),
        ("eva", GOOD),
        ("ida", GOOD),
        ("nobody", GOOD),
        ("", ""),
        ("max\x00", GOOD),
        ("max' OR 1=1 --", GOOD),
    ],
)
def test_everything_else_is_refused_in_the_same_words(
    moderators: Database, valkey: RedisServer, name: str, password: str
) -> None:
    async def scenario() -> None:
        async with signing_in(moderators, valkey.url) as sign_in:
            with pytest.raises(Unauthorized, match=r"^Name or password is not right\.$"):
                await sign_in(name, password)

    asyncio.run(scenario())


def test_unknown_disabled_passwordless_and_wrong_take_as_long_from_the_first_attempt_on(
    moderators: Database, valkey: RedisServer
) -> None:
    async def seconds(sign_in: SignIn, name: str) -> float:
        began = time.process_time()
        with pytest.raises(Unauthorized):
            await sign_in(name, "wrong password")
        return time.process_time() - began

    async def scenario() -> dict[str, float]:
        async with signing_in(moderators, valkey.url) as sign_in:
            await seconds(sign_in, "nobody at all")
            return {
                name: median([await seconds(sign_in, name) for _ in range(3)])
                for name in ("max", "eva", "ida", "nobody")
            }

    spent = asyncio.run(scenario())

    assert max(spent.values()) < 2 * min(spent.values())


def test_looking_a_stranger_up_does_not_keep_the_event_loop_from_others(
    moderators: Database, valkey: RedisServer
) -> None:
    decoy_hash.cache_clear()

    async def scenario() -> float:
        longest, before, done = 0.0, time.thread_time(), False

        async def tick() -> None:
            nonlocal longest, before
            while not done:
                await asyncio.sleep(0)
                now = time.thread_time()
                longest, before = max(longest, now - before), now

        ticking = asyncio.ensure_future(tick())
        async with signing_in(moderators, valkey.url) as sign_in:
            with pytest.raises(Unauthorized):
                await sign_in("nobody", GOOD)
        done = True
        await ticking
        return longest

    assert asyncio.run(scenario()) < 0.05  # a hash takes some 0.1 s of its thread's own time


def test_a_link_signs_in_once(moderators: Database) -> None:
    with moderators.transaction() as conn:
        found = table.find_moderator(conn, "eva")
        assert found is not None
        link = table.add_sign_in_link(conn, found.id, NOW)

    async def scenario() -> None:
        attempts = await asyncio.gather(
            *(people.sign_in_by_link(link, store=moderators, now=NOW) for _ in range(10)),
            return_exceptions=True,
        )
        secrets = [attempt for attempt in attempts if isinstance(attempt, str)]
        assert len(secrets) == 1
        assert sum(isinstance(attempt, Unauthorized) for attempt in attempts) == 9
        actor = await people.find_session(secrets[0], store=moderators, now=NOW)
        assert actor is not None
        assert actor.name == "eva"

    asyncio.run(scenario())


def test_a_new_password_ends_every_session_and_starts_another(
    moderators: Database, valkey: RedisServer
) -> None:
    async def scenario() -> None:
        async with signing_in(moderators, valkey.url) as sign_in:
            old = [await sign_in("max", GOOD) for _ in range(2)]
            fresh = await people.set_password(MAX, "another good one", store=moderators, now=NOW)
            for secret, alive in ((old[0], False), (old[1], False), (fresh, True)):
                found = await people.find_session(secret, store=moderators, now=NOW)
                assert (found is not None) == alive
            with pytest.raises(Unauthorized):
                await sign_in("max", GOOD)
            assert await sign_in("max", "another good one")

    asyncio.run(scenario())


@pytest.mark.parametrize("password", ["", "short", "x" * 7, "x" * 1001])
def test_a_password_has_8_to_1000_characters(moderators: Database, password: str) -> None:
    with pytest.raises(InvalidPassword):
        asyncio.run(people.set_password(MAX, password, store=moderators, now=NOW))


@pytest.mark.parametrize(
    "password", ["üöäßéèêë", "a b c d e f " * 20, "🌾🌻🐄" * 333, "wxyz" * 250]
)
def test_no_part_of_a_long_password_is_ignored(
    moderators: Database, valkey: RedisServer, password: str
) -> None:
    async def scenario() -> None:
        await people.set_password(MAX, password, store=moderators, now=NOW)
        async with signing_in(moderators, valkey.url) as sign_in:
            for wrong in (password[:-1], password + "x"):
                with pytest.raises(Unauthorized):
                    await sign_in("max", wrong)
            assert await sign_in("max", password)

    asyncio.run(scenario())


def test_a_disabled_moderator_is_out_at_the_next_request(moderators: Database) -> None:
    with moderators.transaction() as conn:
        found = table.find_moderator(conn, "max")
        assert found is not None
        secret = table.add_session(conn, found.id, NOW)

    async def is_in() -> bool:
        return await people.find_session(secret, store=moderators, now=NOW) is not None

    assert asyncio.run(is_in())
    with moderators.transaction() as conn:
        table.disable_moderator(conn, "max", NOW)
    assert not asyncio.run(is_in())


def test_a_session_lives_while_it_is_used_but_not_for_ever(moderators: Database) -> None:
    with moderators.transaction() as conn:
        found = table.find_moderator(conn, "max")
        assert found is not None
        secret = table.add_session(conn, found.id, NOW)

    async def scenario() -> datetime:
        at = NOW
        while await people.find_session(secret, store=moderators, now=at):
            at += IDLE - timedelta(minutes=1)
        return at

    assert ABSOLUTE < asyncio.run(scenario()) - NOW < ABSOLUTE + IDLE


def test_signing_out_ends_a_session(moderators: Database) -> None:
    with moderators.transaction() as conn:
        found = table.find_moderator(conn, "max")
        assert found is not None
        secret = table.add_session(conn, found.id, NOW)

    async def scenario() -> Actor | None:
        await people.sign_out(secret, store=moderators)
        return await people.find_session(secret, store=moderators, now=NOW)

    assert asyncio.run(scenario()) is None
