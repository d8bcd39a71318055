"""Hostile inputs, and the judge of every page that shows what became of them."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import html5lib
from starlette.testclient import TestClient

from service.store.database import Database
from service.vocabulary import Role
from tests.factories import PAGE, a_site_with
from tests.limiting import OFF
from tests.web.asking import COMMENTS, THREAD, a_body, a_token

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](jAvAsCrIpT&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "![x](https://evil.example/pixel.png)",
    '[x](https://a.example "onmouseover=alert(1)")',
    "<https://a.example/' onmouseover='alert(1)>",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&lt;img src=x onerror=alert(1)&gt;",
    "</textarea></p></article><script>alert(1)</script>",
    "<!-- <b> --!> ]]> <![CDATA[ x ]]>",
    "<style>*{display:none}</style><base href=//evil.example>",
    "{{7*7}} {% include '/etc/passwd' %} ${7*7} #{7*7}",
    "' OR 1=1; DROP TABLE comment; --",
    "%00 %0d%0a %2e%2e%2f ../../etc/passwd",
    "Bcc: a@b.example\r\nX-Evil: 1",
    "\u202emoc.elpmaxe\u202c \u2066hidden\u2069 \u200f",
    "Z" + "\u0300" * 1000,
    "\x1b[31mred\x1b[0m",
    "a\x00b",
    "lone \ud800 surrogate",
    "line\u2028separator\u2029and\u0085more",
    "\ufeff\u200b\u2060",
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "مرحبا بالعالم",
    "=cmd|' /C calc'!A0",
    "x" * 5000,
    "*" * 3000,
    "[" * 3000,
    "> " * 1000,
    "`" * 999,
    "\n" * 500,
    "-1e309 NaN Infinity 0x7fffffff",
]
SENDABLE = [text.encode("utf-8", "replace").decode() for text in HOSTILE]  # in any encoding
FIELDS = ("comment", "name", "website", "email", "page_title", "page_text", "lang", "site",
          "page_url", "parent_id", "form_token", "author_token", "proof", "url2")  # fmt: skip
READING = ("/api/v1/comments", "/api/v1/counts", "/api/v1/form", "/threads", "/threads/form")
PARAMETERS = ("site", "page_url", "order", "limit", "cursor", "parent_id", "q", "reason", "status")

_LIVE_TAGS = {"iframe", "object", "embed", "style", "applet", "frame", "svg", "math"}
_LINKS = ("href", "src", "action", "formaction", "data", "poster", "background")


@cache
def live_markup(page: str) -> list[str]:
    """What a browser would run, load from elsewhere, or follow to a scheme we do not allow."""
    found = []
    for text in (page, html5lib.serialize(html5lib.parse(page))):  # again: it may have mutated
        for element in html5lib.parse(text, namespaceHTMLElements=False).iter():
            if not isinstance(element.tag, str):
                continue
            if element.tag in _LIVE_TAGS or (element.tag == "script" and not element.get("src")):
                found.append(element.tag)
            for name, value in element.attrib.items():
                if str(name).startswith("on") or name in ("style", "srcdoc"):
                    found.append(f"{element.tag} {name}={value}")
                loaded = element.tag != "link" or element.get("rel") != "canonical"
                if name in _LINKS and loaded and not _is_harmless(element.tag, name, value):
                    found.append(f"{element.tag} {name}={value}")
    return found


def _is_harmless(tag: str, name: str, value: str) -> bool:
    address = urlsplit(value.strip())
    if name == "href" and tag == "a":
        return address.scheme in ("http", "https", "mailto", "")
    return not address.scheme and not address.netloc  # nothing is loaded from elsewhere


def open_up(database: Database) -> None:
    """Add a site that publishes what it can and limits nobody."""
    settings = {"publish.unproven": "score", "threshold.publish": "1", "links.max": "9999"}
    with database.transaction() as conn:
        a_site_with(conn, OFF | settings)


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
            assert live_markup(comment["html"]) == []
        shown = client.get("/threads", params=query)
        assert shown.status_code == 200
        assert live_markup(shown.text) == []
        query["cursor"] = page["next_cursor"]
    assert seen >= {id_ for id_ in wanted if items[id_]["page_url"] == PAGE}
    return items
