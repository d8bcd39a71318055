"""kill -9 of the service under load, then the log of its clients against what is stored (R1)."""

import os
import random
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.conftest import Note, Progress
from tests.faults.invariants import await_all_parts, check_invariants, check_log
from tests.faults.load import Log, load, prepare, retry
from tests.redis_server import wait_until
from tests.serving import Service, children_of, is_running, running_service

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "50"))
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
RESTART_SECONDS = 5.0  # promised
MODES = pytest.mark.parametrize(
    "options", [[], ["--workers", "2"]], ids=["one process", "two workers"]
)


def load_and_kill(service: Service, log: Log, token: str, dice: random.Random) -> None:
    """Load the service, kill it at a random instant, and wait until it is gone."""
    with load(service, log=log, token=token) as clients:
        clients.await_receipts(dice.randint(5, 150))
        service.kill_all() if service.options else service.kill()
    wait_until(lambda: not service.accepts(), "the port to be free")


def restart(service: Service) -> float:
    """Start it again; returns the seconds until it is ready."""
    began = time.monotonic()
    service.start()
    return time.monotonic() - began


@LINUX
def test_nothing_answered_is_lost_and_nothing_is_there_twice_after_a_kill(tmp_path: Path) -> None:
    dice, log = random.Random(1), Log()
    with running_service(tmp_path) as service:
        token = prepare(service)
        for _round in range(2):
            load_and_kill(service, log, token, dice)
            assert restart(service) < 2 * RESTART_SECONDS  # other tests run beside
            check_invariants(service, log, token)

        assert log.unanswered  # at least one was under way
        retry(service, log, log.unanswered)
        check_invariants(service, log, token)


@pytest.mark.slow
@LINUX
@pytest.mark.timeout(60 + 30 * ROUNDS)
@MODES
def test_r1_nothing_is_lost_or_doubled_in_many_kills(
    tmp_path: Path, options: list[str], note: Note, progress: Progress
) -> None:
    rounds = ROUNDS if not options else max(1, ROUNDS // 5)
    dice, log, slowest, kept = random.Random(), Log(), 0.0, 0
    with running_service(tmp_path, *options) as service:
        token = prepare(service)
        for number in range(rounds):
            load_and_kill(service, log, token, dice)
            slowest = max(slowest, restart(service))
            if dice.random() < 0.5:  # the other keys stay open, over several kills
                retry(service, log, log.unanswered[:20])
            if number % 10 == 9 or number == rounds - 1:
                kept = check_invariants(service, log, token)
                progress(f"{number + 1} of {rounds} kills: {len(log.ids)} accepted, {kept} stored")
    mode = "two workers" if options else "one process"
    note(
        f"R1 kill -9, {mode}, slowest restart {slowest:.1f} s",
        rounds=rounds, accepted=len(log.ids), stored=kept,
    )  # fmt: skip
    assert slowest < RESTART_SECONDS


@pytest.mark.slow
@LINUX
def test_r1_a_killed_worker_is_replaced_and_the_other_goes_on(tmp_path: Path, note: Note) -> None:
    log, rounds = Log(), 5
    with running_service(tmp_path, "--workers", "2") as service:
        token = prepare(service)
        with load(service, log=log, token=token) as clients:
            for _round in range(rounds):
                clients.await_receipts(30)
                workers = [pid for pid in children_of(service.process.pid) if is_worker(pid)]
                os.kill(random.choice(workers), 9)
                clients.await_receipts(30)
                wait_until(lambda: workers_of(service) == 2, "a new worker")
        retry(service, log, log.unanswered)
        kept = check_invariants(service, log, token)
        check_log(service)
    note("R1 kill -9 of one worker of two", rounds=rounds, accepted=len(log.ids), stored=kept)


def is_worker(process_id: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        command = Path(f"/proc/{process_id}/cmdline").read_bytes()
        return is_running(process_id) and b"spawn_main" in command
    return False  # it has just ended


def workers_of(service: Service) -> int:
    return sum(is_worker(pid) for pid in children_of(service.process.pid))


@pytest.mark.slow
@LINUX
def test_r10_a_killed_embedded_valkey_is_started_again(tmp_path: Path, note: Note) -> None:
    log, rounds = Log(), 4
    with running_service(tmp_path) as service:
        token = prepare(service)
        with load(service, log=log, token=token) as clients:
            for _round in range(rounds):
                clients.await_receipts(30)
                (valkey,) = children_of(service.process.pid)
                os.kill(valkey, 9)
                clients.await_receipts(30)
                await_all_parts(service)
        assert log.unsure == []
        kept = check_invariants(service, log, token)
        check_log(service)
        assert service.logged.count("the embedded Valkey died") == rounds
    note("R10 kill -9 of the embedded Valkey", rounds=rounds, accepted=len(log.ids), stored=kept)
