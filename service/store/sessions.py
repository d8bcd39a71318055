"""A person's sessions as they see them, to be ended one by one or all but one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from service.store.people import ABSOLUTE, IDLE
from service.store.schema import session
from service.tokens import digest


@dataclass(frozen=True, slots=True)
class Session:
    """A session that has not ended. `id` names it and opens nothing."""

    id: str
    since: datetime
    seen_at: datetime
    browser: str
    network: str
    is_this: bool


def list_sessions(conn: Connection, moderator_id: int, secret: str, now: datetime) -> list[Session]:
    """The sessions of a person, the one used last first; `secret` says which one asks."""
    own = digest("session", secret)
    rows = conn.execute(
        select(session)
        .where(
            session.c.moderator_id == moderator_id,
            session.c.seen_at >= now - IDLE,
            session.c.created_at >= now - ABSOLUTE,
        )
        .order_by(session.c.seen_at.desc(), session.c.created_at.desc())
    )
    return [
        Session(
            row.digest.hex(), row.created_at, row.seen_at, row.browser or "", row.network or "",
            bytes(row.digest) == own,
        )
        for row in rows
    ]  # fmt: skip


def end_one(conn: Connection, moderator_id: int, session_id: str) -> int:
    """End one session of this person; how many that were."""
    try:
        named = bytes.fromhex(session_id)
    except ValueError:
        return 0
    return conn.execute(
        delete(session).where(session.c.moderator_id == moderator_id, session.c.digest == named)
    ).rowcount


def end_others(conn: Connection, moderator_id: int, secret: str) -> int:
    """End every session of this person but the one of `secret`; how many that were."""
    return conn.execute(
        delete(session).where(
            session.c.moderator_id == moderator_id,
            session.c.digest != digest("session", secret),
        )
    ).rowcount
