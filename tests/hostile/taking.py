"""A site that takes what it can, and what becomes of hostile comments on it, page by page."""

import json
from collections.abc import Iterable
from typing import Any

from starlette.testclient import TestClient

from service.store.database import Database
from service.vocabulary import Role
from tests.factories import PAGE, a_site_with
from tests.hostile.judging import findings, live_markup
from tests.limiting import OFF
from tests.web.asking import COMMENTS, THREAD, a_body, a_token

# What a site is told that publishes what it can and limits nobody.
SETTINGS = OFF | {"publish.unproven": "score", "threshold.publish": "1", "links.max": "9999"}


def open_up(database: Database) -> None:
    """Add a site that publishes what it can and limits nobody."""
    with database.transaction() as conn:
        a_site_with(conn, SETTINGS)


def send(client: TestClient, fields: dict[str, object]) -> Any:
    """Post fields as JSON, escapes and all."""
    headers = {"Content-Type": "application/json"}
    return client.post(COMMENTS, content=json.dumps(fields), headers=headers)


def take_or_name(client: TestClient, field: str, text: str) -> str | None:
    """The id of the comment with this text in this field, or None where it was refused."""
    answer = send(client, a_body() | {field: text})
    if answer.status_code == 201:
        comment_id: str = answer.json()["id"]
        return comment_id
    assert answer.status_code in (403, 404, 422), (field, text[:50], answer.text)
    problem = answer.json()
    if answer.status_code == 422:
        assert {error["field"] for error in problem["errors"]} == {field}
    return None


def check_pages(
    client: TestClient, database: Database, ids: Iterable[str | None]
) -> dict[str, Any]:
    """Approve these comments and judge every page that shows them; the queue's items by id."""
    moderator = a_token(database, Role.MODERATOR)
    wanted = sorted({id_ for id_ in ids if id_ is not None})
    items: dict[str, Any] = {}
    for status in ("held", "published"):
        cursor: str | None = ""
        while cursor is not None:
            query = {"status": status, "limit": "200", "cursor": cursor}
            page = client.get("/api/v1/queue", params=query, headers=moderator)
            assert page.status_code == 200
            items |= {item["id"]: item for item in page.json()["items"]}
            cursor = page.json()["next_cursor"]
        desk = client.get("/desk/", params={"status": status, "limit": "200"}, headers=moderator)
        assert desk.status_code == 200
        assert live_markup(desk.text) == []
    assert set(wanted) <= set(items)
    for start in range(0, len(wanted), 200):
        body = {"ids": wanted[start : start + 200], "outcome": "approve"}
        client.post("/api/v1/decisions", json=body, headers=moderator)
    query, seen = THREAD | {"limit": "200", "cursor": ""}, set()
    while query["cursor"] is not None:
        page = client.get(COMMENTS, params=query).json()
        seen |= {comment["id"] for comment in page["comments"]}
        for comment in page["comments"]:
            assert findings(comment["html"]) == []
        shown = client.get("/threads", params=query)
        assert shown.status_code == 200
        assert live_markup(shown.text) == []
        query["cursor"] = page["next_cursor"]
    assert seen >= {id_ for id_ in wanted if items[id_]["page_url"] == PAGE}
    return items
