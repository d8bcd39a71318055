"""Five hundred slow clients beside honest ones (R16)."""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.commands.protocol import LONGEST_WAIT
from tests.faults.conftest import Note
from tests.faults.invariants import check_invariants, check_log
from tests.faults.load import Load, Log, load, prepare, read_for
from tests.faults.slow import make_long_page, slow_clients
from tests.redis_server import wait_until
from tests.serving import Service, running_service

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
SLOW = 500
WAVES = 2
SECONDS = 15.0  # that the honest ones are watched for, with and without the slow ones
SPARE = 10  # sockets of honest clients that come and go; seconds until the last one is noticed
GROWN = 40 << 20  # bytes; with a copy of its page for each reader it would be 120
LATENCY_SECONDS = 1.0  # unharmed is whoever waits less than this, or than three times as alone


def sockets_of(service: Service) -> int:
    """How many sockets the process has open."""
    found = 0
    for name in Path(f"/proc/{service.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found += os.readlink(name).startswith("socket:")
    return found


def memory_of(service: Service) -> int:
    """The bytes that the process holds."""
    pages = Path(f"/proc/{service.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Latency:
    """The 99th percentiles of writing and of reading, in seconds."""

    writing: float
    reading: float


def watch(service: Service, clients: Load) -> Latency:
    """What the honest ones find over a while."""
    before = set(clients.log.ids)
    reading = read_for(service, SECONDS)
    written = [key for key in list(clients.log.ids) if key not in before]
    slow = sorted(reading)[int(len(reading) * 0.99)]
    return Latency(clients.log.slowest_of_100(written), slow)


def test_r16_five_hundred_slow_clients_are_cut_off_and_harm_nobody(
    tmp_path: Path, note: Note
) -> None:
    log = Log()
    answers: list[bytes] = []
    with running_service(tmp_path) as service:
        token = prepare(service)
        make_long_page(service, log, token)
        with load(service, log=log, token=token) as clients:
            alone, usual, memory = watch(service, clients), sockets_of(service), memory_of(service)
            for _wave in range(WAVES):
                with slow_clients(service, SLOW) as slow:
                    wait_until(lambda: sockets_of(service) >= SLOW, "all of them", seconds=25)
                    beside = watch(service, clients)
                    assert sockets_of(service) >= SLOW  # they were there all the while
                    grown = memory_of(service) - memory
                    wait_until(
                        lambda: sockets_of(service) <= usual + SPARE, "all to be cut off",
                        seconds=LONGEST_WAIT + SPARE,
                    )  # fmt: skip
                answers += slow.answers
                assert grown < GROWN
                assert beside.writing < max(LATENCY_SECONDS, 3 * alone.writing)
                assert beside.reading < max(LATENCY_SECONDS, 3 * alone.reading)
        assert log.unsure == []
        kept = check_invariants(service, log, token)
        check_log(service)
    assert set(answers) == {b"HTTP/1.1 408 Request Timeout"}  # or the connection just ended
    figures = f"POST p99 {alone.writing * 1000:.0f}, beside them {beside.writing * 1000:.0f} ms"
    note(f"R16 500 slow; {figures}", rounds=WAVES, accepted=len(log.ids), stored=kept)
