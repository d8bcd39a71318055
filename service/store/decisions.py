"""Decisions: what moderators said, kept for undo, for the audit and as training labels."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from service.domain import Decision
from service.store.schema import comment, decision_item
from service.store.schema import decision as table
from service.vocabulary import Choice, Reason, Status


@dataclass(frozen=True, slots=True)
class Made:
    """A decision as stored, with how many comments it changed."""

    id: str
    actor: str
    choice: Choice
    reason: Reason | None
    comments: int
    created_at: datetime
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class MadeItem:
    """What a decision did to one comment: what it was, and its version afterwards."""

    comment_id: str
    from_status: Status
    from_decision_id: str | None
    version: int


_SELECT = select(
    table,
    select(func.count())
    .where(decision_item.c.decision_id == table.c.id)
    .scalar_subquery()
    .label("comments"),
)


def add(conn: Connection, decision_id: str, decision: Decision, actor: str, now: datetime) -> None:
    """Store a decision; `add_item` follows for each comment it changed."""
    conn.execute(
        insert(table).values(
            id=decision_id, actor=actor, choice=decision.choice, reason=decision.reason,
            note=decision.note, created_at=now,
        )
    )  # fmt: skip


def add_item(conn: Connection, decision_id: str, item: MadeItem) -> None:
    """Store what a decision did to one comment."""
    conn.execute(
        insert(decision_item).values(
            decision_id=decision_id, comment_id=item.comment_id, from_status=item.from_status,
            from_decision_id=item.from_decision_id, version=item.version,
        )
    )  # fmt: skip


def find(conn: Connection, decision_id: str) -> Made | None:
    """The decision with this id, or None."""
    row = conn.execute(_SELECT.where(table.c.id == decision_id)).first()
    return None if row is None else _made(row)


def find_by_comments(conn: Connection, ids: list[str]) -> dict[str, str]:
    """Who made the decision in force on each of these comments, where there is one."""
    rows = conn.execute(
        select(comment.c.id, table.c.actor)
        .join(table, table.c.id == comment.c.decision_id)
        .where(comment.c.id.in_(ids))
    )
    return {row.id: row.actor for row in rows}


def list_items(conn: Connection, decision_id: str) -> list[MadeItem]:
    """What a decision did, comment by comment."""
    rows = conn.execute(
        select(decision_item)
        .where(decision_item.c.decision_id == decision_id)
        .order_by(decision_item.c.comment_id)
    )
    return [
        MadeItem(row.comment_id, Status(row.from_status), row.from_decision_id, row.version)
        for row in rows
    ]


def mark_undone(conn: Connection, decision_id: str, now: datetime) -> None:
    """Write down that a decision was taken back."""
    conn.execute(update(table).where(table.c.id == decision_id).values(undone_at=now))


def latest_of(conn: Connection, actor: str, *, limit: int = 10) -> list[Made]:
    """The actor's latest decisions that still stand, newest first."""
    rows = conn.execute(
        _SELECT.where(table.c.actor == actor, table.c.undone_at.is_(None))
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(limit)
    )
    return [_made(row) for row in rows]


def tally_since(
    conn: Connection, site_ids: frozenset[int] | None, since: datetime
) -> list[tuple[str, str | None, float | None, int]]:
    """Comments decided since then, as (choice, reason, score rounded to a tenth, how many)."""
    tenth = func.round(comment.c.score * 10)
    query = (
        select(table.c.choice, table.c.reason, tenth.label("tenth"), func.count().label("total"))
        .join(comment, comment.c.decision_id == table.c.id)
        .where(table.c.created_at >= since, table.c.undone_at.is_(None))
        .group_by(table.c.choice, table.c.reason, tenth)
    )
    if site_ids is not None:
        query = query.where(comment.c.site_id.in_(site_ids))
    rows = conn.execute(query)
    return [(r.choice, r.reason, None if r.tenth is None else r.tenth / 10, r.total) for r in rows]


def _made(row: Row[*tuple[Any, ...]]) -> Made:
    reason = None if row.reason is None else Reason(row.reason)
    return Made(
        row.id, row.actor, Choice(row.choice), reason, row.comments, row.created_at, row.undone_at
    )
