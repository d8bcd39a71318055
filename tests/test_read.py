"""What readers see, and what they do not even when they ask for it (S10 to S12)."""

import asyncio
from datetime import timedelta

import pytest

from service import read, review
from service.errors import UnknownSite
from service.store import comments, sites
from service.store.database import Database
from service.tokens import edit_token
from service.vocabulary import Status
from tests.factories import (
    MODERATOR,
    NOW,
    ORIGIN,
    PAGE,
    SECRET,
    a_comment,
    a_site,
    approving,
    rejecting,
    some_comments,
)


def test_a_page_nobody_commented_on_is_empty_and_an_unknown_site_is_refused(
    database: Database,
) -> None:
    with database.transaction() as conn:
        site = a_site(conn)

    page = asyncio.run(read.read_page("news", PAGE, store=database))

    assert (page.site, page.thread, page.comments, page.next_cursor) == (site, None, (), None)
    for asked in (
        read.read_page("nowhere", PAGE, store=database),
        read.read_revision("nowhere", PAGE, store=database),
        read.read_site("nowhere", store=database),
        read.count_comments("nowhere", [PAGE], store=database),
    ):
        with pytest.raises(UnknownSite):
            asyncio.run(asked)
    assert asyncio.run(read.find_site("nowhere", store=database)) is None


@pytest.mark.parametrize("newest_first", [False, True])
def test_stretches_of_a_thread_join_without_gap_or_overlap(
    database: Database, newest_first: bool
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        ids = some_comments(conn, 7, status=Status.PUBLISHED)

    async def scenario() -> list[str]:
        seen, cursor = [], None
        for _ in range(4):
            page = await read.read_page(
                "news", PAGE, newest_first=newest_first, limit=2, cursor=cursor, store=database
            )
            seen += [comment.id for comment in page.comments]
            cursor = page.next_cursor
        assert cursor is None
        return seen

    assert asyncio.run(scenario()) == (ids[::-1] if newest_first else ids)


def test_counts_are_of_published_comments_only(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        for status in (Status.PUBLISHED, Status.HELD, Status.REJECTED):
            a_comment(conn, status=status)
    elsewhere = f"{ORIGIN}/nothing"

    counts = asyncio.run(read.count_comments("news", [PAGE, elsewhere], store=database))

    assert counts == {PAGE: 1, elsewhere: 0}


def test_the_revision_changes_with_what_readers_see_and_with_the_site(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        held = a_comment(conn)

    async def scenario() -> None:
        async def revision() -> tuple[int, int]:
            return await read.read_revision("news", PAGE, store=database)

        before = await revision()
        assert await revision() == before
        await review.decide(MODERATOR, approving(held.id), store=database, now=NOW)
        published = await revision()
        assert published != before
        with database.transaction() as conn:
            sites.set_settings(conn, "news", {"comments": "closed"})
        assert await revision() != published

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [Status.HELD, Status.REJECTED])
def test_an_author_sees_their_own_waiting_comment_and_only_that(
    database: Database, status: Status
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        own, other = a_comment(conn, status=status), a_comment(conn)
    token = edit_token(SECRET, own.id)

    async def seen(
        token: str = token, site: str = "news", page: str = PAGE, days: float = 0
    ) -> str | None:
        found = await read.read_own(
            site, page, token, secret=SECRET, store=database, now=NOW + timedelta(days=days)
        )
        return None if found is None else found.id

    async def scenario() -> None:
        assert await seen() == own.id
        assert await seen(days=29.9) == own.id
        assert await seen(days=30) is None
        assert await seen(site="blog") is None
        assert await seen(page=f"{ORIGIN}/other") is None
        signature = token.partition(".")[2]
        for forged in ("", ".", f"{other.id}.{signature}", f"not-an-id.{signature}", token[:-2]):
            assert await seen(token=forged) is None
        await review.decide(MODERATOR, rejecting(own.id), store=database, now=NOW)
        assert await seen() is None  # a moderator has decided

    asyncio.run(scenario())


def test_an_author_does_not_see_as_waiting_what_is_published_or_withdrawn(
    database: Database,
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        published = a_comment(conn, status=Status.PUBLISHED)
        removed = a_comment(conn)
        comments.change_status(
            conn, removed, Status.REMOVED, actor="author", action="withdraw", now=NOW
        )

    async def scenario() -> None:
        for comment in (published, removed):
            token = edit_token(SECRET, comment.id)
            assert not await read.read_own(
                "news", PAGE, token, secret=SECRET, store=database, now=NOW
            )

    asyncio.run(scenario())
