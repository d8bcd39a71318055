"""Threads: one per site and page URL, with the count and revision that readers' caches rely on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, text, update

from service.domain import Thread
from service.store.columns import Instant
from service.store.prepared import Prepared
from service.store.schema import PUBLISHED, comment, site
from service.store.schema import thread as table

_BY_URL = Prepared(
    select(
        table.c.id,
        table.c.site_id,
        table.c.url,
        table.c.title,
        table.c.published,
        table.c.revision,
    ).where(table.c.site_id == bindparam("site_id"), table.c.url == bindparam("url"))
)
_PUBLIC = (  # columns that anybody may see
    comment.c.id, comment.c.parent_id, comment.c.name, comment.c.website, comment.c.html,
    comment.c.lang, comment.c.created_at, comment.c.edited_at,
)  # fmt: skip
_ADD = text(
    "INSERT INTO thread (site_id, url, title, excerpt, published, revision, created_at)"
    " VALUES (:site_id, :url, :title, :excerpt, 0, 1, :created_at)"
    " ON CONFLICT (site_id, url) DO NOTHING"
).bindparams(bindparam("created_at", type_=Instant))


def find_thread(conn: Connection, site_id: int, url: str) -> Thread | None:
    """The thread of a page, by its URL in normal form, or None when nobody commented yet."""
    row = _BY_URL.first(conn, site_id=site_id, url=url)
    return None if row is None else _thread(row)


def ensure_thread(
    conn: Connection, site_id: int, url: str, title: str, excerpt: str, now: datetime
) -> Thread:
    """The thread of a page, made when it is the first time; title and excerpt are kept once known.

    They come from whoever comments first, so nothing that matters may rest on them.
    """
    found = find_thread(conn, site_id, url)
    if found is None:
        conn.execute(
            _ADD,
            {"site_id": site_id, "url": url, "title": title, "excerpt": excerpt, "created_at": now},
        )
        found = find_thread(conn, site_id, url)
        assert found is not None
    elif title and not found.title:
        conn.execute(
            update(table).where(table.c.id == found.id).values(title=title, excerpt=excerpt)
        )
    return found


def change_published(conn: Connection, thread_id: int, by: int) -> None:
    """Count comments in or out of what readers see; a new revision makes every cache stale."""
    conn.execute(
        update(table)
        .where(table.c.id == thread_id)
        .values(published=table.c.published + by, revision=table.c.revision + 1)
    )


def count_published(conn: Connection, site_key: str, urls: Sequence[str]) -> dict[str, int]:
    """How many comments readers see on each page that has a thread."""
    rows = conn.execute(
        select(table.c.url, table.c.published)
        .join(site, site.c.id == table.c.site_id)
        .where(site.c.key == site_key, table.c.url.in_(urls))
    )
    return {row.url: row.published for row in rows}


def list_published(
    conn: Connection, thread_id: int, *, newest_first: bool, limit: int, after: str | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Up to `limit` published comments in id order, after the comment `after`."""
    columns = comment.c
    query = select(*_PUBLIC).where(columns.thread_id == thread_id, PUBLISHED)
    if after is not None:
        query = query.where(columns.id < after if newest_first else columns.id > after)
    order = columns.id.desc() if newest_first else columns.id.asc()
    return conn.execute(query.order_by(order).limit(limit)).all()


def list_latest(
    conn: Connection, site_id: int, url: str = "", *, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The newest published comments of a site, or of the thread of one page, newest first."""
    query = (
        select(*_PUBLIC, table.c.url, table.c.title)
        .join(table, table.c.id == comment.c.thread_id)
        .where(comment.c.site_id == site_id, PUBLISHED)
    )
    if url:
        query = query.where(table.c.url == url, table.c.site_id == site_id)
    return conn.execute(query.order_by(comment.c.id.desc()).limit(limit)).all()


def _thread(row: Row[*tuple[Any, ...]]) -> Thread:
    return Thread(row.id, row.site_id, row.url, row.title, row.published, row.revision)
