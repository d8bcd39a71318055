"""Retrainings started at the desk: one at a time over all processes, and how each ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, text, update

from service.store.columns import Instant
from service.store.schema import retraining as table

STALE = timedelta(hours=1)  # one that has not ended by then is taken for dead

_BEGIN = text(
    "INSERT INTO retraining (id, actor, started_at, output) VALUES (:id, :actor, :now, '')"
    " ON CONFLICT (id) DO NOTHING"
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

    def is_under_way(self, now: datetime) -> bool:
        """Whether it has neither ended nor been silent for too long."""
        return self.ended_at is None and now - self.started_at < STALE


def begin(conn: Connection, actor: str, now: datetime) -> int | None:
    """Start one and return its number; None while another is under way."""
    last = find_last(conn)
    if last is not None and last.is_under_way(now):
        return None
    number = 1 if last is None else last.id + 1
    begun = conn.execute(_BEGIN, {"id": number, "actor": actor, "now": now}).rowcount
    return number if begun else None  # of two at once one has the number


def end(conn: Connection, number: int, status: int, output: str, now: datetime) -> None:
    """Write down how one ended."""
    conn.execute(
        update(table).where(table.c.id == number).values(ended_at=now, status=status, output=output)
    )


def find_last(conn: Connection) -> Retraining | None:
    """The last one that was started, or None."""
    row = conn.execute(select(table).order_by(table.c.id.desc()).limit(1)).first()
    return None if row is None else Retraining(**row._mapping)
