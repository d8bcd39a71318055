"""A comment with what stands around it: its author's other comments, its parent, its group."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from service.domain import Comment
from service.store import comments, queue
from service.store.comments import SELECT_COMMENT, comment_of
from service.store.filters import Filter, conditions
from service.store.orders import Cursor, Placed
from service.store.prepared import Prepared
from service.store.schema import GROUPED, PUBLISHED
from service.store.schema import comment as table

_PUBLISHED_ON = select(table.c.id).where(
    PUBLISHED,
    table.c.thread_id == bindparam("thread_id"),
    table.c.id != bindparam("id"),
)
_BESIDE = Prepared(
    _PUBLISHED_ON.where(table.c.parent_id.is_(None)).order_by(table.c.id.desc()).limit(3)
)
_BESIDE_REPLY = Prepared(
    _PUBLISHED_ON.where(table.c.parent_id == bindparam("parent_id"))
    .order_by(table.c.id.desc())
    .limit(3)
)
MOST_ALIKE = 199  # of a group beside its first: with it, as many as one decision takes


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A comment as the desk shows it, with its author's comments on the site by status.

    `parent` is the comment it answers, if it answers one. `alike` are the others of its group, up
    to MOST_ALIKE of them, and `more_alike` how many are left out. `cursor` comes after it. `around`
    is the parent, then what is published beside it.
    """

    comment: Comment
    author: dict[str, int]
    parent: Comment | None = None
    cursor: Cursor | None = None
    alike: tuple[Comment, ...] = ()
    more_alike: int = 0
    around: tuple[Comment, ...] = ()


def with_context(
    conn: Connection, page: Sequence[Placed], grouped: Filter | None = None, *, near: bool = False
) -> list[QueueItem]:
    """What moderators see with these comments; with their groups, as far as `grouped` wants, and
    with what stands around them where it is `near`."""
    found = [placed.comment for placed in page]
    counts = queue.count_by_authors(conn, [(c.site_id, c.email) for c in found])
    beside = {c.id: _list_beside(conn, c) for c in found} if near else {}
    wanted = {c.parent_id for c in found if c.parent_id} | {
        i for ids in beside.values() for i in ids
    }
    others = comments.list_comments(conn, wanted)
    groups = _count_groups(conn, found, grouped) if grouped else {}
    items = []
    for placed in page:
        c = placed.comment
        size = groups.get((c.site_id, c.cluster), 1)
        alike = _list_alike(conn, c, grouped) if grouped and size > 1 else ()
        parent = others.get(c.parent_id or "")
        around = (c.parent_id or "", *beside.get(c.id, ()))
        items.append(
            QueueItem(
                c,
                counts[(c.site_id, c.email)],
                parent,
                placed.cursor,
                alike,
                max(0, size - 1 - len(alike)),
                tuple(others[i] for i in around if i in others) if near else (),
            )
        )
    return items


def _list_beside(conn: Connection, c: Comment) -> list[str]:
    """The ids of the latest published comments with the same parent, or none, on the page."""
    of_page = {"thread_id": c.thread_id, "id": c.id}
    if c.parent_id is None:
        rows = _BESIDE.all(conn, **of_page)
    else:
        rows = _BESIDE_REPLY.all(conn, **of_page, parent_id=c.parent_id)
    return [row.id for row in rows]


def _count_groups(
    conn: Connection, page: Sequence[Comment], wanted: Filter
) -> dict[tuple[int, str], int]:
    """How many of those that are wanted each group has."""
    by_site: dict[int, set[str]] = {}
    for c in page:
        if c.cluster:
            by_site.setdefault(c.site_id, set()).add(c.cluster)
    total = func.count().label("total")
    counted: dict[tuple[int, str], int] = {}
    for site_id, named in by_site.items():  # SQLite finds no index for a list of pairs
        rows = conn.execute(
            select(table.c.cluster, total)
            .where(GROUPED, *conditions(conn, wanted))
            .where(table.c.site_id == site_id, table.c.cluster.in_(named))
            .group_by(table.c.cluster)
        )
        counted |= {(site_id, row.cluster): row.total for row in rows}
    return counted


def _list_alike(conn: Connection, first: Comment, wanted: Filter) -> tuple[Comment, ...]:
    """The others of a comment's group, the oldest first."""
    rows = conn.execute(
        SELECT_COMMENT.where(
            GROUPED,
            *conditions(conn, wanted),
            table.c.site_id == first.site_id,
            table.c.cluster == first.cluster,
            table.c.id > first.id,
        )
        .order_by(table.c.id)
        .limit(MOST_ALIKE)
    )
    return tuple(comment_of(row) for row in rows)
