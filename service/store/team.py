"""The people of the desk as admins see them: rights, second factor, when last seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from service.persons import Actor
from service.store.schema import grant, moderator, second_factor
from service.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the desk. `grants` as an actor's: None as site is every site."""

    id: int
    name: str
    grants: Mapping[int | None, Role]
    disabled: bool
    has_password: bool
    has_second_factor: bool
    seen_at: datetime | None

    def is_within(self, actor: Actor) -> bool:
        """Whether the actor is admin wherever this person has a right, so may act on all of them.

        Whoever has no right at all is for admins of every site alone.
        """
        return actor.rules or (
            bool(self.grants)
            and all(s is not None and actor.may(Role.ADMIN, s) for s in self.grants)
        )


def list_members(conn: Connection) -> list[Member]:
    """Every person by name, disabled ones too."""
    grants: dict[int, dict[int | None, Role]] = {}
    for row in conn.execute(select(grant.c.moderator_id, grant.c.site_id, grant.c.role)):
        grants.setdefault(row.moderator_id, {})[row.site_id] = Role(row.role)
    rows = conn.execute(
        select(
            moderator.c.id, moderator.c.name, moderator.c.disabled_at, moderator.c.password_hash,
            moderator.c.seen_at, second_factor.c.moderator_id.label("factor"),
        )
        .outerjoin(second_factor, second_factor.c.moderator_id == moderator.c.id)
        .order_by(moderator.c.name)
    )  # fmt: skip
    return [
        Member(
            row.id, row.name, grants.get(row.id, {}), row.disabled_at is not None,
            bool(row.password_hash), row.factor is not None, row.seen_at,
        )
        for row in rows
    ]  # fmt: skip


def list_names(conn: Connection) -> list[tuple[str, int | None]]:
    """The name of everybody who can come in, with each site they have a right on."""
    rows = conn.execute(
        select(moderator.c.name, grant.c.site_id)
        .join(grant, grant.c.moderator_id == moderator.c.id)
        .where(moderator.c.disabled_at.is_(None))
    )
    return [(row.name, row.site_id) for row in rows]


def set_grants(conn: Connection, moderator_id: int, grants: Mapping[int | None, Role]) -> None:
    """Give a person these rights and no others."""
    conn.execute(delete(grant).where(grant.c.moderator_id == moderator_id))
    for site_id, role in grants.items():
        conn.execute(insert(grant).values(moderator_id=moderator_id, site_id=site_id, role=role))


def other_rulers(conn: Connection, moderator_id: int) -> int:
    """How many others are admins of every site and can come in.

    Their rows are locked, so that of two who shut each other out one sees what the other did.
    """
    rows = conn.execute(
        select(moderator.c.id)
        .join(grant, grant.c.moderator_id == moderator.c.id)
        .where(
            grant.c.site_id.is_(None), grant.c.role == Role.ADMIN,
            moderator.c.disabled_at.is_(None),
        )
        .order_by(moderator.c.id)
        .with_for_update()
    ).all()  # fmt: skip
    return len([row for row in rows if row.id != moderator_id])


def enable(conn: Connection, moderator_id: int) -> None:
    """Let a person in again who was shut out."""
    conn.execute(update(moderator).where(moderator.c.id == moderator_id).values(disabled_at=None))
