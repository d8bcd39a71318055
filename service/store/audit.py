"""The audit trail: append-only lines of who did what to which comment, and why."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select

from service.domain import AuditEntry
from service.store.prepared import Prepared
from service.store.schema import audit as table
from service.store.schema import comment, site
from service.vocabulary import Status

_ADD = Prepared(
    insert(table).values({c.name: bindparam(c.name) for c in table.columns if c.name != "id"})
)


def record(
    conn: Connection,
    comment_id: str,
    *,
    actor: str,
    action: str,
    from_status: Status | None,
    to_status: Status,
    detail: str,
    now: datetime,
) -> None:
    """Append one line; nothing ever changes or deletes it."""
    _ADD.run(
        conn, comment_id=comment_id, at=now, actor=actor, action=str(action),
        from_status=None if from_status is None else from_status.value,
        to_status=to_status.value, detail=detail,
    )  # fmt: skip


def list_entries(conn: Connection, comment_id: str) -> list[AuditEntry]:
    """The trail of one comment, oldest first."""
    rows = conn.execute(select(table).where(table.c.comment_id == comment_id).order_by(table.c.id))
    return [
        AuditEntry(
            comment_id=row.comment_id,
            at=row.at,
            actor=row.actor,
            action=row.action,
            from_status=None if row.from_status is None else Status(row.from_status),
            to_status=Status(row.to_status),
            detail=row.detail,
        )
        for row in rows
    ]


def newest_line(conn: Connection) -> int:
    """The id of the newest line, 0 where there is none."""
    return conn.scalar(select(func.max(table.c.id))) or 0


def list_changed(conn: Connection, after: int) -> dict[int, str]:
    """For each line after this one: the key of the site that it is about."""
    rows = conn.execute(
        select(table.c.id, site.c.key)
        .join(comment, comment.c.id == table.c.comment_id)
        .join(site, site.c.id == comment.c.site_id)
        .where(table.c.id > after)
    )
    return {row.id: row.key for row in rows}
