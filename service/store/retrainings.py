"""Retrainings started at the desk: one at a time over all processes, and how each ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select, text, update

from service.store.columns import Instant
from service.store.schema import retraining as table

STALE = timedelta(minutes=2)  # one whose runner was not seen for so long is taken for dead
_KEPT = 100  # the last ones

_BEGIN = text(
    "INSERT INTO retraining (id, actor, started_at, seen_at, output)"
    " VALUES (:id, :actor, :now, :now, '') ON CONFLICT (id) DO NOTHING"
).bindparams(bindparam("now", type_=Instant))


@dataclass(frozen=True, slots=True)
class Retraining:
    """Who started it and when. Once it has ended: when, with which status, and what it said."""

    id: int
    actor: str
    started_at: datetime
    ended_at: datetime | None
    status: int | None
    output: str
    seen_at: datetime | None

    def is_under_way(self, now: datetime) -> bool:
        """Whether it has not ended, and whoever runs it was seen lately."""
        return self.ended_at is None and now - (self.seen_at or self.started_at) < STALE


def begin(conn: Connection, actor: str, now: datetime) -> int | None:
    """Start one and return its number; None while another is under way. Forgets all but the last
    hundred."""
    last = find_last(conn)
    if last is not None and last.is_under_way(now):
        return None
    number = 1 if last is None else last.id + 1
    begun = conn.execute(_BEGIN, {"id": number, "actor": actor, "now": now}).rowcount
    conn.execute(delete(table).where(table.c.id <= number - _KEPT))
    return number if begun else None  # of two at once one has the number


def keep_alive(conn: Connection, number: int, now: datetime) -> bool:
    """Say that whoever runs it is there; False once it was taken for dead and another began."""
    conn.execute(update(table).where(table.c.id == number).values(seen_at=now))
    last = find_last(conn)
    return last is not None and last.id == number


def end(conn: Connection, number: int, status: int, output: str, now: datetime) -> None:
    """Write down how one ended."""
    conn.execute(
        update(table).where(table.c.id == number).values(ended_at=now, status=status, output=output)
    )


def find_last(conn: Connection) -> Retraining | None:
    """The last one that was started, or None."""
    row = conn.execute(select(table).order_by(table.c.id.desc()).limit(1)).first()
    return None if row is None else Retraining(**row._mapping)
