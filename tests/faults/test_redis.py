"""Redis away, hanging, slow, full or emptied under load (R10 to R13)."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, func, select

from service.store.database import sqlite_url
from service.store.schema import comment
from tests.faults.conftest import Note
from tests.faults.invariants import await_all_parts, check_invariants, check_log
from tests.faults.load import Load, Log, load, prepare
from tests.redis_server import RedisServer, running_server
from tests.serving import Service, running_service

pytestmark = pytest.mark.slow
ROUNDS = 4
SLOW_SECONDS = 2.0
ANSWER_SECONDS = 1.0  # promised for 99 of 100 answers


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of its own, to be broken."""
    place = tmp_path / "redis"
    place.mkdir()
    with running_server(place) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The data directory."""
    (tmp_path / "desk").mkdir()
    return tmp_path / "desk"


def held_unlimited(service: Service) -> int:
    """How many stored comments say that limits could not count."""
    engine = create_engine(sqlite_url(service.data_dir))
    with engine.connect() as conn:
        found = conn.scalar(
            select(func.count())
            .select_from(comment)
            .where(comment.c.reasons.contains("limits-degraded"), comment.c.verdict == "hold")
        )
    engine.dispose()
    return found or 0


def parts_of(service: Service) -> tuple[str, str]:
    """What /readyz says: as a whole, and of Redis."""
    answer = httpx2.get(f"{service.url}/readyz", timeout=30)
    assert answer.status_code == 200
    return answer.json()["status"], answer.json()["parts"]["redis"]["status"]


def hang(redis: RedisServer) -> None:
    redis.pause()


def be_slow(redis: RedisServer) -> None:
    """It answers nobody for two seconds, then everybody."""
    threading.Thread(target=redis.command, args=("DEBUG", "SLEEP", SLOW_SECONDS)).start()


def wait_for_slowness(redis: RedisServer) -> None:
    redis.command("PING")  # answered once it sleeps no more


def fill(redis: RedisServer) -> None:
    redis.command("CONFIG", "SET", "maxmemory", 1)


def have_room(redis: RedisServer) -> None:
    redis.command("CONFIG", "SET", "maxmemory", 0)


FAULTS = [
    pytest.param(RedisServer.stop, RedisServer.start, id="R10 kill -9 of Redis, down then up"),
    pytest.param(hang, RedisServer.resume, id="R11 Redis hangs"),
    pytest.param(fill, have_room, id="R12 Redis out of memory"),
]


def break_and_mend(
    service: Service, clients: Load, breaks: Callable[[], None], mends: Callable[[], None]
) -> None:
    """Comments are taken in all the while, and those that nobody counted are held."""
    clients.await_receipts(30)
    breaks()
    try:
        before = held_unlimited(service)
        clients.await_receipts(60)
        assert held_unlimited(service) > before
        assert parts_of(service) == ("degraded", "down")
    finally:
        mends()
    await_all_parts(service)
    counted = held_unlimited(service)
    clients.await_receipts(60)
    assert held_unlimited(service) == counted  # as before the fault


@pytest.mark.parametrize(("breaks", "mends"), FAULTS)
def test_r10_to_r12_comments_are_taken_in_and_held_while_redis_fails(
    place: Path,
    redis: RedisServer,
    breaks: Callable[[RedisServer], None],
    mends: Callable[[RedisServer], None],
    request: pytest.FixtureRequest,
    note: Note,
) -> None:
    log = Log()
    with running_service(place, REDIS_URL=redis.url) as service:
        token = prepare(service)
        with load(service, log=log, token=token) as clients:
            for _round in range(ROUNDS):
                break_and_mend(service, clients, lambda: breaks(redis), lambda: mends(redis))
        assert log.unsure == []
        kept = check_invariants(service, log, token)
        check_log(service)
        slow = log.slowest_of_100(list(log.ids))
    name = f"{request.node.callspec.id}; POST p99 {slow * 1000:.0f} ms"
    note(name, rounds=ROUNDS, accepted=len(log.ids), stored=kept)
    assert slow < ANSWER_SECONDS


def test_r11_a_redis_that_is_slow_makes_nobody_wait(place: Path, note: Note) -> None:
    log = Log()
    (place / "redis").mkdir()
    with (
        running_server(place / "redis", "--enable-debug-command", "local") as redis,
        running_service(place, REDIS_URL=redis.url) as service,
    ):
        token = prepare(service)
        with load(service, log=log, token=token) as clients:
            for _round in range(ROUNDS):
                clients.await_receipts(30)
                be_slow(redis)
                wait_for_slowness(redis)
                await_all_parts(service)
        assert log.unsure == []
        kept = check_invariants(service, log, token)
        check_log(service)
        slow = log.slowest_of_100(list(log.ids))
        assert held_unlimited(service) > 0
    name = f"R11 Redis slow by {SLOW_SECONDS:.0f} s; POST p99 {slow * 1000:.0f} ms"
    note(name, rounds=ROUNDS, accepted=len(log.ids), stored=kept)
    assert slow < ANSWER_SECONDS


def test_r10_a_redis_that_is_down_at_the_start_is_found_when_it_comes(
    place: Path, redis: RedisServer, note: Note
) -> None:
    log = Log()
    redis.stop()
    with running_service(place, REDIS_URL=redis.url) as service:
        assert parts_of(service) == ("degraded", "down")
        token = prepare(service)
        with load(service, log=log, token=token) as clients:
            clients.await_receipts(50)
            assert held_unlimited(service) >= 50
            redis.start()
            await_all_parts(service)
            clients.await_receipts(50)
        assert log.unsure == []
        kept = check_invariants(service, log, token)
        check_log(service)
    note("R10 Redis down at the start", rounds=1, accepted=len(log.ids), stored=kept)


def test_r12_r13_a_redis_that_forgets_everything_loses_no_comment(
    place: Path, redis: RedisServer, note: Note
) -> None:
    log = Log()
    with running_service(place, REDIS_URL=redis.url) as service:
        token = prepare(service)
        with load(service, log=log, token=token) as clients:
            for _round in range(ROUNDS * 5):
                clients.await_receipts(10)
                redis.command("FLUSHALL")
                redis.command("SCRIPT", "FLUSH")
        assert log.unsure == []
        assert held_unlimited(service) == 0
        kept = check_invariants(service, log, token)
        check_log(service)
    note("R12 R13 Redis flushed", rounds=ROUNDS * 5, accepted=len(log.ids), stored=kept)
