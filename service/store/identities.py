"""By which identities at a provider people come in: issuer and subject, never an e-mail address."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from service.errors import UsageError
from service.store.schema import identity, moderator


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody at a provider, as the provider names them."""

    issuer: str
    subject: str


def find_moderator_of(conn: Connection, who: Identity) -> int | None:
    """Whose identity this is; None where it is nobody's, or of somebody shut out."""
    found: int | None = conn.scalar(
        select(moderator.c.id)
        .join(identity, identity.c.moderator_id == moderator.c.id)
        .where(
            identity.c.issuer == who.issuer,
            identity.c.subject == who.subject,
            moderator.c.disabled_at.is_(None),
        )
    )
    return found


def list_identities(conn: Connection, moderator_id: int) -> list[Identity]:
    """The identities of a person, the first linked first."""
    rows = conn.execute(
        select(identity).where(identity.c.moderator_id == moderator_id).order_by(identity.c.id)
    )
    return [Identity(row.issuer, row.subject) for row in rows]


def add_identity(conn: Connection, moderator_id: int, who: Identity, now: datetime) -> None:
    """Let a person come in by an identity. Raises UsageError where it is somebody's already."""
    taken = conn.scalar(
        select(identity.c.id).where(
            identity.c.issuer == who.issuer, identity.c.subject == who.subject
        )
    )
    if taken is not None:
        raise UsageError("This identity is linked already, to you or to somebody else.")
    conn.execute(
        insert(identity).values(
            issuer=who.issuer, subject=who.subject, moderator_id=moderator_id, created_at=now
        )
    )


def remove_identities(conn: Connection, moderator_id: int) -> int:
    """Forget a person's identities; how many there were."""
    return conn.execute(delete(identity).where(identity.c.moderator_id == moderator_id)).rowcount
