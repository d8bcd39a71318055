"""Signing in by an identity at a provider, and linking one to somebody who is here already.

Nobody is added by merely having an account at the provider.
"""

from datetime import datetime

from sqlalchemy import Connection

from service.errors import Forbidden, Unauthorized, UsageError
from service.persons import Actor, Device, Step
from service.store import identities as table
from service.store import people, second_factors
from service.store.database import Database
from service.store.identities import Identity


async def sign_in(who: Identity, *, store: Database, now: datetime, device: Device) -> str | Step:
    """Start a session for whom this identity is linked to; returns its secret, or a step that owes
    a code. Raises Unauthorized where it is linked to nobody."""
    entered = await store.write(_sign_in, who, now, device)
    if entered is None:
        raise Unauthorized(
            "Nobody here is linked to this identity. Sign in another way and link it on your"
            " account's page, or ask for an invitation."
        )
    return entered


async def link(actor: Actor, who: Identity, *, store: Database, now: datetime) -> None:
    """Let the actor sign in by this identity. Raises UsageError where it is taken; Forbidden."""
    if actor.moderator_id is None:
        raise Forbidden("An API token has no identity.")
    await store.write(table.add_identity, actor.moderator_id, who, now)


async def unlink(actor: Actor, *, store: Database) -> None:
    """Forget the actor's identities. Raises UsageError where nothing else lets in; Forbidden."""
    if actor.moderator_id is None:
        raise Forbidden("An API token has no identity.")
    await store.write(_unlink, actor.moderator_id)


async def accept(
    invitation: str, who: Identity, *, store: Database, now: datetime, device: Device
) -> str | Step:
    """Use an invitation up by an identity instead of a password, and start a session.

    Raises Unauthorized for an invitation that is good for nothing, UsageError for an identity
    that is taken.
    """
    entered = await store.write(_accept, invitation, who, now, device)
    if entered is None:
        raise Unauthorized("This invitation was used already or has expired.")
    return entered


def _sign_in(conn: Connection, who: Identity, now: datetime, device: Device) -> str | Step | None:
    moderator_id = table.find_moderator_of(conn, who)
    return None if moderator_id is None else second_factors.enter(conn, moderator_id, now, device)


def _accept(
    conn: Connection, invitation: str, who: Identity, now: datetime, device: Device
) -> str | Step | None:
    moderator_id = people.use_sign_in_link(conn, invitation, now)
    if moderator_id is None:
        return None
    table.add_identity(conn, moderator_id, who, now)
    return second_factors.enter(conn, moderator_id, now, device)


def _unlink(conn: Connection, moderator_id: int) -> None:
    if not people.has_password(conn, moderator_id):
        raise UsageError("Set a password first: this is your only way to sign in.")
    table.remove_identities(conn, moderator_id)
