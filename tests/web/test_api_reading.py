"""What the public API lets anybody read, and whose address counts."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.store import comments, sites
from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Status
from service.web.state import clock
from tests.factories import NOW, ORIGIN, PAGE, a_comment, a_site, a_site_with, some_comments
from tests.limiting import OFF
from tests.web.asking import COMMENTS, THREAD, a_body, check_problem, post
from tests.web.moderating import sign_in


@pytest.fixture(autouse=True)
def site(sqlite: Database) -> Database:
    with sqlite.transaction() as conn:
        a_site(conn, publish__unproven="score")
    return sqlite


def shown(client: TestClient, **query: str) -> dict[str, Any]:
    answer = client.get(COMMENTS, params=THREAD | query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def test_s10_a_thread_shows_allow_listed_fields_only(client: TestClient, site: Database) -> None:
    with site.transaction() as conn:
        a_comment(conn, status=Status.PUBLISHED, website="https://ann.example")
        for status in (Status.HELD, Status.REJECTED):
            a_comment(conn, status=status, email="bob@mail.example", comment="Hidden words")

    page = shown(client)

    assert set(page) == {"count", "comments", "next_cursor"}
    assert set(page["comments"][0]) == {
        "id", "parent_id", "name", "website", "html", "lang", "created_at", "edited_at",
    }  # fmt: skip
    for answer in (
        client.get(COMMENTS, params=THREAD),
        client.get("/threads", params=THREAD),
        client.get("/threads/form", params=THREAD),
        client.get("/api/v1/form", params=THREAD),
        client.get("/api/v1/counts", params=THREAD),
    ):
        assert answer.status_code == 200
        for secret in ("mail.example", "203.0.113", "Hidden words", "tiny", "0.02", 'barley"'):
            assert secret not in answer.text


def test_s10_no_public_answer_names_a_moderator(client: TestClient, site: Database) -> None:
    moderator = sign_in(client, site, "Zebedee Quint")
    mine = post(client)
    with site.transaction() as conn:
        others = [a_comment(conn, email=f"e{n}@mail.example").id for n in range(2)]
    for ids, choice in ((others[:1], "approve"), (others[1:], "reject:abuse")):
        fields = {f"tick:{ids[0]}": "1", "decide": choice, "note": "Zebedee Quint was here."}
        assert moderator.post("/desk/decisions", fields).status_code == 303
    client.cookies.clear()
    author = {"Authorization": f"Bearer {mine['edit_token']}"}
    place = f"{COMMENTS}/{mine['id']}"

    answers = [
        *(client.get(path, params=THREAD) for path in (COMMENTS, "/threads", "/threads/form")),
        *(client.get(path, params=THREAD) for path in ("/api/v1/form", "/api/v1/counts")),
        client.get("/threads", params=THREAD | {"site": "nowhere"}),
        *(client.get(path) for path in ("/readyz", "/metrics", "/openapi.json", "/desk/sign-in")),
        client.patch(place, json={"comment": "Other words."}, headers=author),
        client.patch(f"{COMMENTS}/{others[0]}", json={"comment": "x"}, headers=author),
        client.delete(place, headers=author),
    ]

    assert [answer.text for answer in answers if "zebedee" in answer.text.lower()] == []
    assert [a.headers for a in answers if "zebedee" in str(a.headers).lower()] == []


def test_s11_pending_rejected_and_removed_look_like_nothing_at_all(
    client: TestClient, site: Database
) -> None:
    untouched = client.get(COMMENTS, params=THREAD)
    with site.transaction() as conn:
        for number, status in enumerate((Status.HELD, Status.REJECTED, Status.HELD)):
            hidden = a_comment(conn, status=status, name=f"N{number}")
        comments.change_status(
            conn, hidden, Status.REMOVED, actor="author", action="withdraw", now=NOW
        )

    hiding = client.get(COMMENTS, params=THREAD)

    assert hiding.content == untouched.content
    assert hiding.headers["etag"] == untouched.headers["etag"]
    assert client.get("/api/v1/counts", params=THREAD).json() == {"counts": {PAGE: 0}}


def test_a_long_thread_comes_in_stretches_in_either_order(
    client: TestClient, site: Database
) -> None:
    with site.transaction() as conn:
        ids = some_comments(conn, 5, status=Status.PUBLISHED)

    for order, expected in (("oldest", ids), ("newest", ids[::-1])):
        seen, cursor = [], ""
        while cursor is not None:
            page = shown(client, order=order, limit="2", cursor=cursor)
            assert page["count"] == 5
            seen += [comment["id"] for comment in page["comments"]]
            cursor = page["next_cursor"]
        assert seen == expected


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1e2", "²", "1 0", "", "0000000010000000"])
def test_a_limit_is_a_number_from_1_to_200(client: TestClient, limit: str) -> None:
    problem = check_problem(client.get(COMMENTS, params=THREAD | {"limit": limit}), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == ["limit"]


def test_counts_are_told_by_the_address_that_was_asked_for(
    client: TestClient, site: Database
) -> None:
    with site.transaction() as conn:
        a_comment(conn, status=Status.PUBLISHED)
    asked = [PAGE, f"{PAGE}?utm_source=mail#top", f"{ORIGIN}/nothing"]

    answer = client.get("/api/v1/counts", params={"site": "news", "page_url": asked})

    assert answer.json() == {"counts": {asked[0]: 1, asked[1]: 1, asked[2]: 0}}
    too_many = {"site": "news", "page_url": [f"{ORIGIN}/{n}" for n in range(101)]}
    check_problem(client.get("/api/v1/counts", params=too_many), 422, "invalid")


def test_one_page_has_one_thread_however_its_address_is_written(client: TestClient) -> None:
    post(client, page_url=f"{PAGE}?utm_source=mail&fbclid=x#comments")

    assert shown(client)["count"] == 1
    assert shown(client, page_url="HTTPS://News.Example:443/./harvest")["count"] == 1


def test_the_form_comes_fresh_with_a_token_that_is_good(client: TestClient) -> None:
    first, second = (client.get("/api/v1/form", params=THREAD) for _ in range(2))

    assert first.headers["cache-control"] == "no-store"
    assert set(first.json()) >= {"form_token", "settings"}
    assert first.json()["form_token"] != second.json()["form_token"]
    assert first.json()["settings"]["open"] is True
    stolen = client.get("/api/v1/form", params=THREAD, headers={"Origin": "https://a.example"})
    check_problem(stolen, 403, "origin-not-allowed")


def test_a_preview_is_what_would_be_published_and_stores_nothing(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/preview", json={"site": "news", "comment": "*Hello* <script>x</script>"}
    )

    assert answer.status_code == 200
    assert "<em>Hello</em>" in answer.json()["html"]
    assert "<script" not in answer.json()["html"]
    assert shown(client)["count"] == 0


# --- whose address counts (S17) ---------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "{n}.2.3.4"},
        {"X-Forwarded-For": ", ".join(["{n}.2.3.4"] * 50)},
        {"X-Real-IP": "{n}.2.3.4"},
        {"Forwarded": "for={n}.2.3.4"},
        {"CF-Connecting-IP": "{n}.2.3.4"},
        {"True-Client-IP": "{n}.2.3.4"},
        {"X-Forwarded-For": "garbled, {n}, ::::"},
    ],
    ids=lambda headers: f"{next(iter(headers))} {len(str(headers))}",
)
def test_s17_forged_headers_do_not_change_whose_limit_it_is(
    client: TestClient, site: Database, headers: dict[str, str]
) -> None:
    with site.transaction() as conn:
        sites.set_settings(conn, "news", OFF | {"limit.address": "2/hour"})

    statuses = [
        client.post(
            COMMENTS, json=a_body(name=f"N{n}"),
            headers={name: value.format(n=n + 1) for name, value in headers.items()},
        ).status_code
        for n in range(4)
    ]  # fmt: skip

    assert statuses == [201, 201, 429, 429]


def test_a_change_of_settings_holds_from_the_next_request_on(
    client: TestClient, site: Database
) -> None:
    with site.transaction() as conn:
        a_site_with(conn, {}, key="blog", origin="https://blog.example")
        sites.set_settings(conn, "news", OFF | {"limit.email": "1/hour"})
    post(client)
    assert client.post(COMMENTS, json=a_body(name="Bob")).status_code == 429

    with site.transaction() as conn:
        sites.set_settings(conn, "news", {"limit.email": "off", "edit.window": "1h"})
    receipt = post(client, name="Bob")

    until = datetime.fromisoformat(receipt["edit_until"])
    assert timedelta(minutes=58) < until - clock() <= timedelta(hours=1)


def test_a_parent_that_is_not_there_is_404(client: TestClient) -> None:
    check_problem(client.post(COMMENTS, json=a_body(parent_id=new_id(NOW))), 404, "unknown-parent")
