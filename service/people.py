"""Let moderators in: tokens, passwords, one-time sign-in links, sessions."""

from datetime import datetime

from sqlalchemy import Connection

from service.errors import Forbidden, Unauthorized
from service.intake.address import prefixes
from service.limits import Limits
from service.passwords import check_password, fits, hashed
from service.persons import Actor, Device, Step
from service.store import identities, second_factors, sessions
from service.store import people as table
from service.store.database import Database

_NOWHERE = Device()


async def find_token_actor(token: str, *, store: Database) -> Actor | None:
    """Who an API token stands for, or None."""
    return await store.glance(table.find_token_actor, token)


async def find_session(secret: str, *, store: Database, now: datetime) -> Actor | None:
    """Who a session belongs to, or None once it has ended."""
    found = await store.glance(table.find_session, secret, now)
    if found is None:
        return None
    actor, touch_due = found
    if touch_due:
        await store.write(table.touch_session, secret, now)
    return actor


async def peek_session(secret: str, *, store: Database, now: datetime) -> Actor | None:
    """As `find_session`, by whom it is no use of the session: it ends in its time."""
    found = await store.glance(table.find_session, secret, now)
    return None if found is None else found[0]


async def sign_in(
    name: str,
    password: str,
    address: str,
    *,
    store: Database,
    limits: Limits,
    now: datetime,
    device: Device = _NOWHERE,
) -> str | Step:
    """Check a password and start a session; returns its secret, or the step a code is owed for.

    Unknown, disabled and wrong look alike and take as long. Raises RateLimited, Unauthorized.
    """
    await limits.admit_sign_in(name, prefixes(address)[0])
    found = await store.read(table.find_moderator, name) if name.isprintable() else None
    password_hash = "" if found is None or found.disabled else found.password_hash
    matches = await fits(password_hash, password)
    if found is None or not matches:
        raise Unauthorized("Name or password is not right.")
    return await store.write(second_factors.enter, found.id, now, device)


async def sign_in_by_link(
    link: str, *, store: Database, now: datetime, device: Device = _NOWHERE
) -> str | Step:
    """Use a one-time link up and start a session, as `sign_in` does. Raises Unauthorized."""
    entered = await store.write(_use_link, link, now, device)
    if entered is None:
        raise Unauthorized(LINK_IS_NO_GOOD)
    return entered


async def find_invited(link: str, *, store: Database, now: datetime) -> str | None:
    """The name of whose link this is, without using it up; None when it is good for nothing."""
    found = await store.read(table.find_sign_in_link, link, now)
    return None if found is None else found.name


async def welcome(
    link: str, password: str, *, store: Database, now: datetime, device: Device = _NOWHERE
) -> str | Step:
    """Use a one-time link up to set a password, and start a session, as `sign_in` does.

    A password that is refused uses nothing up. Raises InvalidPassword, Unauthorized.
    """
    name = await find_invited(link, store=store, now=now)
    if name is None:
        raise Unauthorized(LINK_IS_NO_GOOD)
    check_password(password, name)
    entered = await store.write(_welcome, link, await hashed(password), now, device)
    if entered is None:
        raise Unauthorized(LINK_IS_NO_GOOD)
    return entered


async def sign_out(secret: str, *, store: Database) -> None:
    """End a session."""
    await store.write(table.end_session, secret)


async def has_password(actor: Actor, *, store: Database) -> bool:
    """Whether the actor is a person who has set a password."""
    if actor.moderator_id is None:
        return False
    return await store.read(table.has_password, actor.moderator_id)


async def has_way_in(actor: Actor, *, store: Database) -> bool:
    """Whether the actor can come in again without a link: by a password or by an identity."""
    if actor.moderator_id is None:
        return False
    return await store.read(_has_way_in, actor.moderator_id)


async def check_own_password(
    actor: Actor, password: str, address: str, *, store: Database, limits: Limits
) -> None:
    """Make sure that it is really the actor who sits there, where they have a password.

    Counts as an attempt to sign in. Raises RateLimited, Unauthorized.
    """
    found = await store.read(table.find_moderator, actor.name)
    if actor.moderator_id is None or found is None or not found.password_hash:
        return
    await limits.admit_sign_in(actor.name, prefixes(address)[0])
    if not await fits(found.password_hash, password):
        raise Unauthorized("This is not your present password.")


async def set_password(
    actor: Actor, password: str, *, store: Database, now: datetime, device: Device = _NOWHERE
) -> str:
    """Set one's own password. Every session ends; returns a new one's secret.

    Raises InvalidPassword; Forbidden for an API token, which is no person.
    """
    if actor.moderator_id is None:
        raise Forbidden("An API token has no password.")
    check_password(password, actor.name)
    password_hash = await hashed(password)
    return await store.write(_set_password, actor.moderator_id, password_hash, now, device)


async def list_identities(actor: Actor, *, store: Database) -> list[identities.Identity]:
    """The identities at a provider by which the actor may come in."""
    if actor.moderator_id is None:
        return []
    return await store.read(identities.list_identities, actor.moderator_id)


async def list_sessions(
    actor: Actor, secret: str, *, store: Database, now: datetime
) -> list[sessions.Session]:
    """The actor's own sessions; `secret` is that of the one that asks."""
    if actor.moderator_id is None:
        return []
    return await store.read(sessions.list_sessions, actor.moderator_id, secret, now)


async def end_session(actor: Actor, session_id: str, *, store: Database) -> int:
    """End one of the actor's own sessions; 0 when it is none of theirs."""
    if actor.moderator_id is None:
        return 0
    return await store.write(sessions.end_one, actor.moderator_id, session_id)


async def end_other_sessions(actor: Actor, secret: str, *, store: Database) -> int:
    """End every session of the actor but the one of `secret`; how many that were."""
    if actor.moderator_id is None:
        return 0
    return await store.write(sessions.end_others, actor.moderator_id, secret)


LINK_IS_NO_GOOD = "This sign-in link was used already or has expired."


def _has_way_in(conn: Connection, moderator_id: int) -> bool:
    return table.has_password(conn, moderator_id) or bool(
        identities.list_identities(conn, moderator_id)
    )


def _use_link(conn: Connection, link: str, now: datetime, device: Device) -> str | Step | None:
    moderator_id = table.use_sign_in_link(conn, link, now)
    return None if moderator_id is None else second_factors.enter(conn, moderator_id, now, device)


def _welcome(
    conn: Connection, link: str, password_hash: str, now: datetime, device: Device
) -> str | Step | None:
    moderator_id = table.use_sign_in_link(conn, link, now)
    if moderator_id is None:
        return None
    table.set_password(conn, moderator_id, password_hash)
    return second_factors.enter(conn, moderator_id, now, device)


def _set_password(
    conn: Connection, moderator_id: int, password_hash: str, now: datetime, device: Device
) -> str:
    table.set_password(conn, moderator_id, password_hash)
    return table.add_session(conn, moderator_id, now, device)
