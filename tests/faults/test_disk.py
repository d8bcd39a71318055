"""A disk that is full or fails while the service writes: database, WAL and log are on it (R4)."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.faults.conftest import Note
from tests.faults.invariants import check_integrity, check_invariants, check_log
from tests.faults.load import Load, Log, load, prepare, retry
from tests.serving import Service, running_service
from tests.web.asking import COMMENTS, THREAD, a_body

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="tmpfs and prlimit are Linux's"),
]
ROUNDS = 5
SIZE = 64 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB of its own; needs to be root."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("may not mount a file system")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> None:
    """Leave not one free block."""
    descriptor = os.open(place / "filler", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for size in (1 << 20, 4096, 1):
        try:
            while os.write(descriptor, bytes(size)):
                pass
        except OSError:
            continue
    os.close(descriptor)


def empty(place: Path) -> None:
    (place / "filler").unlink(missing_ok=True)


def check_reading(service: Service) -> None:
    """What is there is shown, and the service says that it lives."""
    for url, query in ((COMMENTS, THREAD), ("/threads", THREAD), ("/livez", {}), ("/readyz", {})):
        answer = httpx2.get(f"{service.url}{url}", params=query, timeout=30)
        assert answer.status_code == 200, answer.text


def check_refusal(service: Service) -> None:
    answer = httpx2.post(f"{service.url}{COMMENTS}", json=a_body(name="Late"), timeout=30)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["code"] == "unavailable"


def break_and_mend(
    service: Service, clients: Load, breaks: Callable[[], None], mends: Callable[[], None]
) -> None:
    """Under load: refused while it is broken, taken in again at once when it is mended."""
    clients.await_receipts(50)
    breaks()
    try:
        clients.await_status(503, 20)
        check_reading(service)
        check_refusal(service)
    finally:
        mends()
    clients.await_receipts(50)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["one process", "two workers"])
def test_r4_a_full_disk_is_503_and_got_over_without_a_restart(
    small_disk: Path, options: list[str], note: Note
) -> None:
    log = Log()
    with running_service(small_disk, *options) as service:
        token = prepare(service)
        with load(service, log=log, token=token) as clients:
            for _round in range(ROUNDS):
                break_and_mend(
                    service, clients, lambda: fill(small_disk), lambda: empty(small_disk)
                )
                check_integrity(small_disk)
        assert log.unanswered == []
        check_invariants(service, log, token, failures=True)
        retry(service, log, log.unsure[:50])
        kept = check_invariants(service, log, token, failures=True)
        check_log(service)
    mode = "two workers" if options else "one process"
    note(f"R4 disk full, {mode}", rounds=ROUNDS, accepted=len(log.ids), stored=kept)


@pytest.mark.timeout(300)
def test_r4_a_kill_while_the_disk_is_full_loses_nothing(small_disk: Path, note: Note) -> None:
    log, kept = Log(), 0
    with running_service(small_disk) as service:
        token = prepare(service)
        for _round in range(ROUNDS):
            with load(service, log=log, token=token) as clients:
                clients.await_receipts(50)
                fill(small_disk)
                clients.await_status(503, 20)
                service.kill_all()
            empty(small_disk)
            service.start()
            kept = check_invariants(service, log, token, failures=True)
        check_log(service)
    note("R4 kill -9 while the disk is full", rounds=ROUNDS, accepted=len(log.ids), stored=kept)


@pytest.mark.timeout(300)
def test_r4_a_disk_that_fails_to_write_is_503_and_got_over(tmp_path: Path, note: Note) -> None:
    log = Log()
    with running_service(tmp_path) as service:
        token = prepare(service)
        limit = service.process.pid, resource.RLIMIT_FSIZE
        _, hard = resource.prlimit(*limit)

        def break_it() -> None:  # past this size each write to a file fails with EFBIG
            resource.prlimit(*limit, (4096, hard))

        def mend() -> None:
            resource.prlimit(*limit, (hard, hard))

        with load(service, log=log, token=token) as clients:
            for _round in range(ROUNDS):
                break_and_mend(service, clients, break_it, mend)
                check_integrity(tmp_path)
        assert log.unanswered == []
        kept = check_invariants(service, log, token, failures=True)
        check_log(service)
    note("R4 each write fails", rounds=ROUNDS, accepted=len(log.ids), stored=kept)
