"""SQLite locked by another program (R6), and a hundred who write at once (R7)."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import Note
from tests.faults.invariants import check_invariants, check_log
from tests.faults.load import Log, load, prepare, read_for, retry
from tests.serving import running_service

pytestmark = pytest.mark.slow
MODES = pytest.mark.parametrize(
    "options", [[], ["--workers", "2"]], ids=["one process", "two workers"]
)
READING_SECONDS = 0.1  # promised for health and cached reads


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Another program holds the one lock for writing."""
    path = data_dir / "comments.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        yield
        conn.execute("ROLLBACK")


@MODES
@pytest.mark.parametrize(("seconds", "fails"), [(1, False), (12, True)], ids=["1 s", "12 s"])
def test_r6_a_foreign_lock_is_waited_for_and_a_long_one_is_503(
    tmp_path: Path, options: list[str], seconds: int, fails: bool, note: Note
) -> None:
    log = Log()
    with running_service(tmp_path, *options) as service:
        token = prepare(service)
        with load(service, log=log, token=token) as clients:
            clients.await_receipts(50)
            with locked(tmp_path):
                took = read_for(service, seconds)
            clients.await_receipts(50)
        assert bool(log.keys(within=range(503, 504))) == fails
        assert log.unanswered == []
        retry(service, log, log.unsure)
        kept = check_invariants(service, log, token)
        check_log(service)
    took.sort()
    slow = took[int(len(took) * 0.99)]
    mode = "two workers" if options else "one process"
    note(
        f"R6 locked for {seconds} s, {mode}; reads p99 {slow * 1000:.0f} ms",
        rounds=1, accepted=len(log.ids), stored=kept,
    )  # fmt: skip
    assert slow < READING_SECONDS


@MODES
def test_r7_a_hundred_write_at_once_beside_another_program(
    tmp_path: Path, options: list[str], note: Note
) -> None:
    log = Log()
    with running_service(tmp_path, *options) as service:
        token = prepare(service)
        with load(service, log=log, token=token, clients=100) as clients:
            for _round in range(20):  # each lock hits transactions at their begin
                clients.await_receipts(30)
                with locked(tmp_path):
                    threading.Event().wait(0.05)
        assert log.unsure == []
        kept = check_invariants(service, log, token)
        check_log(service)
    mode = "two workers" if options else "one process"
    note(f"R7 a hundred writers, {mode}", rounds=20, accepted=len(log.ids), stored=kept)
