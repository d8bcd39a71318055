"""Cached pages: 304 while they stand, new on the very next read after anything changed."""

import asyncio

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from service.errors import Unavailable
from service.store.database import Database
from service.vocabulary import Role, Status
from service.web.cache import PageCache
from tests.factories import PAGE, a_comment, a_site
from tests.web.asking import COMMENTS, THREAD, a_token, bearing, post

PAGES = [COMMENTS, "/threads"]


@pytest.fixture(autouse=True)
def site(sqlite: Database) -> Database:
    with sqlite.transaction() as conn:
        a_site(conn, publish__unproven="score")
        a_comment(conn, status=Status.PUBLISHED)
    return sqlite


@pytest.mark.parametrize("path", PAGES)
def test_what_a_client_has_already_is_not_sent_again(client: TestClient, path: str) -> None:
    first = client.get(path, params=THREAD)
    etag = first.headers["etag"]
    assert "no-store" not in first.headers["cache-control"]

    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = client.get(path, params=THREAD, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    for unknown in ('"other"', etag.strip('"'), ""):
        again = client.get(path, params=THREAD, headers={"If-None-Match": unknown})
        assert (again.status_code, again.content) == (200, first.content)


@pytest.mark.parametrize("path", PAGES)
def test_each_stretch_and_order_has_its_own_tag(
    client: TestClient, site: Database, path: str
) -> None:
    with site.transaction() as conn:
        a_comment(conn, status=Status.PUBLISHED, name="Bob")

    tags = {
        client.get(path, params=THREAD | query).headers["etag"]
        for query in ({}, {"order": "newest"}, {"limit": "1"})
    }

    assert len(tags) == 3


@pytest.mark.parametrize("path", PAGES)
def test_a_decision_shows_on_the_very_next_read(
    client: TestClient, site: Database, path: str
) -> None:
    headers = a_token(site, Role.MODERATOR)
    with site.transaction() as conn:
        held = a_comment(conn, comment="The mill opens on Sunday.", name="Bob")

    def etag() -> str:
        answer = client.get(path, params=THREAD)
        assert ("The mill opens" in answer.text) == visible
        tag: str = answer.headers["etag"]
        return tag

    def decide(outcome: str) -> str:
        body = {"ids": [held.id], "outcome": outcome}
        answer = client.post("/api/v1/decisions", json=body, headers=headers)
        assert answer.status_code == 200
        decision_id: str = answer.json()["decision_id"]
        return decision_id

    visible = False
    before = etag()
    decision_id = decide("approve")
    visible = True
    shown = etag()
    client.post(f"/api/v1/decisions/{decision_id}/undo", headers=headers)
    visible = False
    hidden = etag()

    assert shown != before
    assert hidden == before


@pytest.mark.parametrize("path", PAGES)
def test_what_another_process_writes_shows_on_the_very_next_read(
    client: TestClient, site: Database, sqlite_only_url: str, path: str
) -> None:
    other = Database(sqlite_only_url)
    for number in range(5):
        before = client.get(path, params=THREAD)
        assert client.get(path, params=THREAD).content == before.content
        with other.transaction() as conn:
            a_comment(conn, status=Status.PUBLISHED, name=f"Writer {number}")
        after = client.get(path, params=THREAD)
        assert f"Writer {number}" in after.text
        assert after.headers["etag"] != before.headers["etag"]
    other.stop()


def test_a_withdrawn_and_an_edited_comment_show_at_once(client: TestClient) -> None:
    receipt = post(client, name="Bob")
    own, token = f"{COMMENTS}/{receipt['id']}", bearing(receipt["edit_token"])
    tags = [client.get(COMMENTS, params=THREAD).headers["etag"]]

    client.patch(own, json={"comment": "The barley stood very well."}, headers=token)
    page = client.get(COMMENTS, params=THREAD)
    assert "very well" in page.text
    tags.append(page.headers["etag"])
    client.delete(own, headers=token)
    page = client.get(COMMENTS, params=THREAD)
    assert "very well" not in page.text
    tags.append(page.headers["etag"])

    assert len(set(tags)) == 3


def test_a_page_of_another_site_is_another_page(client: TestClient, site: Database) -> None:
    with site.transaction() as conn:
        a_site(conn, "blog")

    news = client.get(COMMENTS, params=THREAD)
    blog = client.get(COMMENTS, params={"site": "blog", "page_url": PAGE})

    assert (news.json()["count"], blog.json()["count"]) == (1, 0)


def test_the_author_s_own_view_is_never_stored(client: TestClient, site: Database) -> None:
    held = post(client, comment="Cheap pills and fast loans, click now!!!", name="Bob")

    own = client.get(COMMENTS, params=THREAD, headers=bearing(held["edit_token"]))
    public = client.get(COMMENTS, params=THREAD)

    assert "no-store" in own.headers["cache-control"]
    assert "etag" not in own.headers
    assert "authorization" in public.headers["vary"].lower()
    assert held["id"] not in public.text


def test_a_cache_makes_a_page_once_while_nothing_changes_and_keeps_a_bounded_number() -> None:
    made: list[int] = []
    now = [0]

    async def revision() -> tuple[int, int]:
        return (1, 1)

    async def scenario() -> None:
        cache = PageCache(lambda: now[0])

        async def page(number: int) -> int:
            async def make() -> int:
                made.append(number)
                return number

            return await cache.get((number,), revision, make)

        for _ in range(3):
            assert await page(1) == 1
        now[0] += 1  # something changed, but not this page
        assert await page(1) == 1
        assert made == [1]
        for number in range(2, 2100):
            await page(number)
        await page(1)
        assert made[-1] == 1

    asyncio.run(scenario())


def test_what_is_kept_is_bounded_in_bytes_not_only_in_pages() -> None:
    cache = PageCache(lambda: 1)
    page = b"x" * 1_000_000

    async def fill() -> int:
        made = 0

        async def make() -> Response:
            nonlocal made
            made += 1
            return Response(page)

        for number in [*range(200), 199, 0]:
            await cache.get_unchanged((number,), make)
        return made

    assert asyncio.run(fill()) == 201  # 199 was still there, 0 had to go


def test_a_crowd_that_finds_no_page_makes_it_once() -> None:
    made = []

    async def scenario() -> list[bytes]:
        cache = PageCache(lambda: 1)

        async def revision() -> tuple[int, int]:
            return 1, 1

        async def make() -> bytes:
            await asyncio.sleep(0.01)
            made.append(1)
            return b"page"

        return await asyncio.gather(*(cache.get(("x",), revision, make) for _ in range(1000)))

    assert set(asyncio.run(scenario())) == {b"page"}
    assert len(made) == 1


def test_whoever_asks_after_a_change_gets_no_page_begun_before_it() -> None:
    state = [1]

    async def scenario() -> tuple[int, int]:
        cache = PageCache(lambda: state[0])

        async def revision() -> tuple[int, int]:
            return state[0], 0

        async def make() -> int:
            found = state[0]
            await asyncio.sleep(0.02)
            return found

        before = asyncio.ensure_future(cache.get(("x",), revision, make))
        await asyncio.sleep(0.01)
        state[0] = 2
        after = await cache.get(("x",), revision, make)
        return await before, after

    assert asyncio.run(scenario()) == (1, 2)


def test_an_error_reaches_everybody_who_waits_and_is_not_kept() -> None:
    async def scenario() -> tuple[list[object], bytes]:
        cache = PageCache(lambda: 1)
        failing = [True]

        async def make() -> bytes:
            await asyncio.sleep(0.01)
            if failing[0]:
                raise Unavailable("gone")
            return b"page"

        asked = (cache.get_unchanged(("x",), make) for _ in range(3))
        answers: list[object] = await asyncio.gather(*asked, return_exceptions=True)
        failing[0] = False
        return answers, await cache.get_unchanged(("x",), make)

    answers, later = asyncio.run(scenario())

    assert [type(answer) for answer in answers] == [Unavailable] * 3
    assert later == b"page"
