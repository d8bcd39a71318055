"""Every error has one shape, whoever raised it."""

from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from service.store import sites
from service.store.database import Database
from service.tokens import edit_token, new_id
from service.vocabulary import Role
from tests.factories import NOW, SECRET, a_site
from tests.web.asking import COMMENTS, THREAD, a_body, a_token, check_problem, post

JSON = {"Content-Type": "application/json"}
ID = "0195e7a5-0000-7000-8000-000000000001"


@pytest.fixture
def site(sqlite: Database) -> Database:
    with sqlite.transaction() as conn:
        a_site(conn, publish__unproven="score")
    return sqlite


CASES: list[Any] = [
    ("GET", "/nowhere", {}, 404, "not-found"),
    ("GET", "/api/v1/nowhere", {}, 404, "not-found"),
    ("PUT", COMMENTS, {}, 405, "method-not-allowed"),
    ("GET", f"{COMMENTS}/{ID}", {}, 405, "method-not-allowed"),
    ("GET", "/static/nothing.css", {}, 404, "not-found"),
    ("GET", COMMENTS, {}, 422, "invalid"),
    ("GET", COMMENTS, {"params": THREAD | {"site": "nowhere"}}, 404, "unknown-site"),
    ("GET", COMMENTS, {"params": THREAD | {"limit": "many"}}, 422, "invalid"),
    ("GET", COMMENTS, {"params": THREAD | {"cursor": "x"}}, 422, "invalid"),
    ("GET", COMMENTS, {"params": THREAD | {"order": "random"}}, 422, "invalid"),
    ("GET", "/api/v1/counts", {}, 422, "invalid"),
    ("GET", "/api/v1/counts", {"params": THREAD | {"site": "no"}}, 404, "unknown-site"),
    ("GET", "/api/v1/form", {}, 422, "invalid"),
    ("GET", "/api/v1/form", {"params": THREAD | {"site": "no"}}, 404, "unknown-site"),
    ("GET", "/threads", {}, 422, "invalid"),
    ("GET", "/demo", {}, 404, "not-found"),
    ("POST", COMMENTS, {"content": b"{", "headers": JSON}, 400, "unreadable-body"),
    ("POST", COMMENTS, {"content": b"[" * 9999, "headers": JSON}, 400, "unreadable-body"),
    ("POST", COMMENTS, {"content": b'{"a":1,"a":2}', "headers": JSON}, 400, "unreadable-body"),
    ("POST", COMMENTS, {"content": b'{"a":NaN}', "headers": JSON}, 400, "unreadable-body"),
    ("POST", COMMENTS, {"content": b'"\xff"', "headers": JSON}, 400, "unreadable-body"),
    ("POST", COMMENTS, {"content": b"x"}, 415, "unsupported-media-type"),
    ("POST", COMMENTS, {"json": []}, 422, "invalid"),
    ("POST", COMMENTS, {"json": a_body(site="nowhere")}, 404, "unknown-site"),
    ("POST", COMMENTS, {"json": a_body(parent_id=ID)}, 404, "unknown-parent"),
    ("POST", COMMENTS, {"json": a_body(page_url="https://a.example/")}, 403, "origin-not-allowed"),
    ("POST", COMMENTS, {"content": b" " * 300_000, "headers": JSON}, 413, "too-large"),
    ("POST", "/api/v1/preview", {"json": {}}, 422, "invalid"),
    ("POST", "/api/v1/preview", {"json": {"site": "no", "comment": "x"}}, 404, "unknown-site"),
    ("PATCH", f"{COMMENTS}/{ID}", {"json": {"comment": "x"}}, 401, "unauthorized"),
    ("DELETE", f"{COMMENTS}/{ID}", {}, 401, "unauthorized"),
    ("GET", "/api/v1/queue", {}, 401, "unauthorized"),
    ("POST", "/api/v1/decisions", {"json": {}}, 401, "unauthorized"),
]


@pytest.mark.parametrize(("method", "path", "sent", "status", "code"), CASES)
def test_every_refusal_is_a_problem(
    client: TestClient, site: Database, method: str, path: str, sent: Any, status: int, code: str
) -> None:
    answer = client.request(method, path, **sent)

    check_problem(answer, status, code)
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_all_bad_fields_are_named_at_once(client: TestClient, site: Database) -> None:
    answer = client.post(
        COMMENTS,
        json=a_body(
            name="", email="no address", website="javascript:alert(1)", comment="x" * 10_001,
            page_url="not a url", page_title="a\x00b", parent_id="7", consent="perhaps", lang=5,
        ),
    )  # fmt: skip

    errors = check_problem(answer, 422, "invalid")["errors"]
    assert {(error["field"], error["code"]) for error in errors} == {
        ("name", "required"),
        ("email", "invalid-email"),
        ("website", "invalid-url"),
        ("comment", "too-long"),
        ("page_url", "invalid-url"),
        ("page_title", "not-text"),
        ("parent_id", "invalid-id"),
        ("consent", "wrong-type"),
        ("lang", "wrong-type"),
    }


def test_a_closed_site_a_mismatch_and_a_limit_are_problems(
    client: TestClient, site: Database
) -> None:
    with site.transaction() as conn:
        sites.set_settings(conn, "news", {"limit.email": "2/hour"})
    key = {"Idempotency-Key": "k"}
    assert client.post(COMMENTS, json=a_body(), headers=key).status_code == 201
    check_problem(
        client.post(COMMENTS, json=a_body(name="Bob"), headers=key), 409, "idempotency-mismatch"
    )
    post(client, name="Bob")

    limited = client.post(COMMENTS, json=a_body(name="Cat"))
    check_problem(limited, 429, "rate-limited")
    assert 1 <= int(limited.headers["retry-after"]) <= 3600

    with site.transaction() as conn:
        sites.set_settings(conn, "news", {"comments": "closed"})
    check_problem(client.post(COMMENTS, json=a_body(name="Dan")), 403, "comments-closed")


def test_an_edit_that_comes_too_late_is_a_problem(client: TestClient, site: Database) -> None:
    with site.transaction() as conn:
        sites.set_settings(conn, "news", {"edit.window": "0s"})
    receipt = post(client)
    token = {"Authorization": f"Bearer {receipt['edit_token']}"}

    for answer in (
        client.patch(f"{COMMENTS}/{receipt['id']}", json={"comment": "x"}, headers=token),
        client.delete(f"{COMMENTS}/{receipt['id']}", headers=token),
    ):
        check_problem(answer, 409, "edit-window-over")


@pytest.mark.parametrize("origin", ["", "https://news.example"])
def test_a_database_in_trouble_is_503_with_a_time_to_come_back(
    client: TestClient, site: Database, origin: str
) -> None:
    with site.transaction() as conn:
        conn.execute(text("ALTER TABLE site RENAME TO gone"))
    headers = {"Origin": origin} if origin else {}

    for answer in (
        client.post(COMMENTS, json=a_body(), headers=headers),
        client.get(COMMENTS, params=THREAD, headers=headers),
        client.get("/api/v1/form", params=THREAD, headers=headers),
    ):
        check_problem(answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1


def test_an_error_nobody_foresaw_says_sorry_and_nothing_else(
    client: TestClient, site: Database
) -> None:
    with site.transaction() as conn:
        conn.execute(text("UPDATE site SET settings = 'secret nonsense'"))

    answer = client.post(COMMENTS, json=a_body())

    check_problem(answer, 500, "internal")
    assert "nonsense" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere", 404), ("/desk/", 401), ("/threads", 422)]
)
def test_a_browser_gets_a_page_instead(
    client: TestClient, site: Database, path: str, status: int
) -> None:
    answer = client.get(path, headers={"Accept": "text/html,application/xhtml+xml"})

    if answer.status_code in (302, 303):  # to the sign-in
        assert "/desk/sign-in" in answer.headers["location"]
        return
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors" in answer.headers["content-security-policy"]


def test_s12_an_edit_is_refused_alike_for_every_id_that_is_not_one_s_own(
    client: TestClient, site: Database
) -> None:
    held = post(client, comment="Win big at our casino, cheap pills", name="Bob")
    published = post(client)
    withdrawn = post(client, name="Cat", comment="Something else on the mill.")
    client.delete(
        f"{COMMENTS}/{withdrawn['id']}",
        headers={"Authorization": f"Bearer {withdrawn['edit_token']}"},
    )
    token = {"Authorization": f"Bearer {edit_token(SECRET, new_id(NOW))}"}

    for call in ("PATCH", "DELETE"):
        bodies = {
            client.request(call, f"{COMMENTS}/{id_}", json={"comment": "x"}, headers=token).content
            for id_ in (held["id"], published["id"], withdrawn["id"], new_id(NOW))
        }
        assert len(bodies) == 1
    moderator = a_token(site, Role.VIEWER)
    assert client.get(f"{COMMENTS}/{held['id']}/history", headers=moderator).status_code == 200
    replies = {
        client.post(COMMENTS, json=a_body(parent_id=id_, name="Dan")).content
        for id_ in (held["id"], withdrawn["id"], new_id(NOW))
    }
    assert len(replies) == 1


def test_a_method_that_is_not_known_is_told_all_that_are(client: TestClient) -> None:
    allowed = {
        path: client.put(path).headers["allow"]
        for path in (COMMENTS, f"{COMMENTS}/{ID}", "/desk/sign-in", "/livez")
    }

    assert allowed == {
        COMMENTS: "GET, HEAD, POST",
        f"{COMMENTS}/{ID}": "DELETE, PATCH",
        "/desk/sign-in": "GET, HEAD, POST",
        "/livez": "GET, HEAD",
    }
