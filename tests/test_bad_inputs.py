"""Hostile inputs on every public path: refused by name or shown as text, never an error."""

from itertools import cycle, product

import pytest
from starlette.testclient import TestClient

from service.store.database import Database
from service.vocabulary import Role
from tests.hostile.inputs import FIELDS, HOSTILE, PARAMETERS, READING, SENDABLE
from tests.hostile.judging import live_markup
from tests.hostile.taking import check_pages, open_up, take_or_name
from tests.web.asking import COMMENTS, THREAD, a_token


@pytest.fixture
def open_site(database: Database) -> Database:
    open_up(database)
    return database


def test_hostile_text_in_any_field_is_refused_by_name_or_shown_as_text(
    any_client: TestClient, open_site: Database
) -> None:
    taken = {
        (field, number): take_or_name(any_client, field, text)
        for field in FIELDS
        for number, text in enumerate(HOSTILE)
    }

    items = check_pages(any_client, open_site, taken.values())
    for (field, number), comment_id in taken.items():
        if comment_id and field == "comment":
            assert items[comment_id]["comment"] == HOSTILE[number].replace("\r\n", "\n")
    assert sum(bool(taken[("comment", n)]) for n in range(len(HOSTILE))) > 25


def test_hostile_text_in_any_parameter_is_no_error(
    any_client: TestClient, open_site: Database
) -> None:
    headers = a_token(open_site, Role.MODERATOR)
    paths = cycle((*READING, "/api/v1/queue", "/desk/", "/desk/sign-in"))  # of all, each in turn
    for text, name in product(SENDABLE, PARAMETERS):
        path = next(paths)
        answer = any_client.get(path, params=THREAD | {name: text[:2000]}, headers=headers)
        assert answer.status_code < 500, (path, name, text)
        if answer.headers["content-type"].startswith("text/html"):
            assert live_markup(answer.text) == []


def test_hostile_text_in_a_form_comes_back_as_text(
    any_client: TestClient, open_site: Database
) -> None:
    headers = {"Accept": "text/html", "Origin": "http://testserver"}
    for text in SENDABLE:
        fields = dict.fromkeys(FIELDS, text) | {"site": "news", "email": "no address"}
        answer = any_client.post(COMMENTS, data=fields, headers=headers)
        assert 400 <= answer.status_code < 500, text
        assert live_markup(answer.text) == []


def test_hostile_text_signs_nobody_in(any_client: TestClient, open_site: Database) -> None:
    headers = {"Accept": "text/html", "Origin": "http://testserver"}
    for text in SENDABLE[1::3]:  # U+0000 among them; each password costs a tenth of a second
        for fields in ({"name": text, "password": text, "link": ""}, {"link": text}):
            answer = any_client.post("/desk/sign-in", data=fields, headers=headers)
            assert answer.status_code in (401, 429), text
            assert live_markup(answer.text) == []


def test_hostile_text_in_a_header_is_no_error(any_client: TestClient, open_site: Database) -> None:
    names = (b"Origin", b"Authorization", b"Idempotency-Key", b"Content-Type", b"Accept", b"Cookie",
             b"If-None-Match", b"X-Forwarded-For", b"Content-Encoding", b"Content-Length",
             b"X-CSRF-Token")  # fmt: skip
    calls = cycle((f"POST {COMMENTS}", f"GET {COMMENTS}", "POST /desk/decisions", "GET /threads"))
    for text, name in product(SENDABLE, names):
        method, path = next(calls).split()
        value = text.encode().replace(b"\r", b"").replace(b"\n", b" ")[:2000]
        answer = any_client.request(method, path, params=THREAD, headers={name: value})
        assert answer.status_code < 500, (name, path, text)
