"""The outbox: messages written in the same transaction as what they tell of, sent later.

Whoever sends a message takes it first: until `due_at`, which is then the end of the lease, nobody
else does. A message is waiting, sent, or failed for good.
"""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from service.domain import Message
from service.store.columns import Id, Instant
from service.store.prepared import Prepared
from service.store.schema import WAITING
from service.store.schema import outbox as table
from service.tokens import new_id

_ADD_ONCE = Prepared(
    text(
        "INSERT INTO outbox"
        " (id, site_id, kind, comment_id, recipient, created_at, due_at, attempts)"
        " VALUES (:id, :site_id, :kind, :comment_id, :recipient, :created_at, :due_at, 0)"
        " ON CONFLICT (id) DO NOTHING"
    ).bindparams(
        bindparam("id", type_=Id),
        bindparam("comment_id", type_=Id),
        bindparam("created_at", type_=Instant),
        bindparam("due_at", type_=Instant),
    )
)


class Due(Struct, frozen=True):
    """A message that was taken to be sent, for the `attempts`th time."""

    id: str
    site_id: int
    kind: str
    comment_id: str | None
    recipient: str
    created_at: datetime
    attempts: int


class Standing(Struct, frozen=True):
    """How many messages wait, how many of them failed before, how many were given up."""

    waiting: int
    troubled: int
    failed: int


def add(conn: Connection, site_id: int, messages: tuple[Message, ...], now: datetime) -> None:
    """Put messages in; each gets a stable id that goes out with every attempt."""
    for message in messages:
        conn.execute(
            insert(table).values(
                id=new_id(now), site_id=site_id, kind=message.kind, comment_id=message.comment_id,
                recipient=message.recipient, created_at=now, due_at=now, attempts=0,
            )
        )  # fmt: skip


def add_once(
    conn: Connection, message_id: str, site_id: int, message: Message, *, due_at: datetime,
    now: datetime,
) -> None:  # fmt: skip
    """Put a message in, unless there is or was one with this id."""
    _ADD_ONCE.run(
        conn, id=message_id, site_id=site_id, kind=message.kind, comment_id=message.comment_id,
        recipient=message.recipient, created_at=now, due_at=due_at,
    )  # fmt: skip


def is_due(conn: Connection, now: datetime) -> bool:
    """Whether there is anything to be taken."""
    query = select(table.c.id).where(WAITING, table.c.due_at <= now).limit(1)
    return conn.scalar(query) is not None


def take(conn: Connection, now: datetime, lease: timedelta) -> Due | None:
    """Take the message that is due longest, for the length of a lease; None when none is due.

    The attempt is counted at once, so that one which ends the process counts as well.
    """
    chosen = (
        select(table.c.id)
        .where(WAITING, table.c.due_at <= now)
        .order_by(table.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    message_id = conn.scalar(chosen)
    if message_id is None:
        return None
    row = conn.execute(
        update(table)
        .where(table.c.id == message_id)
        .values(due_at=now + lease, attempts=table.c.attempts + 1)
        .returning(table)
    ).one()
    return Due(
        row.id, row.site_id, row.kind, row.comment_id, row.recipient, row.created_at, row.attempts
    )


def mark_sent(conn: Connection, message_id: str, now: datetime) -> None:
    """The mail server has taken the message over."""
    conn.execute(update(table).where(table.c.id == message_id).values(sent_at=now, fault=None))


def put_off(conn: Connection, message_id: str, due_at: datetime, fault: str) -> None:
    """Try again at `due_at`; `fault` says why, without anybody's address."""
    conn.execute(update(table).where(table.c.id == message_id).values(due_at=due_at, fault=fault))


def give_up(conn: Connection, message_id: str, fault: str, now: datetime) -> None:
    """A dead letter: kept for a while, and told of."""
    conn.execute(update(table).where(table.c.id == message_id).values(failed_at=now, fault=fault))


def drop(conn: Connection, message_id: str) -> None:
    """There is nothing to be told any more."""
    conn.execute(delete(table).where(table.c.id == message_id))


def note_origin(conn: Connection, message_id: str, origin: bytes) -> None:
    """From which client's network, as a digest, the message was asked for."""
    conn.execute(update(table).where(table.c.id == message_id).values(origin=origin))


def count_to(conn: Connection, due: Due, since: datetime) -> int:
    """How many other messages of its kind were tried to the same address since then."""
    return _count(conn, due, since, func.lower(table.c.recipient) == func.lower(due.recipient))


def count_from(conn: Connection, due: Due, origin: bytes, since: datetime) -> int:
    """How many other messages of its kind were tried that the same network asked for."""
    return _count(conn, due, since, table.c.origin == origin)


def _count(conn: Connection, due: Due, since: datetime, *conditions: object) -> int:
    found: int | None = conn.scalar(
        select(func.count())
        .select_from(table)
        .where(
            *conditions,  # type: ignore[arg-type]
            table.c.kind == due.kind,
            table.c.id != due.id,
            table.c.attempts > 0,
            table.c.created_at > since,
        )
    )
    return found or 0


def exists(conn: Connection, message_id: str) -> bool:
    """Whether there is or was, of late, a message with this id."""
    return conn.scalar(select(table.c.id).where(table.c.id == message_id)) is not None


def has_waiting(conn: Connection, site_id: int, kind: str) -> bool:
    """Whether a message of this kind waits for a site."""
    query = select(table.c.id).where(WAITING, table.c.site_id == site_id, table.c.kind == kind)
    return conn.scalar(query.limit(1)) is not None


def count_waiting(conn: Connection) -> int:
    """How many messages wait to be sent."""
    waiting: int = conn.scalar(select(func.count()).select_from(table).where(WAITING)) or 0
    return waiting


def standing(conn: Connection) -> Standing:
    """How many messages wait, how many of them failed before, how many were given up."""
    troubled = conn.scalar(
        select(func.count()).select_from(table).where(WAITING, table.c.fault.is_not(None))
    )
    failed = conn.scalar(
        select(func.count()).select_from(table).where(table.c.failed_at.is_not(None))
    )
    return Standing(count_waiting(conn), troubled or 0, failed or 0)


def list_faults(conn: Connection) -> list[tuple[str, int]]:
    """Why messages failed that wait or were given up, and how many of each."""
    rows = conn.execute(
        select(table.c.fault, func.count())
        .where(table.c.sent_at.is_(None), table.c.fault.is_not(None))
        .group_by(table.c.fault)
        .order_by(func.count().desc())
        .limit(5)
    )
    return [(str(row[0]), int(row[1])) for row in rows]


def forget_old(conn: Connection, before: datetime) -> int:
    """Forget what was sent or given up before then; returns how many."""
    settled = func.coalesce(table.c.sent_at, table.c.failed_at)
    return conn.execute(delete(table).where(settled < before)).rowcount
