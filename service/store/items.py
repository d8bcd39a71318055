"""A comment with what stands around it: its author's other comments, its parent, its group."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, literal_column, or_, select

from service.domain import Comment
from service.store import comments, queue
from service.store.comments import SELECT_COMMENT, comment_of
from service.store.filters import Filter, conditions
from service.store.orders import Cursor, Placed
from service.store.schema import GROUPED
from service.store.schema import comment as table

MOST_ALIKE = 199  # of a group beside its first: with it, as many as one decision takes


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A comment as the desk shows it, with its author's comments on the site by status.

    `parent` is the comment it answers, if it answers one. `alike` are the others of its group, up
    to MOST_ALIKE of them, and `more_alike` how many are left out. `cursor` comes after it.
    """

    comment: Comment
    author: dict[str, int]
    parent: Comment | None = None
    cursor: Cursor | None = None
    alike: tuple[Comment, ...] = ()
    more_alike: int = 0


def with_context(
    conn: Connection, page: Sequence[Placed], grouped: Filter | None = None
) -> list[QueueItem]:
    """What the desk shows with these comments; with their groups, as far as `grouped` wants."""
    found = [placed.comment for placed in page]
    counts = queue.count_by_authors(conn, [(c.site_id, c.email) for c in found])
    parents = comments.list_comments(conn, {c.parent_id for c in found if c.parent_id})
    groups = _count_groups(conn, found, grouped) if grouped else {}
    items = []
    for placed in page:
        c = placed.comment
        others = groups.get((c.site_id, c.cluster), 1) - 1
        alike = _list_alike(conn, c, grouped) if grouped and others > 0 else ()
        parent = parents.get(c.parent_id or "")
        author = counts[(c.site_id, c.email)]
        left_out = max(0, others - len(alike))
        items.append(QueueItem(c, author, parent, placed.cursor, alike, left_out))
    return items


def _count_groups(
    conn: Connection, page: Sequence[Comment], wanted: Filter
) -> dict[tuple[int, str], int]:
    """How many of those that are wanted each group has."""
    named = {(c.site_id, c.cluster) for c in page if c.cluster}
    if not named:
        return {}
    of_these = [and_(table.c.site_id == s, table.c.cluster == cluster) for s, cluster in named]
    total = func.count().label("total")
    rows = conn.execute(
        select(table.c.site_id, table.c.cluster, total)
        .where(GROUPED, *conditions(wanted), or_(*of_these))
        .group_by(table.c.site_id, table.c.cluster)
    )
    return {(row.site_id, row.cluster): row.total for row in rows}


def _list_alike(conn: Connection, first: Comment, wanted: Filter) -> tuple[Comment, ...]:
    """The others of a comment's group, the oldest first."""
    rows = conn.execute(
        SELECT_COMMENT.where(
            GROUPED,
            *conditions(wanted),
            table.c.site_id == first.site_id,
            table.c.cluster == first.cluster,
            table.c.id > first.id,
        )
        .order_by(literal_column("comment.id"))
        .limit(MOST_ALIKE)
    )
    return tuple(comment_of(row) for row in rows)
