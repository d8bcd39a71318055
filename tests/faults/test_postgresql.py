"""PostgreSQL killed, restarted, or ending its connections under load (R1, R8)."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.factories import SECRET
from tests.faults.conftest import Note
from tests.faults.invariants import await_all_parts, check_invariants, check_log
from tests.faults.load import Log, load, prepare, retry
from tests.postgresql_server import PostgresqlServer, running_postgresql_server
from tests.redis_server import wait_until
from tests.serving import Service, running_service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROUNDS = 8
RECOVERY_SECONDS = 10.0  # promised


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    """One that keeps what it has answered for, unlike the hasty one of the other tests."""
    with running_postgresql_server(synchronous_commit="on", full_page_writes="on") as server:
        yield server


def settings(server: PostgresqlServer) -> dict[str, str]:
    return {"DATABASE_URL": server.url, "COMMENT_DESK_SECRET": SECRET.decode()}


def backends(conn: "psycopg.Connection[tuple[int]]") -> list[int]:
    """The process ids of everybody else's connections."""
    found = conn.execute(
        "SELECT pid FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    return [row[0] for row in found]


def restart(server: PostgresqlServer) -> None:
    server.kill()
    server.start()


def end_connections(server: PostgresqlServer) -> None:
    with psycopg.connect(server.url, autocommit=True) as conn:
        for process_id in backends(conn):
            conn.execute("SELECT pg_terminate_backend(%s)", [process_id])


def kill_backend(server: PostgresqlServer) -> None:
    """One connection's process dies as by the kernel's hand: the server restarts all of itself."""
    with psycopg.connect(server.url, autocommit=True) as conn:
        process_id = random.choice(backends(conn))
    os.kill(process_id, signal.SIGKILL)


FAULTS = [
    pytest.param(restart, id="R8 kill -9 of PostgreSQL, started again"),
    pytest.param(end_connections, id="R8 PostgreSQL ends all connections"),
    pytest.param(kill_backend, id="R8 kill -9 of one PostgreSQL backend"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_r8_the_service_recovers_alone(
    tmp_path: Path,
    server: PostgresqlServer,
    fault: Callable[[PostgresqlServer], None],
    request: pytest.FixtureRequest,
    note: Note,
) -> None:
    log, slowest = Log(), 0.0
    with running_service(tmp_path, **settings(server)) as service:
        token = prepare(service)
        with load(service, log=log, token=token) as clients:
            for _round in range(ROUNDS):
                clients.await_receipts(random.randint(10, 60))
                fault(server)
                began = time.monotonic()
                clients.await_receipts(10)
                slowest = max(slowest, time.monotonic() - began)
        await_all_parts(service)
        assert log.unanswered == []
        check_invariants(service, log, token, failures=True)
        retry(service, log, log.unsure)
        kept = check_invariants(service, log, token)
        check_log(service)
    name = request.node.callspec.id
    note(f"{name}: {slowest:.1f} s", rounds=ROUNDS, accepted=len(log.ids), stored=kept)
    assert slowest < RECOVERY_SECONDS


def test_r8_without_postgresql_everything_is_503_until_it_is_back(
    tmp_path: Path, server: PostgresqlServer, note: Note
) -> None:
    log = Log()
    with running_service(tmp_path, **settings(server)) as service:
        token = prepare(service)
        with load(service, log=log, token=token) as clients:
            clients.await_receipts(50)
            server.kill()
            clients.await_status(503, 50)
            server.start()
            clients.await_receipts(50)
        retry(service, log, log.unsure)
        kept = check_invariants(service, log, token)
        check_log(service)
    note("R8 PostgreSQL away for a while", rounds=1, accepted=len(log.ids), stored=kept)


def test_r1_kills_of_the_service_on_postgresql(
    tmp_path: Path, server: PostgresqlServer, note: Note
) -> None:
    log, kept = Log(), 0
    with running_service(tmp_path, **settings(server)) as service:
        token = prepare(service)
        for _round in range(ROUNDS):
            with load(service, log=log, token=token) as clients:
                clients.await_receipts(random.randint(5, 100))
                service.kill()
            wait_until(lambda: not service.accepts(), "the port to be free")
            service.start()
            retry(service, log, log.unanswered[:20])
            kept = check_invariants(service, log, token)
    note("R1 kill -9, on PostgreSQL", rounds=ROUNDS, accepted=len(log.ids), stored=kept)


def test_r26_a_rolling_restart_fails_nobody_behind_a_proxy_that_tries_again(
    tmp_path: Path, server: PostgresqlServer, note: Note
) -> None:
    log, rounds = Log(), 3
    places = [tmp_path / name for name in ("one", "two")]
    for place in places:
        place.mkdir()
    with (
        running_service(places[0], **settings(server)) as one,
        running_service(places[1], **settings(server)) as two,
    ):
        token = prepare(one)
        with load(one, two, log=log, token=token, tries=6) as clients:
            for _round in range(rounds):
                for service in (one, two):
                    clients.await_receipts(40)
                    assert service.stop() == 0
                    clients.await_receipts(20)
                    service.start()
        assert log.unsure == []
        kept = check_all(one, two, log, token)
    note("R26 rolling restart of two replicas", rounds=rounds, accepted=len(log.ids), stored=kept)


def check_all(one: Service, two: Service, log: Log, token: str) -> int:
    check_log(one)
    check_log(two)
    assert check_invariants(one, log, token) == check_invariants(two, log, token)
    return check_invariants(two, log, token)
