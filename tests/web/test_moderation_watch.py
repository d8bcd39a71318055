"""What an open desk asks of the moderators' API: how its comments stand, leases, sure sending."""

import pytest
from starlette.testclient import TestClient

from service.store.database import Database
from service.vocabulary import Role
from tests.factories import a_comment, some_comments
from tests.web.asking import a_token, check_problem

QUEUE, DECISIONS = "/api/v1/queue", "/api/v1/decisions"
WATCH = f"{QUEUE}/watch"


def test_an_open_desk_learns_what_became_of_its_comments_and_what_is_new(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 3)
        foreign = a_comment(conn, site="blog")
    eva = a_token(sqlite, Role.MODERATOR, name="eva")
    client.post(f"{QUEUE}/claim", json={"ids": ids[:1], "seconds": 60}, headers=eva)
    client.post(DECISIONS, json={"ids": ids[1:2], "outcome": "approve"}, headers=eva)
    query = {"ids": ",".join([*ids[:2], foreign.id]), "since": ids[1], "site": "news"}

    answer = client.get(WATCH, params=query, headers=max_)

    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.json() == {
        "waiting": 2,
        "newer": 1,
        "standings": [
            {"id": ids[0], "status": "held", "version": 1, "by": "", "claimed_by": "eva"},
            {"id": ids[1], "status": "published", "version": 2, "by": "eva", "claimed_by": ""},
        ],
    }
    known = max_ | {"If-None-Match": answer.headers["etag"]}
    assert client.get(WATCH, params=query, headers=known).status_code == 304
    client.post(f"{QUEUE}/release", json={"ids": ids[:1]}, headers=eva)
    assert client.get(WATCH, params=query, headers=known).json()["standings"][0]["claimed_by"] == ""


def test_it_may_ask_for_nothing_but_the_numbers_and_for_200_at_most(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        (id_,) = some_comments(conn, 1)

    assert client.get(WATCH, headers=max_).json() == {"waiting": 1, "newer": 0, "standings": []}
    many = client.get(WATCH, params={"ids": ",".join([id_] * 200)}, headers=max_)
    assert len(many.json()["standings"]) == 1
    for query in ({"ids": ",".join([id_] * 201)}, {"ids": "x"}, {"since": "x"}):
        problem = check_problem(client.get(WATCH, params=query, headers=max_), 422, "invalid")
        assert [error["field"] for error in problem["errors"]] == [*query]


@pytest.mark.parametrize("seconds", [0, 301, "60"])
def test_a_lease_is_of_1_to_300_seconds(
    client: TestClient, max_: dict[str, str], seconds: object
) -> None:
    answer = client.post(f"{QUEUE}/claim", json={"seconds": seconds}, headers=max_)

    assert check_problem(answer, 422, "invalid")["errors"][0]["field"] == "seconds"


def test_a_decision_sent_again_with_its_key_has_the_first_answer(
    client: TestClient, sqlite: Database, max_: dict[str, str]
) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 2)
    keyed = max_ | {"Idempotency-Key": "k1"}
    body = {"ids": ids[:1], "outcome": "approve", "versions": {ids[0]: 1}}

    first, again = (client.post(DECISIONS, json=body, headers=keyed) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    other = client.post(DECISIONS, json=body | {"ids": ids[1:]}, headers=keyed)
    check_problem(other, 409, "idempotency-mismatch")
    too_long = client.post(DECISIONS, json=body, headers=max_ | {"Idempotency-Key": "k" * 256})
    check_problem(too_long, 422, "invalid")
