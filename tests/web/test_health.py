"""Whether it lives, what works and what does not, and numbers behind their token."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from service.app import create_app
from service.config import Config
from service.store import models
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import NOW, a_comment, a_site
from tests.redis_server import running_server, wait_until
from tests.web.asking import COMMENTS, THREAD, a_body, a_token, bearing, check_problem, post


@contextmanager
def an_app(config: Config, **changes: Any) -> Iterator[TestClient]:
    with TestClient(create_app(replace(config, **changes)), follow_redirects=False) as client:
        yield client


def test_alive_and_ready_with_every_part(client: TestClient, sqlite: Database) -> None:
    assert client.get("/livez").status_code == 200

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["status"] == "ready"
    assert {name: part["status"] for name, part in body["parts"].items()} == {
        "database": "up", "redis": "up", "attack_mode": "off", "model": "up", "mail": "off",
    }  # fmt: skip


def test_a_database_in_trouble_is_not_ready_and_still_alive(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        conn.execute(text("ALTER TABLE site RENAME TO gone"))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["parts"]["database"]["status"] == "down"
    assert client.get("/livez").status_code == 200


def test_a_redis_that_dies_is_said_before_anybody_comments_and_after_it_is_back(
    config: Config, sqlite: Database, tmp_path: Path
) -> None:
    place = tmp_path / "redis"
    place.mkdir()
    with running_server(place) as server, an_app(config, redis_url=server.url) as client:

        def redis_status() -> str:
            answer = client.get("/readyz")
            assert answer.status_code == 200  # comments are taken in all the same
            parts = answer.json()["parts"]
            assert answer.json()["status"] == (
                "ready" if parts["redis"]["status"] == "up" else "degraded"
            )
            status: str = parts["redis"]["status"]
            return status

        assert redis_status() == "up"
        server.stop()
        wait_until(lambda: redis_status() == "down", "/readyz to say that Redis is down")
        server.start()
        wait_until(lambda: redis_status() == "up", "/readyz to say that Redis is up")


def test_without_a_model_comments_are_held_and_health_says_so(
    config: Config, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn, publish__unproven="score")
        models.promote(conn, "lost", actor="test", action="promote", reason="", now=NOW)
    with an_app(config) as client:
        body = client.get("/readyz").json()
        receipt = post(client)

    assert (body["status"], body["parts"]["model"]["status"]) == ("degraded", "down")
    assert receipt["status"] == "held"


def test_the_numbers_follow_what_happened(client: TestClient, sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        a_site(conn, publish__unproven="score")
        held = a_comment(conn)
    post(client)
    client.post(COMMENTS, json=a_body(site="nowhere"))
    client.get(COMMENTS, params=THREAD)
    client.get("/nowhere")
    client.post(
        "/api/v1/decisions", json={"ids": [held.id], "outcome": "approve"},
        headers=a_token(sqlite, Role.MODERATOR),
    )  # fmt: skip

    numbers = client.get("/metrics").text

    for line in (
        'commentdesk_comments_total{status="published"} 1.0',
        'commentdesk_refused_total{code="unknown-site"} 1.0',
        'commentdesk_requests_total{endpoint="post_comment",status="201"} 1.0',
        'commentdesk_requests_total{endpoint="post_comment",status="404"} 1.0',
        'commentdesk_requests_total{endpoint="none",status="404"} 1.0',
        'commentdesk_request_seconds_count{endpoint="get_comments"} 1.0',
        'commentdesk_decisions_total{choice="approve"} 1.0',
        "commentdesk_redis_up 1.0",
        "commentdesk_model_usable 1.0",
        "commentdesk_writes_waiting 0.0",
        "commentdesk_oldest_transaction_seconds 0.0",
    ):
        assert f"\n{line}\n" in numbers


@pytest.mark.parametrize("sent", ["", "wrong", "the token x", "ünïcode"])
def test_the_numbers_need_their_token_where_one_is_set(
    config: Config, sqlite: Database, sent: str
) -> None:
    with an_app(config, metrics_token="the token") as client:
        refused = client.get("/metrics", headers={b"Authorization": f"Bearer {sent}".encode()})
        given = client.get("/metrics", headers=bearing("the token"))

    check_problem(refused, 401, "unauthorized")
    assert given.status_code == 200
