"""What the desk says when something is not as it was, and what it never lets out."""

import gzip
import random
import re

import pytest
from starlette.testclient import TestClient

from service.store.database import Database
from service.vocabulary import Status
from tests.factories import SPAM, a_comment, a_site
from tests.web.moderating import sign_in
from tests.web.test_desk import status_of


@pytest.fixture(autouse=True)
def site(sqlite: Database) -> int:
    with sqlite.transaction() as conn:
        return a_site(conn).id


def test_a_stale_version_is_a_conflict_that_names_who_was_faster(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    moderator = sign_in(client, sqlite, "ada")
    moderator.post("/desk/decisions", {f"tick:{comment.id}": "1", "decide": "approve"})

    answer = moderator.post("/desk/decisions", {f"tick:{comment.id}": "1", "decide": "reject:spam"})

    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text
    assert "already published, decided by <bdi>ada</bdi>" in answer.text


@pytest.mark.parametrize(
    ("headers", "csrf"),
    [
        ({"Origin": "https://elsewhere.example"}, None),
        ({"Origin": "null"}, None),
        ({"Sec-Fetch-Site": "cross-site"}, None),
        ({}, "forged"),
    ],
    ids=["foreign origin", "null origin", "cross-site", "forged token"],
)
def test_a_form_from_elsewhere_changes_nothing(
    client: TestClient, sqlite: Database, headers: dict[str, str], csrf: str | None
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    moderator = sign_in(client, sqlite)
    fields = {f"tick:{comment.id}": "1", "decide": "approve"}

    answer = moderator.post(
        "/desk/decisions", fields if csrf is None else {**fields, "csrf": csrf}, **headers
    )

    assert answer.status_code == 403
    assert status_of(sqlite, comment.id) is Status.HELD


@pytest.mark.parametrize(
    "query",
    ["cursor=x", "status=gone", "reason=x", "order=up", "q=" + "a" * 201, "page_url=nowhere",
     "limit=0"],
)  # fmt: skip
def test_a_slip_in_the_filter_is_told_on_the_page(
    client: TestClient, sqlite: Database, query: str
) -> None:
    answer = sign_in(client, sqlite).get(f"/desk/?{query}")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("back", [
    "//evil.example", "https://evil.example", "/desk//evil.example", "/\\evil.example",
    "/desk/\\evil.example", "/deskevil", "javascript:alert(1)", "/desk/\r\nSet-Cookie: a=b",
    "/api/v1/queue", "@evil.example", "", " /desk/", "/desk/\u2028x",
])  # fmt: skip
def test_no_trick_in_back_leads_off_the_desk(
    client: TestClient, sqlite: Database, back: str
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)

    answer = sign_in(client, sqlite).post(
        "/desk/decisions", {f"tick:{comment.id}": "1", "decide": "approve", "back": back}
    )

    assert re.fullmatch(r"/desk/\?decided=[0-9a-f-]+", answer.headers["location"])
    assert "set-cookie" not in answer.headers


def test_a_page_full_of_long_comments_stays_small(client: TestClient, sqlite: Database) -> None:
    words = [f"{random.Random(n).getrandbits(40):x}" for n in range(900)]
    with sqlite.transaction() as conn:
        for place in range(25):
            text = " ".join(random.Random(place).sample(words, 800))
            a_comment(conn, comment=f"{text} https://h{place}.example/", score=SPAM)

    page = sign_in(client, sqlite).get("/desk/")

    assert page.text.count('<article class="card"') == 25
    assert len(gzip.compress(page.content)) < 60_000


def test_pages_of_the_desk_may_not_be_framed_cached_or_scripted_from_elsewhere(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    moderator = sign_in(client, sqlite)

    one = f"/desk/comments/{comment.id}"
    for path in ("/desk/", one, f"{one}/card", "/desk/account", "/desk/sign-in"):
        answer = moderator.get(path)
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert " style=" not in answer.text
        assert not re.search(r'<script(?!( defer)? src="/static/[a-z-]+\.js\?v=)', answer.text)
        assert not re.search(r" on[a-z]+=", answer.text)


BACK = "/desk/?status=held&q=mill"


def test_an_error_keeps_the_moderator_at_the_desk_with_a_way_back(
    client: TestClient, sqlite: Database
) -> None:
    moderator = sign_in(client, sqlite)
    form = {"decide": "approve", "back": BACK}

    nothing_ticked = moderator.post("/desk/decisions", form)
    out_of_date = moderator.post("/desk/decisions", form | {"csrf": "old"})
    elsewhere = moderator.post("/desk/decisions", form | {"back": "https://evil.example/desk/"})
    gone = moderator.get("/desk/nowhere")
    unreadable = client.post("/desk/decisions", json=form)

    for answer, status in ((nothing_ticked, 422), (out_of_date, 403), (gone, 404)):
        assert answer.status_code == status
        assert 'class="mark"' in answer.text  # the desk's own frame
    for answer in (nothing_ticked, out_of_date):
        assert '<a href="/desk/?status=held&amp;q=mill">Back to the queue</a>' in answer.text
    for answer in (elsewhere, gone):
        assert '<a href="/desk/">Back to the queue</a>' in answer.text
        assert "evil" not in answer.text
    assert unreadable.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("back", "ahead"),
    [(BACK, "%2Fdesk%2F%3Fstatus%3Dheld%26q%3Dmill"), ("//evil.example/", "%2Fdesk%2F")],
    ids=["own", "foreign"],
)
def test_whoever_has_been_signed_out_is_told_so_and_led_back_after_signing_in(
    client: TestClient, sqlite: Database, back: str, ahead: str
) -> None:
    moderator = sign_in(client, sqlite)
    client.cookies.clear()

    answer = moderator.post("/desk/decisions", {"decide": "approve", "back": back})

    assert answer.status_code == 401
    assert "You have been signed out. Nothing was decided." in answer.text
    link = re.search(r'href="(/desk/sign-in[?]next=[^"]*)"', answer.text)
    assert link is not None
    asked = client.get(link[1]).text
    shown = back if back == BACK else "/desk/"
    assert f'name="next" value="{shown.replace("&", "&amp;")}"' in asked
