"""Feeds of what readers see."""

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from starlette.testclient import TestClient

from service.store import comments
from service.store.database import Database
from service.vocabulary import Status
from tests.factories import NOW, ORIGIN, PAGE, a_comment, a_site

ATOM = "{http://www.w3.org/2005/Atom}"
OTHER = f"{ORIGIN}/another"


@pytest.fixture(autouse=True)
def written(sqlite: Database) -> list[str]:
    """Two comments on one page and one on another, all published, and one that waits."""
    made = []
    with sqlite.transaction() as conn:
        a_site(conn)
        for number, (page, text) in enumerate(
            [(PAGE, "One & <b>only</b>"), (OTHER, "Elsewhere"), (PAGE, "Last\x0b?"), (PAGE, "No")]
        ):
            at = NOW + timedelta(seconds=number)
            comment = a_comment(
                conn, now=at, page_url=page, comment=text, name=f"<Reader> {number}",
                email=f"reader{number}@mail.example", page_title="Pills & presses",
            )  # fmt: skip
            made.append(comment.id)
            if text != "No":
                comments.change_status(
                    conn, comment, Status.PUBLISHED, actor="t", action="approve", now=NOW
                )
    return made


def entries(client: TestClient, path: str) -> list[ET.Element]:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml"
    return ET.fromstring(answer.content).findall(f"{ATOM}entry")


def test_a_site_s_feed_has_what_is_published_newest_first(
    client: TestClient, written: list[str]
) -> None:
    found = entries(client, "/feeds/news.atom")

    assert [entry.findtext(f"{ATOM}id") for entry in found] == [
        f"urn:uuid:{comment_id}" for comment_id in reversed(written[:3])
    ]
    assert found[2].findtext(f"{ATOM}title") == "<Reader> 0 · Pills & presses"
    link = found[2].find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == f"{PAGE}#comment-{written[0]}"
    html = found[2].findtext(f"{ATOM}content")
    assert html is not None
    assert "One &amp; &lt;b&gt;only" in html


def test_a_page_s_feed_has_that_page_alone(client: TestClient, written: list[str]) -> None:
    found = entries(client, f"/feeds/news.atom?page_url={OTHER}")

    assert [entry.findtext(f"{ATOM}id") for entry in found] == [f"urn:uuid:{written[1]}"]


def test_s10_s11_a_feed_tells_nothing_private(client: TestClient, written: list[str]) -> None:
    text = client.get("/feeds/news.atom").text

    assert "mail.example" not in text
    assert written[3] not in text


def test_an_unchanged_feed_is_not_sent_again_and_a_changed_one_is(
    client: TestClient, sqlite: Database, written: list[str]
) -> None:
    etag = client.get("/feeds/news.atom").headers["etag"]
    known = {"If-None-Match": etag}

    assert client.get("/feeds/news.atom", headers=known).status_code == 304
    with sqlite.transaction() as conn:
        comment = comments.find_comment(conn, written[3])
        assert comment is not None
        comments.change_status(
            conn, comment, Status.PUBLISHED, actor="t", action="approve", now=NOW
        )
    assert client.get("/feeds/news.atom", headers=known).status_code == 200


def test_an_empty_feed_is_a_feed(client: TestClient) -> None:
    assert entries(client, f"/feeds/news.atom?page_url={ORIGIN}/nothing-yet") == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/feeds/nobody.atom", 404),
        ("/feeds/news.atom?page_url=https://elsewhere.example/a", 403),
        ("/feeds/news.atom?page_url=not%20a%20url", 422),
    ],
)
def test_what_is_no_feed_of_ours_is_refused(client: TestClient, path: str, status: int) -> None:
    assert client.get(path).status_code == status
