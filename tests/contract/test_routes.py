"""Every route is public on purpose, or refuses whoever is not signed in or may not (S30)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient

from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Role
from service.web.routes import ROUTES
from tests.factories import NOW, a_site
from tests.web.asking import a_token

PUBLIC = {
    "GET /", "GET /desk",  # on to the queue, which asks who it is
    "POST /api/v1/comments", "GET /api/v1/comments", "GET /api/v1/counts", "GET /api/v1/form",
    "POST /api/v1/preview", "GET /threads", "GET /threads/form", "GET /threads/report",
    "GET /embed.js", "GET /demo",
    "GET /embed/writing.js", "GET /feeds/{site}.atom", "GET /embed/words/{language}.json",
    "GET /desk/sign-in", "POST /desk/sign-in", "GET /desk/sign-in/code", "POST /desk/sign-in/code",
    "GET /desk/welcome", "POST /desk/welcome",
    "GET /desk/oidc/sign-in", "GET /desk/oidc/callback", "POST /desk/oidc/accept",
    "GET /openapi.json", "GET /docs", "GET /livez",
    "GET /readyz", "GET /metrics", "GET /static",
    "POST /api/v1/comments/{id:uuid}/reports",
    # by the link's own token
    "GET /confirm", "POST /confirm", "GET /unsubscribe", "POST /unsubscribe",
}  # fmt: skip
OWN = {"PATCH /api/v1/comments/{id:uuid}", "DELETE /api/v1/comments/{id:uuid}"}  # by edit token
ADMINS = {  # of every site
    "POST /desk/classifier/retrain", "POST /desk/classifier/promote",
    "POST /desk/classifier/rollback", "POST /desk/classifier/shadow",
}  # fmt: skip
LEADERS = {  # admins, if only of one site
    "GET /desk/people", "POST /desk/people", "GET /desk/people/{id:int}",
    "POST /desk/people/{id:int}/rights", "POST /desk/people/{id:int}/link",
    "POST /desk/people/{id:int}/disable", "POST /desk/people/{id:int}/enable",
    "POST /desk/people/{id:int}/second-factor",
}  # fmt: skip
PERSONS = {  # about oneself, so not for tokens
    "GET /desk/second-factor", "POST /desk/second-factor", "POST /desk/second-factor/off",
    "POST /desk/second-factor/recovery-codes", "POST /desk/password",
    "POST /desk/oidc/link", "POST /desk/oidc/unlink",
    "GET /desk/events",
}  # fmt: skip
VIEWERS = {
    "GET /api/v1/comments/{id:uuid}/history", "GET /api/v1/queue", "GET /api/v1/stats",
    "GET /api/v1/queue/watch", "GET /desk/", "GET /desk/comments/{id:uuid}",
    "GET /desk/comments/{id:uuid}/card", "GET /desk/account",
    "GET /desk/rules", "GET /desk/attacks",
    "POST /desk/sign-out", "POST /desk/sessions/end", "POST /desk/language",
    "GET /desk/numbers", "GET /desk/numbers.csv", "GET /desk/numbers.json",
}  # fmt: skip


def calls(routes: tuple[BaseRoute, ...]) -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount):
            yield f"GET {route.path}"
        else:
            assert isinstance(route, Route)
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield f"{method} {route.path}"


CALLS = sorted(calls(ROUTES))


def ask(client: TestClient, call: str, headers: dict[str, str]) -> int:
    method, path = call.replace("{id:uuid}", new_id(NOW)).replace("{id:int}", "7").split()
    headers = headers | {"Origin": "http://testserver"}
    body: dict[str, object] = {} if path.startswith("/desk") else {"json": {"comment": "x"}}
    return client.request(method, path, headers=headers, **body).status_code  # type: ignore[arg-type]


def dump(data_dir: Path) -> list[str]:
    """Everything that is stored, as SQL."""
    with closing(sqlite3.connect(data_dir / "comments.db")) as conn:
        return list(conn.iterdump())


def test_what_is_said_to_be_public_exists() -> None:
    assert set(CALLS) >= PUBLIC | OWN | ADMINS | LEADERS | PERSONS | VIEWERS


@pytest.mark.parametrize("call", [call for call in CALLS if call not in PUBLIC])
def test_a_route_that_is_not_public_lets_no_stranger_in(client: TestClient, call: str) -> None:
    for headers in ({}, {"Authorization": "Bearer made-up"}, {"Cookie": "desk=made-up"}):
        status = ask(client, call, headers)
        if call.startswith("GET /desk") and status == 303:
            continue  # to the sign-in
        assert status in (401, 403)


@pytest.mark.parametrize(
    "call", [call for call in CALLS if call not in PUBLIC | OWN | PERSONS | VIEWERS]
)
def test_a_route_that_changes_something_is_shut_to_viewers(
    client: TestClient, sqlite: Database, call: str
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)

    assert ask(client, call, a_token(sqlite, Role.VIEWER)) == 403
    moderator = a_token(sqlite, Role.MODERATOR, name="eva")
    admin_of_one = a_token(sqlite, Role.ADMIN, site="news", name="ida")
    assert (ask(client, call, moderator) == 403) is (call in ADMINS | LEADERS)
    assert (ask(client, call, admin_of_one) == 403) is (call in ADMINS)
    assert ask(client, call, a_token(sqlite, Role.ADMIN, name="ada")) != 403


@pytest.mark.parametrize("call", sorted(call for call in VIEWERS if call.startswith("GET")))
def test_a_viewer_may_look(client: TestClient, sqlite: Database, call: str) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)

    assert ask(client, call, a_token(sqlite, Role.VIEWER)) in (200, 404)


@pytest.mark.parametrize("call", sorted(PERSONS))
def test_a_token_is_no_person(client: TestClient, sqlite: Database, call: str) -> None:
    assert ask(client, call, a_token(sqlite, Role.ADMIN)) == 403


def test_no_reading_changes_anything(client: TestClient, sqlite: Database, tmp_path: Path) -> None:
    headers = a_token(sqlite, Role.ADMIN)
    before = dump(tmp_path)

    for call in CALLS:
        if call.startswith("GET"):
            ask(client, call, headers)

    assert dump(tmp_path) == before
