"""The public API as promised: statuses, receipts, and nothing in an answer that is not for all."""

from datetime import datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.store import comments, sites
from service.store.database import Database
from service.vocabulary import RuleKind, Status
from tests.factories import PAGE, a_rule, a_site
from tests.tiny_model import FINE_TEXT, SPAM_TEXT
from tests.web.asking import COMMENTS, THREAD, a_body, bearing, check_problem, post

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


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


# --- taking in --------------------------------------------------------------------------------


def test_a_published_comment_is_201_with_a_receipt_and_is_there_at_once(
    client: TestClient,
) -> None:
    answer = client.post(COMMENTS, json=a_body())

    assert answer.status_code == 201
    receipt = answer.json()
    assert set(receipt) == {"id", "status", "page_url", "edit_token", "edit_until"}
    assert (receipt["status"], receipt["page_url"]) == ("published", PAGE)
    assert answer.headers["location"] == f"{PAGE}#comment-{receipt['id']}"
    assert answer.headers["cache-control"] == "no-store"
    assert datetime.fromisoformat(receipt["edit_until"]).tzinfo is not None
    assert [c["id"] for c in shown(client)["comments"]] == [receipt["id"]]


def test_a_rejected_comment_has_the_receipt_of_a_held_one(
    client: TestClient, site: Database
) -> None:
    with site.transaction() as conn:
        a_rule(conn, RuleKind.WORD, "casino")

    held = client.post(COMMENTS, json=a_body(comment="Cheap pills, fast loans, click now!!!"))
    rejected = client.post(COMMENTS, json=a_body(comment=SPAM_TEXT, name="Bob"))

    assert held.json()["status"] == rejected.json()["status"] == "held"
    assert set(held.json()) == set(rejected.json())
    assert set(held.headers) == set(rejected.headers)
    with site.transaction() as conn:
        stored = [comments.find_comment(conn, a.json()["id"]) for a in (held, rejected)]
    assert [c.status for c in stored if c] == [Status.HELD, Status.REJECTED]
    assert shown(client)["count"] == 0


def test_a_filled_honeypot_gets_a_receipt_like_any_other(client: TestClient) -> None:
    receipt = post(client, url2="https://casino.example")

    assert receipt["status"] == "held"
    assert shown(client)["count"] == 0


def test_the_identical_comment_again_is_the_first_one_without_a_token(client: TestClient) -> None:
    first = post(client)
    again = client.post(COMMENTS, json=a_body())

    assert again.status_code == 201
    assert again.json() == {k: first[k] for k in ("id", "status", "page_url")}


def test_a_keyed_retry_gets_the_same_answer_even_beyond_the_limit(
    client: TestClient, site: Database
) -> None:
    with site.transaction() as conn:
        sites.set_settings(conn, "news", {"limit.email": "1/hour"})
    key = {"Idempotency-Key": "b2c1f7d0"}

    answers = [client.post(COMMENTS, json=a_body(), headers=key) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize("key", ["x" * 256, "schön", "a\tb"])
def test_a_key_is_short_printable_ascii(client: TestClient, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode()}

    errors = check_problem(client.post(COMMENTS, json=a_body(), headers=headers), 422, "invalid")[
        "errors"
    ]

    assert [error["field"] for error in errors] == ["Idempotency-Key"]


def test_a_form_goes_back_to_its_page_and_an_error_keeps_what_was_typed(
    client: TestClient,
) -> None:
    fields = {name: str(value) for name, value in a_body().items()}

    taken = client.post(COMMENTS, data=fields, headers=HTML)
    refused = client.post(COMMENTS, data=fields | {"email": "ann at home"}, headers=HTML)

    assert taken.status_code == 303
    target, _, fragment = taken.headers["location"].partition("#comment-")
    assert target == PAGE
    assert fragment == shown(client)["comments"][0]["id"]
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "text/html; charset=utf-8"
    assert "ann at home" in refused.text
    assert FINE_TEXT in refused.text


def test_a_form_for_an_unknown_site_gets_a_page_too(client: TestClient) -> None:
    fields = {name: str(value) for name, value in a_body(site="nowhere\x00").items()}

    for site_key, status in (("nowhere", 404), ("a\x00b", 422)):
        answer = client.post(COMMENTS, data=fields | {"site": site_key}, headers=HTML)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")


# --- one's own comment ------------------------------------------------------------------------


def test_an_author_edits_and_withdraws_their_own_comment(client: TestClient) -> None:
    receipt = post(client)
    path, token = f"{COMMENTS}/{receipt['id']}", bearing(receipt["edit_token"])

    edited = client.patch(path, json={"comment": f"{FINE_TEXT} *Really.*"}, headers=token)
    assert edited.status_code == 200
    assert edited.json()["status"] == "published"
    assert edited.headers["cache-control"] == "no-store"
    (comment,) = shown(client)["comments"]
    assert "<em>Really.</em>" in comment["html"]
    assert comment["edited_at"] is not None

    withdrawn = client.delete(path, headers=token)
    assert (withdrawn.status_code, withdrawn.content) == (204, b"")
    assert shown(client)["comments"] == []
    check_problem(client.delete(path, headers=token), 404, "not-found")


def test_an_edit_that_sells_is_taken_off_the_page(client: TestClient) -> None:
    receipt = post(client)

    edited = client.patch(
        f"{COMMENTS}/{receipt['id']}", json={"comment": SPAM_TEXT},
        headers=bearing(receipt["edit_token"]),
    )  # fmt: skip

    assert edited.json()["status"] == "held"
    assert shown(client)["count"] == 0


def test_an_edit_is_parsed_like_a_comment(client: TestClient) -> None:
    receipt = post(client)
    path, token = f"{COMMENTS}/{receipt['id']}", bearing(receipt["edit_token"])

    for text, code in (("", "required"), ("x" * 10_001, "too-long"), ("a\x00", "not-text")):
        problem = check_problem(
            client.patch(path, json={"comment": text}, headers=token), 422, "invalid"
        )
        assert [(e["field"], e["code"]) for e in problem["errors"]] == [("comment", code)]


def test_a_token_opens_one_comment_and_never_another(client: TestClient) -> None:
    mine, other = post(client), post(client, name="Bob", comment=f"{FINE_TEXT} Bob.")

    for answer in (
        client.patch(
            f"{COMMENTS}/{other['id']}", json={"comment": "x"}, headers=bearing(mine["edit_token"])
        ),
        client.delete(f"{COMMENTS}/{other['id']}", headers=bearing(mine["edit_token"])),
    ):
        check_problem(answer, 403, "forbidden")
    check_problem(client.delete(f"{COMMENTS}/{other['id']}"), 401, "unauthorized")
    assert shown(client)["count"] == 2


def test_an_author_sees_their_own_waiting_comment_uncached(client: TestClient) -> None:
    post(client)
    held = post(client, comment=SPAM_TEXT, name="Bob", email="bob@mail.example")

    answer = client.get(COMMENTS, params=THREAD, headers=bearing(held["edit_token"]))

    assert answer.headers["cache-control"] == "private, no-store"
    (own,) = answer.json()["own"]
    assert (own["id"], own["status"]) == (held["id"], "held")
    assert answer.json()["count"] == 1
    assert "own" not in shown(client)
    stranger = client.get(COMMENTS, params=THREAD, headers=bearing("made.up"))
    assert "own" not in stranger.json()
