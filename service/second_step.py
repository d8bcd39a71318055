"""A second factor: codes from a person's device beside the password, and codes for its loss.

The secret of a device has to be readable to check a code, so it is stored sealed with a key made
from the service's own secret: who reads the database, or a backup of it, can make no code.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from service.errors import Forbidden, Unauthorized, UsageError
from service.intake.address import prefixes
from service.limits import Limits
from service.one_time import (
    as_recovery_code,
    new_recovery_codes,
    new_totp_secret,
    step_of,
    totp_uri,
)
from service.persons import Actor, Device, Step
from service.store import people, second_factors
from service.store.database import Database
from service.tokens import seal, unseal

STEP_GOOD_FOR = timedelta(minutes=10)
_SETUP_GOOD_FOR = timedelta(minutes=30)
_SEAL = "second-factor"
_WRONG = "This code is not right, or was used already. Wait for the next one."


@dataclass(frozen=True, slots=True)
class Setup:
    """What a device is set up by. `sealed` comes back with the first code; nothing counts yet."""

    secret: str
    uri: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a person's second factor is on, since when, and how many recovery codes are left."""

    since: datetime | None
    codes_left: int


async def read_standing(actor: Actor, *, store: Database) -> Standing:
    """How the actor's own second factor stands."""
    return await store.read(_read_standing, _person(actor))


def prepare(actor: Actor, *, secret: bytes, now: datetime) -> Setup:
    """A new secret for a device. It counts once `confirm` has seen a code of it."""
    made = new_totp_secret()
    sealed = seal(secret, _setup_of(_person(actor)), made, now)
    return Setup(made, totp_uri(made, actor.name), sealed)


def prepared(actor: Actor, sealed: str, *, secret: bytes, now: datetime) -> Setup | None:
    """The same again, for a page that says what was wrong; None when it is too old."""
    purpose = _setup_of(_person(actor))
    made = unseal(secret, purpose, sealed, now=now, good_for=_SETUP_GOOD_FOR)
    return None if made is None else Setup(made, totp_uri(made, actor.name), sealed)


async def confirm(
    actor: Actor, setup: Setup, code: str, *, store: Database, secret: bytes, now: datetime
) -> list[str]:
    """Turn it on once a code shows that the device works; returns the recovery codes, this once.

    Raises Unauthorized for a wrong code, UsageError where a second factor is on already.
    """
    moderator_id = _person(actor)
    step = step_of(setup.secret, code, now)
    if step is None:
        raise Unauthorized(_WRONG)
    codes = new_recovery_codes()
    sealed = seal(secret, _seal_of(moderator_id), setup.secret, now)
    if not await store.write(_turn_on, moderator_id, sealed, step, codes, now):
        raise UsageError("Your second factor is on already: turn it off first.")
    return codes


async def enter(
    step: Step,
    code: str,
    address: str,
    *,
    store: Database,
    limits: Limits,
    secret: bytes,
    now: datetime,
    device: Device,
) -> str:
    """Finish a sign-in by a code of the device, or by a recovery code; returns the session.

    Each is good once. Raises RateLimited, Unauthorized.
    """
    await limits.admit_code(step.moderator_id, prefixes(address)[0])
    session = await store.write(_enter, step, code, secret, now, device)
    if session is None:
        raise Unauthorized(_WRONG)
    return session


async def check_code(
    actor: Actor,
    code: str,
    address: str,
    *,
    store: Database,
    limits: Limits,
    secret: bytes,
    now: datetime,
) -> None:
    """Use one of the actor's own codes up, to change something. Raises as `enter` does."""
    moderator_id = _person(actor)
    await limits.admit_code(moderator_id, prefixes(address)[0])
    if not await store.write(_use, moderator_id, code, secret, now):
        raise Unauthorized(_WRONG)


async def turn_off(actor: Actor, *, store: Database) -> None:
    """Turn the actor's own second factor off, after `check_code`."""
    await store.write(second_factors.remove_factor, _person(actor))


async def renew_codes(actor: Actor, *, store: Database) -> list[str]:
    """Ten new recovery codes, after `check_code`; those before are good for nothing."""
    codes = new_recovery_codes()
    await store.write(second_factors.set_recovery_codes, _person(actor), codes)
    return codes


def is_owed(conn: Connection, step: Step) -> bool:
    """Whether this half of a sign-in still leads on: same password, not shut out, factor on."""
    found = people.find_moderator_by_id(conn, step.moderator_id)
    return (
        found is not None
        and not found.disabled
        and second_factors.standing_of(found.password_hash) == step.standing
        and second_factors.find_factor(conn, step.moderator_id) is not None
    )


def _enter(
    conn: Connection, step: Step, code: str, secret: bytes, now: datetime, device: Device
) -> str | None:
    if not is_owed(conn, step) or not _use(conn, step.moderator_id, code, secret, now):
        return None
    return people.add_session(conn, step.moderator_id, now, device)


def _use(conn: Connection, moderator_id: int, code: str, secret: bytes, now: datetime) -> bool:
    factor = second_factors.find_factor(conn, moderator_id)
    if factor is None:
        return False
    # Sealed under a secret that has been changed since, only recovery codes still open.
    opened = unseal(secret, _seal_of(moderator_id), factor.sealed, now=now)
    step = None if opened is None else step_of(opened, code, now)
    if step is not None:
        return second_factors.use_step(conn, moderator_id, step)
    return second_factors.use_recovery_code(conn, moderator_id, as_recovery_code(code))


def _turn_on(
    conn: Connection, moderator_id: int, sealed: str, step: int, codes: list[str], now: datetime
) -> bool:
    if second_factors.find_factor(conn, moderator_id) is not None:
        return False
    second_factors.set_factor(conn, moderator_id, sealed, step, now)
    second_factors.set_recovery_codes(conn, moderator_id, codes)
    return True


def _read_standing(conn: Connection, moderator_id: int) -> Standing:
    factor = second_factors.find_factor(conn, moderator_id)
    left = second_factors.count_recovery_codes(conn, moderator_id)
    return Standing(None if factor is None else factor.since, left)


def _person(actor: Actor) -> int:
    if actor.moderator_id is None:
        raise Forbidden("An API token has no second factor.")
    return actor.moderator_id


def _seal_of(moderator_id: int) -> str:
    return f"{_SEAL} {moderator_id}"


def _setup_of(moderator_id: int) -> str:
    return f"{_SEAL} set-up {moderator_id}"
