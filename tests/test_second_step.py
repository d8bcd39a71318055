"""A second factor is asked for whichever way somebody comes, and each code is good once (S27)."""

import asyncio
from datetime import datetime, timedelta

import pyotp
import pytest

from service import people, second_step, team
from service.errors import RateLimited, Unauthorized, UsageError
from service.persons import Actor, Device, Step
from service.store import people as table
from service.store import second_factors
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import NOW, SECRET
from tests.limiting import limiting
from tests.redis_server import RedisServer
from tests.signing_in import GOOD

MAX = Actor("max", {None: Role.MODERATOR}, moderator_id=1)
ADA = Actor("ada", {None: Role.ADMIN})
LATER = NOW + timedelta(minutes=5)


async def turn_on(store: Database) -> tuple[pyotp.TOTP, list[str]]:
    """Max's second factor, on since `NOW`: the device, and the recovery codes."""
    setup = second_step.prepare(MAX, secret=SECRET, now=NOW)
    device = pyotp.TOTP(setup.secret)
    codes = await second_step.confirm(
        MAX, setup, device.at(NOW), store=store, secret=SECRET, now=NOW
    )
    return device, codes


class AtTheDoor:
    """Max between password and code."""

    def __init__(self, store: Database, url: str) -> None:
        self._store, self._url, self._tries = store, url, 0

    async def come(self, password: str = GOOD) -> Step:
        async with limiting(self._url) as limits:
            self._tries += 1
            step = await people.sign_in(
                "max", password, f"198.51.100.{self._tries}", store=self._store, limits=limits,
                now=NOW,
            )  # fmt: skip
        assert isinstance(step, Step)
        return step

    async def enter(self, step: Step, code: str, now: datetime = LATER, address: str = "") -> str:
        async with limiting(self._url) as limits:
            self._tries += 1
            return await second_step.enter(
                step, code, address or f"203.0.113.{self._tries}", store=self._store,
                limits=limits, secret=SECRET, now=now, device=Device(),
            )  # fmt: skip


@pytest.fixture
def door(moderators: Database, valkey: RedisServer) -> AtTheDoor:
    return AtTheDoor(moderators, valkey.url)


def test_a_password_leads_to_the_code_and_only_the_code_to_a_session(
    moderators: Database, door: AtTheDoor
) -> None:
    async def scenario() -> Actor | None:
        device, _codes = await turn_on(moderators)
        step = await door.come()
        with pytest.raises(Unauthorized, match="not right"):
            await door.enter(step, "000000")
        secret = await door.enter(step, device.at(LATER))
        return await people.find_session(secret, store=moderators, now=LATER)

    assert asyncio.run(scenario()) == MAX


def test_s27_a_code_is_good_once_and_none_before_it_any_more(
    moderators: Database, door: AtTheDoor
) -> None:
    async def scenario() -> None:
        device, _codes = await turn_on(moderators)
        step = await door.come()
        with pytest.raises(Unauthorized):  # it was used up by turning it on
            await door.enter(step, device.at(NOW), NOW)
        assert await door.enter(step, device.at(LATER))
        for used in (device.at(LATER), device.at(LATER - timedelta(seconds=30))):
            with pytest.raises(Unauthorized):
                await door.enter(step, used)

    asyncio.run(scenario())


def test_s27_of_many_at_once_with_one_code_one_comes_in(
    moderators: Database, door: AtTheDoor
) -> None:
    async def scenario() -> list[object]:
        device, codes = await turn_on(moderators)
        step = await door.come()
        found: list[object] = []
        for code in (device.at(LATER), codes[0]):
            found += await asyncio.gather(
                *(door.enter(step, code) for _ in range(8)), return_exceptions=True
            )
        return found

    found = asyncio.run(scenario())
    assert len([one for one in found if isinstance(one, str)]) == 2


def test_each_recovery_code_is_good_once(moderators: Database, door: AtTheDoor) -> None:
    async def scenario() -> int:
        _device, codes = await turn_on(moderators)
        step = await door.come()
        assert await door.enter(step, codes[3].lower().replace("-", " "))
        with pytest.raises(Unauthorized):
            await door.enter(step, codes[3])
        return (await second_step.read_standing(MAX, store=moderators)).codes_left

    assert asyncio.run(scenario()) == 9


def test_s27_guessing_codes_is_limited_from_one_address_and_from_many(
    moderators: Database, door: AtTheDoor
) -> None:
    async def scenario() -> tuple[int, int]:
        device, _codes = await turn_on(moderators)
        step = await door.come()
        tries = []
        for address in ("192.0.2.1", ""):
            for number in range(40):
                try:
                    await door.enter(step, f"{number:06}", address=address)
                except RateLimited:
                    tries.append(number)
                    break
                except Unauthorized:
                    pass
        with pytest.raises(RateLimited):
            await door.enter(step, device.at(LATER), address="192.0.2.1")
        return tries[0], tries[1]

    from_one, from_many = asyncio.run(scenario())
    assert from_one == 5
    assert from_many <= 20


def test_s27_neither_a_link_nor_a_new_password_goes_round_it(moderators: Database) -> None:
    async def scenario() -> None:
        await turn_on(moderators)
        entered = []
        for number in range(2):
            with moderators.transaction() as conn:
                link = table.add_sign_in_link(conn, 1, NOW)
            if number:
                entered.append(
                    await people.welcome(link, "quite another one", store=moderators, now=NOW)
                )
            else:
                entered.append(await people.sign_in_by_link(link, store=moderators, now=NOW))
        assert [type(one) for one in entered] == [Step, Step]
        assert await people.list_sessions(MAX, "", store=moderators, now=NOW) == []

    asyncio.run(scenario())


def test_half_a_sign_in_is_worth_nothing_once_the_password_is_another(
    moderators: Database, door: AtTheDoor
) -> None:
    async def scenario() -> None:
        device, _codes = await turn_on(moderators)
        step = await door.come()
        await people.set_password(MAX, "quite another one", store=moderators, now=NOW)
        with pytest.raises(Unauthorized):
            await door.enter(step, device.at(LATER))
        with moderators.transaction() as conn:
            table.disable_moderator(conn, "max", NOW)
        with pytest.raises(Unauthorized):
            await door.enter(step, device.at(LATER))

    asyncio.run(scenario())


def test_the_secret_of_a_device_and_the_codes_cannot_be_read_from_the_database(
    moderators: Database,
) -> None:
    async def scenario() -> None:
        device, codes = await turn_on(moderators)
        with moderators.transaction() as conn:
            factor = second_factors.find_factor(conn, 1)
            kept = conn.exec_driver_sql("SELECT digest FROM recovery_code").all()
        assert factor is not None
        assert device.secret not in factor.sealed
        assert len(kept) == len(codes) == 10
        stored = b"".join(bytes(row[0]) for row in kept)
        assert not any(code.encode() in stored for code in codes)

    asyncio.run(scenario())


def test_under_another_secret_of_the_service_recovery_codes_still_open(
    moderators: Database, valkey: RedisServer, door: AtTheDoor
) -> None:
    async def scenario() -> None:
        device, codes = await turn_on(moderators)
        step = await door.come()
        async with limiting(valkey.url) as limits:
            for code, opens in ((device.at(LATER), False), (codes[0], True)):
                entering = second_step.enter(
                    step, code, "203.0.113.200", store=moderators, limits=limits,
                    secret=b"another secret of the service, 32", now=LATER, device=Device(),
                )  # fmt: skip
                if opens:
                    assert await entering
                else:
                    with pytest.raises(Unauthorized):
                        await entering

    asyncio.run(scenario())


def test_it_does_not_count_before_a_code_has_shown_that_the_device_works(
    moderators: Database, valkey: RedisServer
) -> None:
    async def scenario() -> str | Step:
        setup = second_step.prepare(MAX, secret=SECRET, now=NOW)
        with pytest.raises(Unauthorized):
            await second_step.confirm(
                MAX, setup, "000000", store=moderators, secret=SECRET, now=NOW
            )
        async with limiting(valkey.url) as limits:
            return await people.sign_in(
                "max", GOOD, "203.0.113.1", store=moderators, limits=limits, now=NOW
            )

    assert isinstance(asyncio.run(scenario()), str)


def test_one_that_is_on_is_not_replaced_unseen(moderators: Database) -> None:
    async def scenario() -> None:
        await turn_on(moderators)
        with pytest.raises(UsageError, match="on already"):
            await turn_on(moderators)

    asyncio.run(scenario())


def test_a_set_up_is_of_one_person_and_for_half_an_hour() -> None:
    setup = second_step.prepare(MAX, secret=SECRET, now=NOW)
    eva = Actor("eva", {None: Role.VIEWER}, moderator_id=2)

    def found(actor: Actor, now: datetime) -> bool:
        return second_step.prepared(actor, setup.sealed, secret=SECRET, now=now) is not None

    assert found(MAX, NOW + timedelta(minutes=29))
    assert not found(MAX, NOW + timedelta(minutes=31))
    assert not found(eva, NOW)


def test_an_admin_turns_somebody_else_s_off_which_ends_their_sessions(
    moderators: Database, valkey: RedisServer
) -> None:
    async def scenario() -> str | Step:
        await turn_on(moderators)
        with moderators.transaction() as conn:
            secret = table.add_session(conn, 1, NOW)
        await team.reset_second_factor(ADA, 1, store=moderators)
        assert await people.find_session(secret, store=moderators, now=NOW) is None
        async with limiting(valkey.url) as limits:
            return await people.sign_in(
                "max", GOOD, "203.0.113.1", store=moderators, limits=limits, now=NOW
            )

    assert isinstance(asyncio.run(scenario()), str)
