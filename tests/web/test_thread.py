"""What readers get as HTML."""

import re
from datetime import timedelta
from itertools import count

import pytest
from starlette.testclient import TestClient

from service.store import comments
from service.store.database import Database
from service.vocabulary import Status
from tests.factories import NOW, ORIGIN, PAGE, a_comment, a_site

THREAD = f"/threads?site=news&page_url={PAGE}"


@pytest.fixture(autouse=True)
def site(sqlite: Database) -> int:
    with sqlite.transaction() as conn:
        return a_site(conn).id


_seconds = count()


def publish(database: Database, **changes: object) -> str:
    """A comment that readers see, a second later than the one before."""
    with database.transaction() as conn:
        at = NOW + timedelta(seconds=next(_seconds))
        comment = a_comment(conn, now=at, **changes)  # type: ignore[arg-type]
        comments.change_status(
            conn, comment, Status.PUBLISHED, actor="t", action="approve", now=NOW
        )
    return comment.id


def test_the_thread_is_cached_without_a_token_and_the_form_is_not_cached(
    client: TestClient,
) -> None:
    thread = client.get(THREAD)
    form = client.get(THREAD.replace("/threads?", "/threads/form?"))

    assert thread.headers["cache-control"] == "public, no-cache"
    assert 'name="form_token"' not in thread.text
    assert form.headers["cache-control"] == "no-store"
    assert re.search(r'name="form_token" value="[^"]{40,}"', form.text)


def test_the_policy_lets_the_answer_lead_back_to_the_article(client: TestClient) -> None:
    for path in (THREAD, THREAD.replace("/threads?", "/threads/form?")):
        policy = client.get(path).headers["content-security-policy"]

        assert f"form-action 'self' {ORIGIN};" in policy
        assert policy.endswith(f"frame-ancestors {ORIGIN}")
        assert "unsafe" not in policy


def test_a_comment_shows_its_text_in_its_own_language_and_nothing_private(
    client: TestClient, sqlite: Database
) -> None:
    comment_id = publish(
        sqlite, comment="*Hola* <script>1</script>", lang="es", name="<b>Ana",
        website='https://ana.example/"x',
    )  # fmt: skip
    with sqlite.transaction() as conn:
        a_comment(conn, comment="This one waits.")

    page = client.get(THREAD).text

    assert f'id="comment-{comment_id}"' in page
    assert '<div class="text" dir="auto" lang="es"><p><em>Hola</em> &lt;script&gt;' in page
    assert "<bdi>&lt;b&gt;Ana</bdi>" in page
    assert re.search(r'href="https://ana.example/[^"<>]*" rel="nofollow ugc noopener"', page)
    assert "mail.example" not in page
    assert "203.0.113" not in page
    assert "This one waits." not in page


def test_replies_stand_under_what_they_answer_and_name_it(
    client: TestClient, sqlite: Database
) -> None:
    parent = publish(sqlite, comment="First.", name="Pia")
    publish(sqlite, comment="Second.")
    publish(sqlite, comment="Answer.", parent_id=parent)

    page = client.get(THREAD).text

    assert re.findall(r"<p>(First|Second|Answer)\.</p>", page) == ["First", "Answer", "Second"]
    assert f'href="#comment-{parent}" target="_self">in reply to <bdi>Pia</bdi>' in page
    assert page.count("depth-1") == 1


def test_pages_lead_on_and_back_without_losing_a_comment(
    client: TestClient, sqlite: Database
) -> None:
    ids = [publish(sqlite, comment=f"Number {n}.") for n in range(5)]

    first = client.get(f"{THREAD}&limit=3").text
    ahead = re.search(r'href="([^"]+)" target="_self">Next page', first)
    assert ahead is not None
    second = client.get(ahead[1].replace("&amp;", "&")).text

    listed = re.findall(r'<li id="comment-([^"]+)"', first + second)
    assert listed == ids
    assert "First page" in second
    assert "Next page" not in second
    newest = client.get(f"{THREAD}&order=newest").text
    assert re.findall(r'<li id="comment-([^"]+)"', newest) == ids[::-1]


def test_an_empty_thread_says_so(client: TestClient) -> None:
    page = client.get(THREAD).text

    assert "0 comments" in page
    assert "No comments are published yet." in page
    assert "If your comment is not there yet, a moderator looks at it first" in page


def test_a_closed_site_keeps_its_comments_and_shows_no_form(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn, "shut", comments="closed")

    page = client.get(THREAD.replace("news&", "shut&"))
    form = client.get(THREAD.replace("/threads?site=news", "/threads/form?site=shut"))

    assert "Comments are closed here." in page.text
    assert "<form" not in page.text
    assert form.status_code == 403


def test_a_page_of_somebody_else_is_never_linked(client: TestClient) -> None:
    page = client.get("/threads?site=news&page_url=https://evil.example/a").text

    assert 'href="https://evil.example' not in page
    assert "Back to the article" not in page


def test_a_reply_form_names_what_it_answers(client: TestClient, sqlite: Database) -> None:
    parent = publish(sqlite)

    page = client.get(THREAD.replace("/threads?", "/threads/form?") + f"&parent_id={parent}").text

    assert f'name="parent_id" value="{parent}"' in page
    assert f"#comment-{parent}" in page
    assert "Leave a reply" in page


def test_a_fragment_is_the_thread_alone_with_whole_addresses_and_no_token(
    client: TestClient, sqlite: Database
) -> None:
    comment_id = publish(sqlite, comment="For a page made elsewhere.")

    answer = client.get(f"{THREAD}&part=fragment")

    assert answer.text.lstrip().startswith("<section")
    assert "<html" not in answer.text
    assert "For a page made elsewhere." in answer.text
    assert f'id="comment-{comment_id}"' in answer.text
    assert 'name="form_token"' not in answer.text
    assert re.search(r'action="https?://[^"]+/api/v1/comments"', answer.text)
    assert not re.search(r'(?:href|action)="/', answer.text)
    assert answer.headers["cache-control"].startswith("public, max-age=10")
    again = client.get(f"{THREAD}&part=fragment", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_a_fragment_of_somebody_else_s_page_is_refused(client: TestClient) -> None:
    other = THREAD.replace(PAGE, "https://elsewhere.example/a")

    assert client.get(f"{other}&part=fragment").status_code == 403
