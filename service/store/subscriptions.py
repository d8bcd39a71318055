"""Who is told of replies by mail, and the confirmations that this, and proof, wait for."""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from service.domain import Message
from service.store import outbox
from service.store.prepared import Prepared
from service.store.schema import comment, confirmation
from service.store.schema import subscription as table
from service.tokens import named_id
from service.vocabulary import REPLY

# So long a reply is not told of: whoever approved it may think better of it, or its author.
GRACE = timedelta(minutes=1)

_OF_PARENT = Prepared(select(table.c.email).where(table.c.comment_id == bindparam("comment_id")))


class Confirmation(Struct, frozen=True):
    """What its author asked for with a comment: to prove the address, to be told of replies."""

    comment_id: str
    site_id: int
    thread_id: int
    email: str
    proof: bool
    replies: bool
    created_at: datetime
    used_at: datetime | None = None


def ask(conn: Connection, asked: Confirmation) -> None:
    """Remember what the link in a mail will do."""
    conn.execute(
        insert(confirmation).values(
            comment_id=asked.comment_id, site_id=asked.site_id, thread_id=asked.thread_id,
            email=asked.email, proof=asked.proof, replies=asked.replies,
            created_at=asked.created_at,
        )
    )  # fmt: skip


def find_confirmation(conn: Connection, comment_id: str) -> Confirmation | None:
    """What was asked for with this comment, or None."""
    row = conn.execute(select(confirmation).where(confirmation.c.comment_id == comment_id)).first()
    return None if row is None else Confirmation(**row._mapping)


def use(conn: Connection, comment_id: str, now: datetime) -> bool:
    """Use a confirmation up; False when it was used before."""
    used = conn.execute(
        update(confirmation)
        .where(confirmation.c.comment_id == comment_id, confirmation.c.used_at.is_(None))
        .values(used_at=now)
    )
    return used.rowcount > 0


def subscribe(
    conn: Connection, comment_id: str, *, site_id: int, thread_id: int, email: str, now: datetime
) -> None:
    """Tell this address of replies to this comment from now on."""
    conn.execute(delete(table).where(table.c.comment_id == comment_id))
    conn.execute(
        insert(table).values(
            comment_id=comment_id, site_id=site_id, thread_id=thread_id, email=email,
            created_at=now,
        )
    )  # fmt: skip


def is_subscribed(conn: Connection, comment_id: str, email: str) -> bool:
    """Whether this address is told of replies to this comment."""
    row = _OF_PARENT.first(conn, comment_id=comment_id)
    return row is not None and row.email.lower() == email.lower()


def tell_of_reply(
    conn: Connection, comment_id: str, parent_id: str, site_id: int, email: str, now: datetime
) -> None:
    """A reply has become public: whoever wants to know of it will, once; its own author will not.

    Whether it still is public is asked again when the mail is to be sent.
    """
    wanted = _OF_PARENT.first(conn, comment_id=parent_id)
    if wanted is None or wanted.email.lower() == email.lower():
        return
    message = Message(REPLY, wanted.email, comment_id)
    outbox.add_once(
        conn, named_id(REPLY, comment_id), site_id, message, due_at=now + GRACE, now=now
    )


def unsubscribe(conn: Connection, comment_id: str, *, everywhere: bool = False) -> int:
    """End what the author of this comment wants to know on its page, or on all of the site."""
    own = conn.execute(
        select(comment.c.site_id, comment.c.thread_id, comment.c.email).where(
            comment.c.id == comment_id
        )
    ).first()
    if own is None or not own.email:
        return forget(conn, comment_id)
    query = delete(table).where(
        table.c.site_id == own.site_id, func.lower(table.c.email) == func.lower(own.email)
    )
    if not everywhere:
        query = query.where(table.c.thread_id == own.thread_id)
    return conn.execute(query).rowcount


def forget(conn: Connection, comment_id: str) -> int:
    """Forget what was asked for with a comment that is withdrawn."""
    conn.execute(delete(confirmation).where(confirmation.c.comment_id == comment_id))
    return conn.execute(delete(table).where(table.c.comment_id == comment_id)).rowcount


def forget_expired(conn: Connection, before: datetime) -> int:
    """Forget confirmations that were asked for before then."""
    return conn.execute(delete(confirmation).where(confirmation.c.created_at < before)).rowcount
