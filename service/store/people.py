"""Moderators, their grants, API tokens, sessions and one-time sign-in links; only digests of
secrets are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from service.errors import UsageError
from service.persons import Actor, Device
from service.store.schema import api_token, grant, session, sign_in_link, site
from service.store.schema import moderator as table
from service.tokens import digest, new_secret
from service.vocabulary import Role

IDLE = timedelta(hours=12)  # a session unused for this long ends
ABSOLUTE = timedelta(days=14)  # and any session after this
LINK_GOOD_FOR = timedelta(hours=24)
INVITATION_GOOD_FOR = timedelta(days=3)
_NOWHERE = Device()
_SEEN_EVERY = timedelta(minutes=1)  # so that reading the desk writes at most once a minute


@dataclass(frozen=True, slots=True)
class Moderator:
    """A person who decides. `password_hash` is empty until they set a password."""

    id: int
    name: str
    password_hash: str
    disabled: bool


def add_moderator(
    conn: Connection, name: str, role: Role, site_ids: Sequence[int | None], now: datetime
) -> int:
    """Add a person with a role on sites (None: every site). Raises UsageError when taken."""
    if find_moderator(conn, name) is not None:
        raise UsageError(f"moderator {name!r} exists already")
    moderator_id: int = conn.execute(
        insert(table).values(name=name, created_at=now).returning(table.c.id)
    ).scalar_one()
    for site_id in site_ids:
        conn.execute(insert(grant).values(moderator_id=moderator_id, site_id=site_id, role=role))
    return moderator_id


def end_sessions(conn: Connection, moderator_id: int) -> None:
    """End every session of a person; their unused sign-in links are good for nothing."""
    conn.execute(delete(session).where(session.c.moderator_id == moderator_id))
    end_links(conn, moderator_id)


def end_links(conn: Connection, moderator_id: int) -> None:
    """Make every unused sign-in link of a person good for nothing."""
    conn.execute(delete(sign_in_link).where(sign_in_link.c.moderator_id == moderator_id))


def find_moderator_by_id(conn: Connection, moderator_id: int) -> Moderator | None:
    """The moderator of this id, or None."""
    row = conn.execute(select(table).where(table.c.id == moderator_id)).first()
    return None if row is None else _moderator(row)


def find_moderator(conn: Connection, name: str) -> Moderator | None:
    """The moderator of this name, or None."""
    if "\x00" in name:  # PostgreSQL takes no such text, and no name has it
        return None
    row = conn.execute(select(table).where(table.c.name == name)).first()
    return None if row is None else _moderator(row)


def _moderator(row: Row[*tuple[Any, ...]]) -> Moderator:
    return Moderator(row.id, row.name, row.password_hash or "", row.disabled_at is not None)


def list_moderators(conn: Connection) -> list[tuple[Moderator, list[tuple[Role, str]]]]:
    """Every moderator by name, with each role and the key of its site, "" for every site."""
    grants: dict[int, list[tuple[Role, str]]] = {}
    rows = conn.execute(
        select(grant.c.moderator_id, grant.c.role, site.c.key)
        .outerjoin(site, site.c.id == grant.c.site_id)
        .order_by(site.c.key)
    )
    for row in rows:
        grants.setdefault(row.moderator_id, []).append((Role(row.role), row.key or ""))
    people = conn.execute(select(table).order_by(table.c.name))
    return [(_moderator(row), grants.get(row.id, [])) for row in people]


def count_moderators(conn: Connection) -> int:
    """How many moderators there are, disabled ones too."""
    total: int = conn.scalar(select(func.count()).select_from(table)) or 0
    return total


def set_password(conn: Connection, moderator_id: int, password_hash: str) -> None:
    """Set a password's hash; every session and unused sign-in link of the person ends."""
    conn.execute(
        update(table).where(table.c.id == moderator_id).values(password_hash=password_hash)
    )
    end_sessions(conn, moderator_id)


def has_password(conn: Connection, moderator_id: int) -> bool:
    """Whether the person has set a password."""
    query = select(table.c.password_hash).where(table.c.id == moderator_id)
    return bool(conn.scalar(query))


def disable_moderator(conn: Connection, name: str, now: datetime) -> None:
    """Shut a person out; their sessions end at once. Raises UsageError when unknown."""
    found = find_moderator(conn, name)
    if found is None:
        raise UsageError(f"no moderator is called {name!r}")
    conn.execute(update(table).where(table.c.id == found.id).values(disabled_at=now))
    end_sessions(conn, found.id)


def add_token(conn: Connection, name: str, role: Role, site_id: int | None, now: datetime) -> str:
    """A new API token, returned this once; None as site covers every site."""
    token = "cd_" + new_secret()
    conn.execute(
        insert(api_token).values(
            digest=digest("api-token", token), name=name, role=role, site_id=site_id,
            created_at=now,
        )
    )  # fmt: skip
    return token


def list_tokens(conn: Connection) -> list[tuple[str, Role, str, datetime]]:
    """Every API token as (name, role, site key or "", when it was made); never the token itself."""
    rows = conn.execute(
        select(api_token.c.name, api_token.c.role, site.c.key, api_token.c.created_at)
        .outerjoin(site, site.c.id == api_token.c.site_id)
        .order_by(api_token.c.created_at)
    )
    return [(row.name, Role(row.role), row.key or "", row.created_at) for row in rows]


def remove_tokens(conn: Connection, name: str) -> int:
    """Forget every API token of this name, from the next request on; how many there were."""
    return conn.execute(delete(api_token).where(api_token.c.name == name)).rowcount


def find_token_actor(conn: Connection, token: str) -> Actor | None:
    """Who an API token stands for, or None; `token:NAME` where NAME is a person's as well.

    Claims, undo and the audit go by name, and no token may pass for a person there.
    """
    row = conn.execute(
        select(api_token.c.name, api_token.c.role, api_token.c.site_id, table.c.id.label("person"))
        .outerjoin(table, table.c.name == api_token.c.name)
        .where(api_token.c.digest == digest("api-token", token))
    ).first()
    if row is None:
        return None
    name = row.name if row.person is None else f"token:{row.name}"
    return Actor(name, {row.site_id: Role(row.role)})


def add_sign_in_link(
    conn: Connection, moderator_id: int, now: datetime, good_for: timedelta = LINK_GOOD_FOR
) -> str:
    """A one-time secret that signs this person in, good for a day unless it is an invitation."""
    secret = new_secret()
    conn.execute(
        insert(sign_in_link).values(
            digest=digest("sign-in-link", secret), moderator_id=moderator_id,
            expires_at=now + good_for,
        )
    )  # fmt: skip
    return secret


def find_sign_in_link(conn: Connection, secret: str, now: datetime) -> Moderator | None:
    """Whose sign-in link this is, without using it up; None when it is good for nothing."""
    row = conn.execute(
        select(table)
        .join(sign_in_link, sign_in_link.c.moderator_id == table.c.id)
        .where(
            sign_in_link.c.digest == digest("sign-in-link", secret),
            sign_in_link.c.expires_at > now,
            table.c.disabled_at.is_(None),
        )
    ).first()
    return None if row is None else _moderator(row)


def use_sign_in_link(conn: Connection, secret: str, now: datetime) -> int | None:
    """Use a sign-in link up; the moderator's id, or None when it is unknown, used or expired."""
    row = conn.execute(
        delete(sign_in_link)
        .where(sign_in_link.c.digest == digest("sign-in-link", secret))
        .returning(sign_in_link.c.moderator_id, sign_in_link.c.expires_at)
    ).first()
    if row is None or row.expires_at <= now:
        return None
    moderator_id: int = row.moderator_id
    return moderator_id


def add_session(
    conn: Connection, moderator_id: int, now: datetime, device: Device = _NOWHERE
) -> str:
    """Start a session; returns its secret, which goes into the cookie."""
    secret = new_secret()
    conn.execute(
        insert(session).values(
            digest=digest("session", secret), moderator_id=moderator_id, created_at=now,
            seen_at=now, browser=device.browser, network=device.network,
        )
    )  # fmt: skip
    conn.execute(update(table).where(table.c.id == moderator_id).values(seen_at=now))
    return secret


def forget_expired(conn: Connection, now: datetime) -> None:
    """Delete sessions that have ended and sign-in links nobody used in time."""
    conn.execute(
        delete(session).where(
            or_(session.c.seen_at < now - IDLE, session.c.created_at < now - ABSOLUTE)
        )
    )
    conn.execute(delete(sign_in_link).where(sign_in_link.c.expires_at <= now))


def find_session(conn: Connection, secret: str, now: datetime) -> tuple[Actor, bool] | None:
    """Who a session belongs to, and whether `touch_session` is due; None when it has ended."""
    row = conn.execute(
        select(session.c.seen_at, session.c.created_at, table.c.id, table.c.name)
        .join(table, table.c.id == session.c.moderator_id)
        .where(session.c.digest == digest("session", secret), table.c.disabled_at.is_(None))
    ).first()
    if row is None or row.seen_at < now - IDLE or row.created_at < now - ABSOLUTE:
        return None
    grants = conn.execute(
        select(grant.c.site_id, grant.c.role).where(grant.c.moderator_id == row.id)
    )
    actor = Actor(row.name, {g.site_id: Role(g.role) for g in grants}, row.id)
    return actor, row.seen_at < now - _SEEN_EVERY


def touch_session(conn: Connection, secret: str, now: datetime) -> None:
    """Note that a session is in use, and its person at the desk."""
    row = conn.execute(
        update(session)
        .where(session.c.digest == digest("session", secret))
        .values(seen_at=now)
        .returning(session.c.moderator_id)
    ).first()
    if row is not None:
        conn.execute(update(table).where(table.c.id == row.moderator_id).values(seen_at=now))


def end_session(conn: Connection, secret: str) -> None:
    """Sign out."""
    conn.execute(delete(session).where(session.c.digest == digest("session", secret)))
