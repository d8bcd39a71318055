"""Repeats: which comment a submission already became, by idempotency key or by its very text.

Each row is a digest that expires. The primary key decides a race between twins, inside the same
transaction as the comment itself.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import Connection, bindparam, delete, select, text

from service.domain import Receipt, Submission
from service.errors import IdempotencyMismatch
from service.store.columns import Id, Instant
from service.store.prepared import Prepared
from service.store.schema import comment
from service.store.schema import repeat as table
from service.tokens import digest
from service.vocabulary import Status

KEPT = timedelta(days=1)

_FIND = Prepared(
    select(
        table.c.body, comment.c.id, comment.c.verdict, comment.c.created_at,
    )
    .join(comment, comment.c.id == table.c.comment_id)
    .where(table.c.key == bindparam("key"), table.c.expires_at > bindparam("now"))
)  # fmt: skip
_CLAIM = Prepared(
    text(
        "INSERT INTO repeat (key, comment_id, body, expires_at)"
        " VALUES (:key, :comment_id, :body, :expires_at)"
        " ON CONFLICT (key) DO UPDATE SET comment_id = :comment_id, body = :body,"
        " expires_at = :expires_at WHERE repeat.expires_at <= :now"
    ).bindparams(
        bindparam("comment_id", type_=Id),
        bindparam("expires_at", type_=Instant),
        bindparam("now", type_=Instant),
    )
)


def find_repeat(conn: Connection, submission: Submission, now: datetime) -> Receipt | None:
    """The receipt of the comment this submission already became, or None.

    Its `keyed` says that the idempotency key matched, so the caller may hand out the token again.
    Raises IdempotencyMismatch when the key was first used with another body.
    """
    row, keyed = _FIND.first(conn, key=_text_key(submission), now=now), False
    if submission.idempotency_key:
        # asked second: a twin elsewhere may commit between the two, and then both rows are there
        by_key = _FIND.first(conn, key=_idempotency_key(submission), now=now)
        if by_key is not None:
            if bytes(by_key.body) != _body(submission):
                raise IdempotencyMismatch
            row, keyed = by_key, True
    if row is None:
        return None
    status = Status.PUBLISHED if row.verdict == "publish" else Status.HELD
    return Receipt(
        id=row.id, status=status, page_url=submission.page_url, created_at=row.created_at,
        repeated=True, keyed=keyed,
    )  # fmt: skip


def claim(conn: Connection, submission: Submission, comment_id: str, now: datetime) -> bool:
    """Write down that this submission becomes this comment; False when a twin was faster."""
    keys: list[tuple[bytes, bytes | None]] = [(_text_key(submission), None)]
    if submission.idempotency_key:
        keys.append((_idempotency_key(submission), _body(submission)))
    for key, body in keys:
        claimed = _CLAIM.run(
            conn, key=key, comment_id=comment_id, body=body, expires_at=now + KEPT, now=now
        )
        if not claimed:
            return False
    return True


def forget(conn: Connection, comment_id: str) -> None:
    """Forget a withdrawn comment, so that its text may be sent again."""
    conn.execute(delete(table).where(table.c.comment_id == comment_id))


def forget_expired(conn: Connection, now: datetime) -> int:
    """Delete what has expired; returns how many rows."""
    return conn.execute(delete(table).where(table.c.expires_at <= now)).rowcount


def _text_key(s: Submission) -> bytes:
    return _digest("text", s.site, s.page_url, s.parent_id or "", s.name, s.email, s.comment)


_digest = lru_cache(maxsize=64)(digest)  # each comment's is asked for twice, soon after another


def _idempotency_key(s: Submission) -> bytes:
    return digest("key", s.site, s.idempotency_key)


def _body(s: Submission) -> bytes:
    fields = (s.site, s.page_url, s.parent_id or "", s.name, s.email, s.website, s.comment)
    return digest("body", *fields)
