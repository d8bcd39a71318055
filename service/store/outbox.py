"""The outbox: messages written in the same transaction as what they tell of, sent later."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from service.domain import Message
from service.store.schema import outbox as table
from service.tokens import new_id


def add(conn: Connection, site_id: int, messages: tuple[Message, ...], now: datetime) -> None:
    """Put messages in; each gets a stable id that goes out with every attempt."""
    for message in messages:
        conn.execute(
            insert(table).values(
                id=new_id(now), site_id=site_id, kind=message.kind, comment_id=message.comment_id,
                recipient=message.recipient, created_at=now, due_at=now, attempts=0,
            )
        )  # fmt: skip


def count_waiting(conn: Connection) -> int:
    """How many messages wait to be sent."""
    waiting: int = conn.scalar(select(func.count()).select_from(table)) or 0
    return waiting
