"""Second factors as stored: a sealed secret, the last step that was used, digests of codes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from service.persons import Device, Step
from service.store import people
from service.store.schema import recovery_code, second_factor
from service.tokens import digest


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor that is on. No code of `last_step` or before is good any more."""

    sealed: str
    last_step: int
    since: datetime


def find_factor(conn: Connection, moderator_id: int) -> Factor | None:
    """The second factor of a person, or None where it is off."""
    row = conn.execute(
        select(second_factor).where(second_factor.c.moderator_id == moderator_id)
    ).first()
    return None if row is None else Factor(row.sealed, row.last_step, row.created_at)


def enter(conn: Connection, moderator_id: int, now: datetime, device: Device) -> str | Step:
    """A session's secret, or the step that is owed before one: whichever way somebody came."""
    if find_factor(conn, moderator_id) is None:
        return people.add_session(conn, moderator_id, now, device)
    found = people.find_moderator_by_id(conn, moderator_id)
    return Step(moderator_id, "" if found is None else standing_of(found.password_hash))


def standing_of(password_hash: str) -> str:
    """What a step remembers of the password, without telling anything of it."""
    return digest("standing", password_hash).hex()


def set_factor(
    conn: Connection, moderator_id: int, sealed: str, last_step: int, now: datetime
) -> None:
    """Turn a second factor on, in the place of one that was."""
    remove_factor(conn, moderator_id)
    conn.execute(
        insert(second_factor).values(
            moderator_id=moderator_id, sealed=sealed, last_step=last_step, created_at=now
        )
    )


def remove_factor(conn: Connection, moderator_id: int) -> bool:
    """Turn it off, recovery codes and all; whether it was on."""
    conn.execute(delete(recovery_code).where(recovery_code.c.moderator_id == moderator_id))
    gone = conn.execute(delete(second_factor).where(second_factor.c.moderator_id == moderator_id))
    return gone.rowcount > 0


def use_step(conn: Connection, moderator_id: int, step: int) -> bool:
    """Use a step of time up; False when it, or a later one, was used already."""
    used = conn.execute(
        update(second_factor)
        .where(second_factor.c.moderator_id == moderator_id, second_factor.c.last_step < step)
        .values(last_step=step)
    )
    return used.rowcount > 0


def set_recovery_codes(conn: Connection, moderator_id: int, codes: Iterable[str]) -> None:
    """Keep the digests of these codes; those before are good for nothing."""
    conn.execute(delete(recovery_code).where(recovery_code.c.moderator_id == moderator_id))
    conn.execute(
        insert(recovery_code),
        [{"digest": _digest(moderator_id, c), "moderator_id": moderator_id} for c in codes],
    )


def use_recovery_code(conn: Connection, moderator_id: int, code: str) -> bool:
    """Use a recovery code up; False when it is none, or was used already."""
    used = conn.execute(
        delete(recovery_code).where(
            recovery_code.c.digest == _digest(moderator_id, code),
            recovery_code.c.moderator_id == moderator_id,
        )
    )
    return used.rowcount > 0


def count_recovery_codes(conn: Connection, moderator_id: int) -> int:
    """How many recovery codes a person has left."""
    query = select(func.count()).where(recovery_code.c.moderator_id == moderator_id)
    return conn.scalar(query) or 0


def _digest(moderator_id: int, code: str) -> bytes:
    return digest("recovery-code", str(moderator_id), code)
