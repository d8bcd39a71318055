"""The moderators' API as promised: the queue, claims, decisions, undo, history, numbers."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.domain import Signal
from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Code, Role, Status
from tests.factories import NOW, PAGE, SPAM, a_comment, some_comments
from tests.web.asking import COMMENTS, THREAD, a_token, check_problem

QUEUE, DECISIONS = "/api/v1/queue", "/api/v1/decisions"


def decide(
    client: TestClient, headers: dict[str, str], ids: list[str], **fields: object
) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"ids": ids, "outcome": "approve"} | fields)  # escapes all but ASCII
    answer = client.post(
        DECISIONS, content=body, headers=headers | {"Content-Type": "application/json"}
    )
    return answer.status_code, answer.json()


def test_a_queue_item_says_all_a_moderator_needs(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    reasons = (Signal(Code.TOO_MANY_LINKS, "4"), Signal(Code.UNSCORED))
    with sqlite.transaction() as conn:
        comment = a_comment(conn, score=SPAM, reasons=reasons, website="https://ann.example")

    answer = client.get(QUEUE, headers=max_)

    assert answer.headers["cache-control"] == "private, no-store"
    assert set(answer.json()) == {"items", "next_cursor"}
    (item,) = answer.json()["items"]
    assert set(item) >= {
        "id", "comment", "name", "email", "website", "page_url", "page_title", "created_at",
        "status", "score", "band", "reasons", "terms", "cluster", "author", "version",
    }  # fmt: skip
    assert item["id"] == comment.id
    assert (item["email"], item["page_url"], item["version"]) == ("ann@mail.example", PAGE, 1)
    assert (item["score"], item["band"]) == (0.97, "likely-spam")
    assert item["terms"] == [{"text": "casino", "weight": 2.5}]
    assert [(r["code"], r["detail"], r["failure"]) for r in item["reasons"]] == [
        ("too-many-links", "4", False),
        ("unscored", "", True),
    ]
    assert item["author"] == {"held": 1}
    assert comment.address not in answer.text  # only its network


def test_the_queue_is_paged_filtered_and_ordered(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 5)
        links = a_comment(conn, reasons=(Signal(Code.TOO_MANY_LINKS, "9"),), name="Linus")
        a_comment(conn, site="blog")
        rejected = a_comment(conn, status=Status.REJECTED)

    def listed(**query: str) -> list[str]:
        answer = client.get(QUEUE, params=query, headers=max_)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert set(listed()) == {*ids, links.id}
    assert listed(reason="too-many-links") == listed(q="linus") == [links.id]
    assert listed(status="rejected") == [rejected.id]
    assert listed(page_url="https://news.example/other") == []
    assert listed(site="news", limit="2", cursor=ids[1]) == ids[2:4]
    newest = listed(order="newest")
    assert newest == listed()[::-1]
    assert listed(order="newest", cursor=ids[3]) == newest[newest.index(ids[3]) + 1 :]


@pytest.mark.parametrize(
    "query",
    [
        {"status": "fine"}, {"reason": "nonsense"}, {"order": "random"}, {"limit": "201"},
        {"limit": "0"}, {"cursor": "x"}, {"q": "x" * 201}, {"q": "a\x00"},
        {"page_url": "a\x00"}, {"page_url": "news.example"},
    ],
    ids=str,
)  # fmt: skip
def test_a_bad_parameter_is_named(
    client: TestClient, max_: dict[str, str], query: dict[str, str]
) -> None:
    problem = check_problem(client.get(QUEUE, params=query, headers=max_), 422, "invalid")

    assert [error["field"] for error in problem["errors"]] == list(query)


def test_s13_a_foreign_site_is_403_and_an_unknown_one_404_in_the_same_words(
    client: TestClient, max_: dict[str, str]
) -> None:
    foreign = client.get(QUEUE, params={"site": "blog"}, headers=max_)
    told = check_problem(foreign, 403, "forbidden")["detail"]

    for key in ("nowhere", "a\x00", "é", "' OR 1=1"):
        unknown = client.get(QUEUE, params={"site": key}, headers=max_)
        assert check_problem(unknown, 404, "not-found")["detail"] == told


def test_a_claim_leases_and_a_release_gives_back(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 3)
    eva = a_token(sqlite, Role.MODERATOR, name="eva")

    def claim(headers: dict[str, str], limit: int) -> list[str]:
        answer = client.post(f"{QUEUE}/claim", json={"limit": limit}, headers=headers)
        assert answer.status_code == 200
        return [item["id"] for item in answer.json()["items"]]

    assert claim(max_, 2) == ids[:2]
    assert claim(eva, 9) == ids[2:]
    released = client.post(f"{QUEUE}/release", json={"ids": ids}, headers=max_)
    assert released.json() == {"released": 2}
    assert claim(eva, 9) == ids


def test_one_and_many_are_decided_and_the_rest_are_conflicts(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 3)
        foreign = a_comment(conn, site="blog")
    stale = {ids[2]: 99}

    status, body = decide(client, max_, [*ids, foreign.id], versions=stale, note="fine")

    assert status == 200
    assert set(body) == {"decision_id", "changed", "conflicts"}
    assert body["changed"] == ids[:2]
    assert body["conflicts"] == [
        {"id": ids[2], "status": "held", "by": ""},
        {"id": foreign.id, "status": None, "by": ""},
    ]
    assert client.get(COMMENTS, params=THREAD).json()["count"] == 2


def test_when_nothing_can_be_changed_it_is_409_and_says_who_was_faster(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    eva = a_token(sqlite, Role.MODERATOR, name="eva")
    seen = {comment.id: 1}
    assert decide(client, eva, [comment.id], outcome="reject", reason="spam")[0] == 200

    status, body = decide(client, max_, [comment.id], versions=seen)

    assert status == 409
    assert body["conflicts"] == [{"id": comment.id, "status": "rejected", "by": "eva"}]
    assert decide(client, max_, [new_id(NOW)])[0] == 409


ID = "0195e7a5-0000-7000-8000-000000000001"  # nobody has it

BAD_DECISIONS: list[dict[str, object]] = [
    {"ids": []},
    {"ids": ["x"]},
    {"ids": [ID.upper()]},
    {"ids": [ID] * 201},
    {"ids": "x"},
    {"ids": None},
    {"outcome": "publish"},
    {"outcome": None},
    {"reason": "dislike", "outcome": "reject"},
    {"reason": "spam"},
    {"note": 7},
    {"note": "x" * 2001},
    {"note": "a\x00b"},
    {"note": "\ud800"},
    {"versions": {"x": "1"}},
    {"versions": []},
]


@pytest.mark.parametrize("fields", BAD_DECISIONS, ids=lambda fields: str(fields)[:40])
def test_a_bad_decision_names_its_field_and_changes_nothing(
    client: TestClient, sqlite: Database, max_: dict[str, str], fields: dict[str, object]
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)

    status, problem = decide(client, max_, **({"ids": [comment.id]} | fields))  # type: ignore[arg-type]

    assert (status, problem["code"]) == (422, "invalid")
    assert problem["errors"][0]["field"].partition("[")[0] == next(iter(fields))
    history = client.get(f"{COMMENTS}/{comment.id}/history", headers=max_).json()["entries"]
    assert len(history) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"outcome": "publish"}, "outcome is one of approve, reject."),
        (
            {"outcome": "reject", "reason": "dislike"},
            "reason is one of spam, abuse, off-topic, personal-data, illegal, other.",
        ),
    ],
    ids=["outcome", "reason"],
)
def test_an_unknown_value_is_told_which_there_are(
    client: TestClient, max_: dict[str, str], fields: dict[str, object], message: str
) -> None:
    _status, problem = decide(client, max_, [ID], **fields)

    assert [error["message"] for error in problem["errors"]] == [message]


def test_a_filter_does_not_offer_nothing_as_a_choice(
    client: TestClient, max_: dict[str, str]
) -> None:
    answer = client.get(f"{QUEUE}?reason=dislike", headers=max_)

    problem = check_problem(answer, 422, "invalid")
    assert problem["detail"].startswith("reason is one of blocked-word, ")


@pytest.mark.parametrize("body", [{"limit": 0}, {"limit": 201}, {"limit": "5"}, {"limit": True}])
def test_a_claim_is_of_1_to_200(
    client: TestClient, max_: dict[str, str], body: dict[str, object]
) -> None:
    check_problem(client.post(f"{QUEUE}/claim", json=body, headers=max_), 422, "invalid")


def test_undo_takes_everything_back_once(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 2)
    _, made = decide(client, max_, ids)
    path = f"{DECISIONS}/{made['decision_id']}/undo"
    eva = a_token(sqlite, Role.MODERATOR, name="eva")

    check_problem(client.post(path, headers=eva), 403, "forbidden")
    undone = client.post(path, headers=max_)

    assert undone.status_code == 200
    assert sorted(undone.json()["changed"]) == ids
    assert client.get(COMMENTS, params=THREAD).json()["count"] == 0
    check_problem(client.post(path, headers=max_), 404, "not-found")
    check_problem(client.post(f"{DECISIONS}/{new_id(NOW)}/undo", headers=max_), 404, "not-found")


def test_the_history_names_every_actor_in_order(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        comment, foreign = a_comment(conn), a_comment(conn, site="blog")
    _, made = decide(client, max_, [comment.id], outcome="reject", reason="abuse", note="rude")
    client.post(f"{DECISIONS}/{made['decision_id']}/undo", headers=max_)

    entries = client.get(f"{COMMENTS}/{comment.id}/history", headers=max_).json()["entries"]

    assert [(e["actor"], e["action"], e["to_status"], e["detail"]) for e in entries] == [
        ("system", "hold", "held", ""),
        ("max", "reject", "rejected", "abuse: rude"),
        ("max", "undo", "held", "reject"),
    ]
    check_problem(client.get(f"{COMMENTS}/{foreign.id}/history", headers=max_), 404, "not-found")


def test_the_numbers_are_of_one_s_own_sites(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 3, reasons=(Signal(Code.SCORE_UNSURE),))
        a_comment(conn, site="blog")
    decide(client, max_, ids[:1])

    stats = client.get("/api/v1/stats", headers=max_).json()

    assert set(stats) == {"waiting", "oldest", "decided_today", "agreement", "by_reason"}
    assert (stats["waiting"], stats["decided_today"]) == (2, 1)
    assert stats["by_reason"] == {"score-unsure": 2}
