"""What the web tests send: a whole comment, tokens of every role, a page of a thread."""

from collections.abc import Mapping
from typing import Any

from starlette.testclient import TestClient

from service.store import people, sites
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import NOW, PAGE
from tests.tiny_model import FINE_TEXT

COMMENTS = "/api/v1/comments"
THREAD = {"site": "news", "page_url": PAGE}


def a_body(**changes: object) -> dict[str, object]:
    """The fields of a comment as a page sends them; None leaves a field out."""
    fields: dict[str, object] = {
        "site": "news",
        "page_url": PAGE,
        "page_title": "The harvest",
        "name": "Ann",
        "email": "ann@mail.example",
        "comment": FINE_TEXT,
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def post(client: TestClient, **changes: object) -> dict[str, Any]:
    """The receipt of a comment that must be taken in."""
    answer = client.post(COMMENTS, json=a_body(**changes))
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


def bearing(token: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


def a_token(database: Database, role: Role, *, site: str = "", name: str = "max") -> dict[str, str]:
    """The header of a new API token, for one site or for all."""
    with database.transaction() as conn:
        site_id = sites.get_site(conn, site).id if site else None
        return bearing(people.add_token(conn, name, role, site_id, NOW))


def check_problem(answer: Any, status: int, code: str) -> Mapping[str, Any]:
    """The body of an error, which has one shape wherever it comes from."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: Mapping[str, Any] = answer.json()
    assert set(problem) == {"type", "title", "status", "code", "detail", "errors"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["title"]
    assert problem["detail"]
    assert all(set(error) == {"field", "code", "message"} for error in problem["errors"])
    assert "Traceback" not in answer.text
    return problem
