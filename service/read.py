"""What readers see: the published comments of a page, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from service.domain import Comment, Site, Thread
from service.store import comments, outbox, sites, threads
from service.store.database import Database
from service.tokens import is_edit_token
from service.vocabulary import Status

_SEEN_FOR = timedelta(days=30)  # how long a token shows its author their waiting comment


@dataclass(frozen=True, slots=True)
class PublicComment:
    """A published comment, with nothing in it that is not for everybody."""

    id: str
    parent_id: str | None
    name: str
    website: str
    html: str
    lang: str
    created_at: datetime
    edited_at: datetime | None


@dataclass(frozen=True, slots=True)
class PublicPage:
    """A stretch of a thread; `next_cursor` is None at its end. `thread` is None while empty."""

    site: Site
    thread: Thread | None
    comments: tuple[PublicComment, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LatestComment:
    """A published comment and the page it stands on."""

    comment: PublicComment
    page_url: str
    page_title: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest published comments of a site or of one page of it, newest first."""

    site: Site
    comments: tuple[LatestComment, ...]


async def read_page(
    site_key: str,
    page_url: str,
    *,
    newest_first: bool = False,
    limit: int = 100,
    cursor: str | None = None,
    store: Database,
) -> PublicPage:
    """Up to `limit` published comments of a page, after the comment `cursor`.

    `page_url` is in normal form. Raises UnknownSite.
    """
    return await store.read(_read_page, site_key, page_url, newest_first, limit, cursor)


async def read_latest(site_key: str, page_url: str = "", *, limit: int, store: Database) -> Latest:
    """The newest published comments of a site, or of one page of it. Raises UnknownSite."""
    return await store.read(_read_latest, site_key, page_url, limit)


async def read_revision(site_key: str, page_url: str, *, store: Database) -> tuple[int, int]:
    """(site revision, thread revision): while both stand, readers see the same page."""
    return await store.glance(_read_revision, site_key, page_url)


async def count_comments(
    site_key: str, page_urls: Sequence[str], *, store: Database
) -> dict[str, int]:
    """How many published comments each page has; pages without a thread have 0.

    Raises UnknownSite.
    """
    found = await store.read(_count_comments, site_key, page_urls)
    return {url: found.get(url, 0) for url in page_urls}


async def read_site(site_key: str, *, store: Database) -> Site:
    """A site. Raises UnknownSite."""
    return await store.glance(sites.get_site, site_key)


async def find_site(site_key: str, *, store: Database) -> Site | None:
    """A site, or None when no site has this key."""
    return await store.glance(sites.find_site, site_key)


async def list_origins(*, store: Database) -> frozenset[str]:
    """Every origin of every site: where a browser may call us from."""
    return await store.glance(sites.list_origins)


async def read_outbox(*, store: Database) -> outbox.Standing:
    """How many messages wait, how many of them failed before, how many were given up."""
    return await store.read(outbox.standing)


async def read_own(
    site_key: str, page_url: str, token: str, *, secret: bytes, store: Database, now: datetime
) -> Comment | None:
    """The author's own comment on this page while it waits, by its edit token, or None.

    What a machine rejected looks held to its author.
    """
    comment_id = token.partition(".")[0]
    if not is_edit_token(token, secret, comment_id):
        return None
    comment = await store.read(comments.find_comment, comment_id)
    if comment is None or (comment.site, comment.page_url) != (site_key, page_url):
        return None
    waits = comment.status in (Status.HELD, Status.REJECTED) and comment.decision_id is None
    return comment if waits and now - comment.created_at < _SEEN_FOR else None


def _read_page(
    conn: Connection, site_key: str, page_url: str, newest_first: bool, limit: int,
    cursor: str | None,
) -> PublicPage:  # fmt: skip
    site = sites.get_site(conn, site_key)
    thread = threads.find_thread(conn, site.id, page_url)
    if thread is None:
        return PublicPage(site, None, (), None)
    rows = threads.list_published(
        conn, thread.id, newest_first=newest_first, limit=limit + 1, after=cursor
    )
    page = tuple(_public(row) for row in rows[:limit])
    return PublicPage(site, thread, page, page[-1].id if len(rows) > limit else None)


def _read_latest(conn: Connection, site_key: str, page_url: str, limit: int) -> Latest:
    site = sites.get_site(conn, site_key)
    rows = threads.list_latest(conn, site.id, page_url, limit=limit)
    return Latest(site, tuple(LatestComment(_public(r), r.url, r.title) for r in rows))


def _public(row: Any) -> PublicComment:
    return PublicComment(
        row.id, row.parent_id, row.name, row.website, row.html, row.lang, row.created_at,
        row.edited_at,
    )  # fmt: skip


def _count_comments(conn: Connection, site_key: str, page_urls: Sequence[str]) -> dict[str, int]:
    sites.get_site(conn, site_key)
    return threads.count_published(conn, site_key, page_urls)


def _read_revision(conn: Connection, site_key: str, page_url: str) -> tuple[int, int]:
    site = sites.get_site(conn, site_key)
    thread = threads.find_thread(conn, site.id, page_url)
    return site.revision, thread.revision if thread else 0
