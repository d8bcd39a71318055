"""Let moderators in: tokens, passwords, one-time sign-in links, sessions."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection

from service.domain import Actor
from service.errors import Forbidden, InvalidPassword, Unauthorized
from service.intake.address import prefixes
from service.limits import Limits
from service.store import people as table
from service.store.database import Database

MIN_PASSWORD = 8  # characters, NIST SP 800-63B; 15 are advised
MAX_PASSWORD = 1000

_hasher = PasswordHasher()  # argon2id at the library's current cost
_hashing = ThreadPoolExecutor(1)  # one at a time: each takes 64 MiB and a third of a second


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


async def sign_in(
    name: str, password: str, address: str, *, store: Database, limits: Limits, now: datetime
) -> str:
    """Check a password and start a session; returns its secret.

    Unknown, disabled and wrong look alike and take as long. Raises RateLimited, Unauthorized.
    """
    await limits.admit_sign_in(name, prefixes(address)[0])
    found = await store.read(table.find_moderator, name) if name.isprintable() else None
    password_hash = "" if found is None or found.disabled else found.password_hash
    loop = asyncio.get_running_loop()
    matches = await loop.run_in_executor(_hashing, _is_password, password_hash, password)
    if found is None or not matches:
        raise Unauthorized("Name or password is not right.")
    return await store.write(table.add_session, found.id, now)


async def sign_in_by_link(link: str, *, store: Database, now: datetime) -> str:
    """Use a one-time link up and start a session; returns its secret. Raises Unauthorized."""
    secret = await store.write(_use_link, link, now)
    if secret is None:
        raise Unauthorized("This sign-in link was used already or has expired.")
    return secret


async def sign_out(secret: str, *, store: Database) -> None:
    """End a session."""
    await store.write(table.end_session, secret)


async def has_password(actor: Actor, *, store: Database) -> bool:
    """Whether the actor is a person who has set a password."""
    if actor.moderator_id is None:
        return False
    return await store.read(table.has_password, actor.moderator_id)


async def set_password(actor: Actor, password: str, *, store: Database, now: datetime) -> str:
    """Set one's own password. Every session ends; returns a new one's secret.

    Raises InvalidPassword; Forbidden for an API token, which is no person.
    """
    if actor.moderator_id is None:
        raise Forbidden("An API token has no password.")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidPassword(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    loop = asyncio.get_running_loop()
    password_hash = await loop.run_in_executor(_hashing, hash_password, password)
    return await store.write(_set_password, actor.moderator_id, password_hash, now)


def hash_password(password: str) -> str:
    """The argon2id hash of a password, salt and cost included."""
    return _hasher.hash(password)


def _use_link(conn: Connection, link: str, now: datetime) -> str | None:
    moderator_id = table.use_sign_in_link(conn, link, now)
    return None if moderator_id is None else table.add_session(conn, moderator_id, now)


def _set_password(conn: Connection, moderator_id: int, password_hash: str, now: datetime) -> str:
    table.set_password(conn, moderator_id, password_hash)
    return table.add_session(conn, moderator_id, now)


def _is_password(password_hash: str, password: str) -> bool:
    """Whether a password fits; where there is no hash, False after as long a time."""
    decoy = _decoy_hash()
    try:
        fits = _hasher.verify(password_hash or decoy, password[:MAX_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    return fits and password_hash != "" and len(password) <= MAX_PASSWORD


@lru_cache(maxsize=1)
def _decoy_hash() -> str:
    """Made for the first attempt, whoever it is by, so that it tells nothing."""
    return hash_password("nobody has this password")
