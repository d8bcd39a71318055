"""The orders of the queue. Each is a row of stretches that an index holds sorted, so that a page
costs the same however many wait; a cursor says in which stretch it stands, and at which key.

What is deferred comes last in every order but newest.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    exists,
    literal,
    literal_column,
    select,
    text,
    tuple_,
)

from service.domain import Comment
from service.store.comments import SELECT_COMMENT, comment_of
from service.store.filters import Filter, conditions
from service.store.schema import REPORTED, SURENESS, comment, thread
from service.vocabulary import Order, Status

_SURENESS: ColumnElement[float] = literal_column(SURENESS)
_THREADS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an order: after the comment `id` in this stretch, whose keys there are `keys`."""

    id: str
    stretch: int = 0
    keys: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A comment and the cursor that comes after it, where it was found in an order."""

    comment: Comment
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """One page of one order."""

    conn: Connection
    wanted: Filter
    is_grouped: bool

    def fetch(
        self, where: list[Any], order: tuple[Any, ...], limit: int, *more: ColumnElement[Any]
    ) -> Iterator[Any]:
        """Rows of comments, `more` as further columns."""
        query = SELECT_COMMENT.add_columns(*more).where(*conditions(self.conn, self.wanted), *where)
        if self.is_grouped:
            query = query.where(_is_first_of_its_group(self.conn, self.wanted))
        return iter(self.conn.execute(query.order_by(*order).limit(limit)))


@dataclass(frozen=True, slots=True)
class _Part:
    """The first or the second half of an order."""

    number: int
    where: list[Any]


def list_queue(
    conn: Connection, wanted: Filter, order: Order, *, limit: int, after: Cursor | None = None,
    grouped: bool = False,
) -> list[Placed]:  # fmt: skip
    """Up to `limit` comments in this order, after `after`.

    `grouped` leaves out those whose group (near-identical held comments of a site that are wanted)
    has an older one.
    """
    asked = _Asked(conn, wanted, grouped)
    return list(islice(_WALKS[order](asked, after, limit), limit))


def _is_first_of_its_group(conn: Connection, wanted: Filter) -> ColumnElement[bool]:
    twin = comment.alias("twin")
    older = exists().where(
        *conditions(conn, wanted, twin),
        twin.c.site_id == comment.c.site_id,
        twin.c.cluster == comment.c.cluster,
        text("twin.cluster <> ''"),
        twin.c.id < comment.c.id,
    )
    return ~older


def _walk_oldest(asked: _Asked, after: Cursor | None, limit: int) -> Iterator[Placed]:
    for part in _parts(asked):
        yield from _by_id(asked, after, limit, part, stretch=part.number)


def _by_id(
    asked: _Asked, after: Cursor | None, limit: int, part: _Part, *, stretch: int
) -> Iterator[Placed]:
    if after and after.stretch > stretch:
        return
    where = list(part.where)
    if after and after.stretch == stretch:
        where.append(comment.c.id > after.id)
    for row in asked.fetch(where, (comment.c.id,), limit):
        yield Placed(comment_of(row), Cursor(row.id, stretch))


def _walk_newest(asked: _Asked, after: Cursor | None, limit: int) -> Iterator[Placed]:
    """What is deferred has no place of its own here, so its index is read beside the other."""
    earlier: list[Any] = [comment.c.id < after.id] if after else []
    order = (comment.c.id.desc(),)
    rows = [
        row for part in _parts(asked) for row in asked.fetch([*part.where, *earlier], order, limit)
    ]
    rows.sort(key=lambda row: row.id, reverse=True)
    for row in rows:
        yield Placed(comment_of(row), Cursor(row.id))


def _walk_uncertain(asked: _Asked, after: Cursor | None, limit: int) -> Iterator[Placed]:
    """The nearest to one half first; what has no score comes after all that has one."""
    order = (_SURENESS, comment.c.id)
    for part in _parts(asked):
        if after and after.stretch > part.number:
            continue
        steps: list[list[Any]] = [[]]
        if after and after.stretch == part.number:  # two steps, each a stretch of the index
            (key,) = after.keys
            steps = [[key == _SURENESS, comment.c.id > after.id], [key < _SURENESS]]
        for step in steps:
            more = _SURENESS.label("sureness")
            for row in asked.fetch([*part.where, *step], order, limit, more):
                yield Placed(comment_of(row), Cursor(row.id, part.number, (row.sureness,)))


def _walk_reported(asked: _Asked, after: Cursor | None, limit: int) -> Iterator[Placed]:
    """The most reported first, then what nobody has reported."""
    key = (-comment.c.reports, comment.c.id)
    for part in _parts(asked):
        stretch = 2 * part.number
        if after is None or after.stretch <= stretch:
            where = [*part.where, REPORTED]
            if after and after.stretch == stretch:
                where.append(_is_beyond(key, (after.keys[0], after.id)))
            for row in asked.fetch(where, key, limit):
                yield Placed(comment_of(row), Cursor(row.id, stretch, (-row.reports,)))
        rest = _Part(part.number, [*part.where, comment.c.reports == 0])
        if not asked.wanted.reported:
            yield from _by_id(asked, after, limit, rest, stretch=stretch + 1)


def _walk_reach(asked: _Asked, after: Cursor | None, limit: int) -> Iterator[Placed]:
    """By the pages with most published comments, the oldest of each page first."""
    for part in _parts(asked):
        if after and after.stretch > part.number:
            continue
        start = after if after and after.stretch == part.number else None
        for thread_id, published, after_id in _threads(asked, part, start):
            where = [*part.where, comment.c.thread_id == thread_id]
            if after_id:
                where.append(comment.c.id > after_id)
            for row in asked.fetch(where, (comment.c.id,), limit):
                place = Cursor(row.id, part.number, (-published, thread_id))
                yield Placed(comment_of(row), place)


def _threads(asked: _Asked, part: _Part, start: Cursor | None) -> Iterator[tuple[int, int, str]]:
    """Pages with comments that are wanted: (id, how many are published, after which comment)."""
    reach = (-thread.c.published, thread.c.id)
    has_some = exists().where(
        comment.c.thread_id == thread.c.id, *conditions(asked.conn, asked.wanted), *part.where
    )
    keys: tuple[float, ...] = ()
    if start:
        keys = start.keys
        yield int(keys[1]), -int(keys[0]), start.id
    while True:
        query = select(thread.c.id, thread.c.published).where(has_some)
        if keys:
            query = query.where(_is_beyond(reach, keys))
        rows = asked.conn.execute(query.order_by(*reach).limit(_THREADS_AT_ONCE)).all()
        for row in rows:
            keys = (-row.published, row.id)
            yield row.id, row.published, ""
        if len(rows) < _THREADS_AT_ONCE:
            return


def _is_beyond(columns: tuple[Any, Any], keys: tuple[Any, ...]) -> ColumnElement[bool]:
    """Whether a row comes after this place."""
    pairs = zip(columns, keys, strict=True)
    return tuple_(*columns) > tuple_(*(literal(key, column.type) for column, key in pairs))


def _parts(asked: _Asked) -> Iterator[_Part]:
    """What is not deferred, then what is; of what is decided, all at once."""
    if asked.wanted.status is Status.HELD:
        yield from (_Part(number, [comment.c.deferred == number]) for number in range(2))
    else:
        yield _Part(0, [])


_WALKS = {
    Order.OLDEST: _walk_oldest,
    Order.NEWEST: _walk_newest,
    Order.UNCERTAIN: _walk_uncertain,
    Order.REPORTED: _walk_reported,
    Order.REACH: _walk_reach,
}
