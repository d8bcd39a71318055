"""Threads: one for each page, with a count that equals a recount and a revision that only grows."""

from datetime import timedelta

from service.store import comments, threads
from service.store.database import Database
from service.store.threads import (
    change_published,
    count_published,
    ensure_thread,
    find_thread,
    list_published,
)
from service.vocabulary import Status
from tests.factories import NOW, ORIGIN, PAGE, a_comment, a_site, some_comments


def test_a_page_has_one_thread_on_each_site(database: Database) -> None:
    with database.transaction() as conn:
        news, blog = a_site(conn), a_site(conn, "blog")
        assert find_thread(conn, news.id, PAGE) is None

        first = ensure_thread(conn, news.id, PAGE, "The harvest", "It rained.", NOW)
        again = ensure_thread(conn, news.id, PAGE, "Another title", "", NOW)
        elsewhere = ensure_thread(conn, blog.id, PAGE, "The harvest", "", NOW)

        assert again.id == first.id != elsewhere.id
        assert (first.published, first.title) == (0, "The harvest")
        found = find_thread(conn, news.id, PAGE)
        assert found is not None
        assert found.title == "The harvest"


def test_a_title_is_filled_in_by_the_first_who_knows_it(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        for title in ("", "The harvest", "Something else"):
            ensure_thread(conn, site.id, PAGE, title, title, NOW)

        found = find_thread(conn, site.id, PAGE)
        assert found is not None
        assert found.title == "The harvest"


def test_the_count_is_asked_for_many_pages_at_once(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        a_site(conn, "blog")
        thread = ensure_thread(conn, site.id, PAGE, "", "", NOW)
        change_published(conn, thread.id, +1)
        change_published(conn, thread.id, +1)
        change_published(conn, thread.id, -1)

        asked = [PAGE, f"{ORIGIN}/nothing"]
        assert count_published(conn, "news", asked) == {PAGE: 1}
        assert count_published(conn, "blog", asked) == {}
        changed = find_thread(conn, site.id, PAGE)
        assert changed is not None
        assert changed.revision == thread.revision + 3


def test_only_published_comments_are_listed_in_order_and_in_stretches(database: Database) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        published = some_comments(conn, 5, status=Status.PUBLISHED)
        for status in (Status.HELD, Status.REJECTED):
            a_comment(conn, status=status, now=NOW + timedelta(seconds=2, milliseconds=500))
        a_comment(conn, status=Status.PUBLISHED, page_url=f"{ORIGIN}/other")
        thread = find_thread(conn, site.id, PAGE)
        assert thread is not None

        def ids(*, newest_first: bool, after: str | None) -> list[str]:
            rows = list_published(conn, thread.id, newest_first=newest_first, limit=3, after=after)
            return [row.id for row in rows]

        assert ids(newest_first=False, after=None) == published[:3]
        assert ids(newest_first=False, after=published[2]) == published[3:]
        assert ids(newest_first=True, after=None) == published[:1:-1]
        assert ids(newest_first=True, after=published[2]) == [published[1], published[0]]
        assert ids(newest_first=False, after=published[4]) == []


def test_nothing_that_is_not_for_everybody_is_even_read(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=Status.PUBLISHED, website="https://ann.example")
        (row,) = threads.list_published(
            conn, comment.thread_id, newest_first=False, limit=10, after=None
        )

        assert set(row._mapping) == {
            "id", "parent_id", "name", "website", "html", "lang", "created_at", "edited_at",
        }  # fmt: skip
        assert comments.find_comment(conn, comment.id) == comment
