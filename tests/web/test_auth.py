"""Who is let in: tokens, sessions, and what a cookie may do (S15, S26, S28)."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.config import Config
from service.store import people
from service.store.database import Database
from service.vocabulary import Role
from service.web.state import clock
from tests.factories import NOW, a_comment, a_site, hash_once
from tests.web.asking import a_token, bearing, check_problem

PASSWORD = "correct horse battery staple"
OWN = {"Origin": "http://testserver"}
DECISIONS = "/api/v1/decisions"


@pytest.fixture
def max_(sqlite: Database) -> str:
    """A moderator with a password, by name; the site has one held comment."""
    with sqlite.transaction() as conn:
        a_site(conn)
        moderator_id = people.add_moderator(conn, "max", Role.MODERATOR, [None], NOW)
        people.set_password(conn, moderator_id, hash_once(PASSWORD))
    return "max"


def sign_in(client: TestClient, name: str, password: str = PASSWORD) -> None:
    answer = client.post("/desk/sign-in", data={"name": name, "password": password}, headers=OWN)
    assert answer.status_code == 303, answer.text


def csrf_of(client: TestClient) -> str:
    page = client.get("/desk/account").text
    return page.partition('name="csrf" value="')[2].partition('"')[0]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic bWF4OnB3", "Token x", "Bearer \u00fc"],
)
def test_without_a_valid_token_nobody_is_let_in(
    client: TestClient, max_: str, authorization: str
) -> None:
    answer = client.get(
        "/api/v1/queue", headers={b"Authorization": authorization.encode("latin-1")}
    )

    check_problem(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_an_edit_token_opens_nothing_on_the_moderators_side(
    client: TestClient, sqlite: Database, max_: str
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)

    check_problem(
        client.get("/api/v1/queue", headers=bearing(f"{comment.id}.x")), 401, "unauthorized"
    )


def test_a_viewer_s_token_may_look_and_not_touch(
    client: TestClient, sqlite: Database, max_: str
) -> None:
    viewer = a_token(sqlite, Role.VIEWER, name="vera")

    assert client.get("/api/v1/queue", headers=viewer).status_code == 200
    for path in (DECISIONS, "/api/v1/queue/claim", "/api/v1/queue/release"):
        check_problem(client.post(path, json={}, headers=viewer), 403, "forbidden")


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    client: TestClient, max_: str
) -> None:
    answer = client.post("/desk/sign-in", data={"name": "max", "password": PASSWORD}, headers=OWN)

    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=" in cookie
    assert "path=/" in cookie
    assert "domain" not in cookie


def test_over_https_the_cookie_is_secure_and_of_this_host_alone(
    config: Config, sqlite: Database, max_: str
) -> None:
    secure = replace(config, public_url="https://desk.example")
    with TestClient(
        create_app(secure), base_url="https://desk.example", follow_redirects=False
    ) as client:
        answer = client.post(
            "/desk/sign-in",
            data={"name": "max", "password": PASSWORD},
            headers={"Origin": "https://desk.example"},
        )

        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-")
        assert "; secure" in cookie.lower()
        assert answer.headers["strict-transport-security"]
        assert client.get("/api/v1/queue").status_code == 200


def test_a_session_reads_and_with_its_csrf_token_decides(
    client: TestClient, sqlite: Database, max_: str
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    sign_in(client, "max")
    body = {"ids": [comment.id], "outcome": "approve"}
    token = {"X-CSRF-Token": csrf_of(client)}

    assert client.get("/api/v1/queue").status_code == 200
    check_problem(client.post(DECISIONS, json=body, headers=OWN), 403, "forbidden")
    assert client.post(DECISIONS, json=body, headers=OWN | token).status_code == 200


FOREIGN = [
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "http://testserver:81"},
    {"Origin": "http://["},
    {"Origin": "testserver"},
    {"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://testserver", "Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_site_cannot_act_with_a_moderator_s_cookie(
    client: TestClient, sqlite: Database, max_: str, headers: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    sign_in(client, "max")
    token = csrf_of(client)
    assert token

    answers = [
        client.post(
            DECISIONS, json={"ids": [comment.id], "outcome": "approve"},
            headers=headers | {"X-CSRF-Token": token},
        ),
        client.post(
            "/desk/decisions", headers=headers,
            data={"csrf": token, f"tick:{comment.id}": "1", "decide": "approve"},
        ),
        client.post("/desk/sign-out", data={"csrf": token}, headers=headers),
        client.post(
            "/desk/password", data={"csrf": token, "password": "x" * 12}, headers=headers
        ),
        client.post(
            "/desk/sign-in", data={"name": "max", "password": PASSWORD}, headers=headers
        ),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [403] * 5
    history = client.get(f"/api/v1/comments/{comment.id}/history").json()["entries"]
    assert len(history) == 1


@pytest.mark.parametrize("csrf", ["", "x", "0" * 32])
def test_a_form_without_its_csrf_token_is_refused(
    client: TestClient, sqlite: Database, max_: str, csrf: str
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    sign_in(client, "max")
    fields = {"csrf": csrf, f"tick:{comment.id}": "1", "decide": "approve"}

    assert client.post("/desk/decisions", data=fields, headers=OWN).status_code == 403


def test_a_csrf_token_belongs_to_one_session(
    client: TestClient, sqlite: Database, max_: str
) -> None:
    sign_in(client, "max")
    stolen = csrf_of(client)
    sign_in(client, "max")

    answer = client.post("/desk/sign-out", data={"csrf": stolen}, headers=OWN)

    assert csrf_of(client) != stolen
    assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_s15_what_needs_no_preflight_decides_nothing(
    client: TestClient, sqlite: Database, max_: str, kind: str
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    sign_in(client, "max")
    headers = OWN | {"X-CSRF-Token": csrf_of(client), "Content-Type": kind}

    answer = client.post(
        DECISIONS, content=f'{{"ids":["{comment.id}"],"outcome":"approve"}}', headers=headers
    )

    check_problem(answer, 415, "unsupported-media-type")


def test_signing_in_changes_the_session_and_signing_out_ends_it(
    client: TestClient, max_: str
) -> None:
    sign_in(client, "max")
    first = dict(client.cookies)
    sign_in(client, "max")
    assert dict(client.cookies) != first

    kept = dict(client.cookies)
    left = client.post("/desk/sign-out", data={"csrf": csrf_of(client)}, headers=OWN)
    assert left.status_code == 303
    client.cookies.update(kept)
    check_problem(client.get("/api/v1/queue"), 401, "unauthorized")


def test_a_new_password_and_a_shut_door_end_sessions_at_once(
    client: TestClient, sqlite: Database, max_: str, config: Config
) -> None:
    sign_in(client, "max")
    with TestClient(create_app(config), follow_redirects=False) as elsewhere:
        sign_in(elsewhere, "max")
        changed = client.post(
            "/desk/password",
            data={"csrf": csrf_of(client), "password": "another good one", "current": PASSWORD},
            headers=OWN,
        )
        assert changed.status_code == 303, changed.text
        assert client.get("/api/v1/queue").status_code == 200
        assert elsewhere.get("/api/v1/queue").status_code == 401

        with sqlite.transaction() as conn:
            people.disable_moderator(conn, "max", NOW)
        assert client.get("/api/v1/queue").status_code == 401


def test_looking_at_a_sign_in_link_does_not_use_it_up(
    client: TestClient, sqlite: Database, max_: str
) -> None:
    with sqlite.transaction() as conn:
        moderator_id = people.add_moderator(conn, "eva", Role.VIEWER, [None], NOW)
        secret = people.add_sign_in_link(conn, moderator_id, clock())

    for _ in range(3):  # mail scanners and previews look
        assert client.get("/desk/sign-in", params={"link": secret}).status_code == 200
        assert client.head("/desk/sign-in", params={"link": secret}).status_code == 200
    used = [
        client.post("/desk/sign-in", data={"link": secret}, headers=OWN).status_code
        for _ in range(2)
    ]

    assert used == [303, 401]
