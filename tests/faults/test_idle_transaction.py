"""A long idle transaction on PostgreSQL while the queue churns (R9)."""

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.factories import SECRET
from tests.faults.conftest import Note
from tests.faults.load import prepare
from tests.postgresql_server import PostgresqlServer, running_postgresql_server
from tests.redis_server import wait_until
from tests.serving import Service, running_service
from tests.web.asking import COMMENTS, a_body, bearing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
JOBS = 50 * 3600  # an hour of 50 a second, as fast as it goes
AT_ONCE = 1000
LOOKS = 10  # at the service's own latency, over the hour
BACKLOG = 2000  # comments that wait all the while
LATENCY_SECONDS = 2.0  # for 99 of 100, after the hour
ARRIVE = """
    INSERT INTO comment
    SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
            || substr(md5(random()::text), 1, 3) || '8' || lpad(to_hex(n), 15, '0'))::uuid,
        site_id, thread_id, parent_id, name, 'reader' || n || '@example.org', website, comment,
        html, renderer, lang, 'held', 'hold', reasons, score, band, model, terms, cluster, address,
        created_at, edited_at, 1, NULL, NULL, NULL
    FROM (SELECT * FROM comment ORDER BY id LIMIT 1) AS pattern, generate_series(1, %s) AS n"""
CLAIM = """
    UPDATE comment SET claimed_by = 'worker', claimed_until = 1 WHERE id = ANY(ARRAY(
        SELECT id FROM comment WHERE status = 'held' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
    ))"""
DECIDE = """
    UPDATE comment SET status = 'rejected', version = 2, claimed_by = NULL, claimed_until = NULL
    WHERE claimed_by = 'worker' AND status = 'held'"""


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    """One that cleans up as soon as it may."""
    with running_postgresql_server(
        autovacuum_naptime="1s",
        autovacuum_vacuum_cost_delay="0",
        autovacuum_vacuum_threshold="1000",
    ) as server:
        yield server


@contextmanager
def idle_transaction(url: str) -> Iterator[None]:
    """Somebody looks at the comments once, and forgets to end the transaction."""
    with closing(psycopg.connect(url)) as conn:
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        conn.execute("SELECT count(*) FROM comment")
        yield


def churn(url: str, jobs: int) -> None:
    """So many comments arrive, are claimed and are decided."""
    with psycopg.connect(url, autocommit=True) as conn:
        for _ in range(jobs // AT_ONCE):
            conn.execute(ARRIVE, [AT_ONCE])
            conn.execute(CLAIM, [AT_ONCE])
            conn.execute(DECIDE)


@dataclass
class Moderator:
    """Works on the queue through the service, and looks at the clock."""

    service: Service
    token: str
    seconds: list[float] = field(default_factory=list)

    def work(self, rounds: int) -> None:
        """Each time a comment comes in, the queue is looked at, ten are claimed and decided."""
        with httpx2.Client(
            base_url=self.service.url, timeout=60, headers=bearing(self.token)
        ) as client:
            for _ in range(rounds):
                number = len(self.seconds)
                fields = a_body(comment=f"Remark {number} on the barley.", name=f"Client {number}")
                self._time(client, "POST", COMMENTS, fields)
                self._time(client, "GET", "/api/v1/queue?limit=50")
                claimed = self._time(client, "POST", "/api/v1/queue/claim", {"limit": 10})
                ids = [item["id"] for item in claimed.json()["items"]]
                assert len(ids) == 10
                decision = {"ids": ids, "outcome": "reject", "reason": "spam"}
                self._time(client, "POST", "/api/v1/decisions", decision)

    def _time(
        self, client: httpx2.Client, method: str, path: str, fields: object = None
    ) -> httpx2.Response:
        began = time.monotonic()
        answer = client.request(method, path, json=fields)
        self.seconds.append(time.monotonic() - began)
        assert answer.status_code in (200, 201), answer.text
        return answer


def slowest_of_100(seconds: list[float]) -> float:
    """The 99th percentile."""
    return sorted(seconds)[int(len(seconds) * 0.99)]


def oldest_transaction(service: Service) -> float:
    """What the service tells Prometheus."""
    numbers = httpx2.get(f"{service.url}/metrics", timeout=30).text
    found = re.search(r"^commentdesk_oldest_transaction_seconds (\S+)$", numbers, re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_r9_a_forgotten_transaction_is_told_of_and_the_queue_stays_quick(
    tmp_path: Path, server: PostgresqlServer, note: Note
) -> None:
    settings = {"DATABASE_URL": server.url, "COMMENT_DESK_SECRET": SECRET.decode()}
    with running_service(tmp_path, **settings) as service:
        moderator = Moderator(service, prepare(service))
        assert httpx2.post(f"{service.url}{COMMENTS}", json=a_body()).status_code == 201
        with psycopg.connect(server.url, autocommit=True) as conn:
            conn.execute(ARRIVE, [BACKLOG])
            conn.execute("VACUUM ANALYZE")
        moderator.work(10)
        assert oldest_transaction(service) < 1
        began, done = time.monotonic(), len(moderator.seconds)
        with idle_transaction(server.url):
            for _ in range(LOOKS):
                churn(server.url, JOBS // LOOKS)
                moderator.work(5)
            passed = time.monotonic() - began
            assert passed - 1 < oldest_transaction(service) < passed + 1  # the alarm is on
        slow = slowest_of_100(moderator.seconds[done:])
        wait_until(lambda: oldest_transaction(service) < 1, "the alarm to end")
        done = len(moderator.seconds)
        moderator.work(10)
        after = slowest_of_100(moderator.seconds[done:])
        with psycopg.connect(server.url) as conn:
            stored = int((conn.execute("SELECT count(*) FROM comment").fetchone() or [0])[0])
        comments = 1 + BACKLOG + JOBS + len(moderator.seconds) // 4
        assert stored == comments
    note(
        f"R9 idle transaction; p99 {slow * 1000:.0f} ms, afterwards {after * 1000:.0f} ms",
        rounds=LOOKS, accepted=comments, stored=stored,
    )  # fmt: skip
    assert slow < LATENCY_SECONDS
