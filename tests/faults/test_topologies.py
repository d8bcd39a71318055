"""Redis Cluster and Sentinel with real nodes that die, hang and change places under load.

Two workers on one database; comments are taken in all the while, and once a replica has taken a
primary's place the limits count again by themselves.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, func, select

from service.store import schema
from service.store.database import sqlite_url
from tests.faults.conftest import Note
from tests.faults.invariants import await_all_parts, check_invariants, check_log
from tests.faults.load import LIMITS_OFF, Load, Log, load, prepare
from tests.redis_cluster import Cluster, Node, running_cluster
from tests.redis_sentinel import Watched, running_watched
from tests.redis_server import RedisServer, wait_until
from tests.serving import Service, running_service
from tests.web.asking import COMMENTS, a_body

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SITE = "news"  # the load's
DELAYED = 0.1  # the part of the comments that may find Redis slow where nothing is broken
COUNTING_AGAIN = 10.0  # seconds after a failover, at most, until limits count in every process
ANSWER_SECONDS = 3.0  # for 99 of 100 answers, beside nine servers and the load on two cores


@dataclass
class Scene:
    """A service of two workers under load, and what is stored of it."""

    service: Service
    clients: Load
    log: Log
    stored: int = 0

    def tell(self, note: Note, name: str) -> None:
        """Enter it in the table, with the time of 99 of 100 answers, which is short."""
        slow = self.log.slowest_of_100(list(self.log.ids))
        note(f"{name}; p99 {slow * 1000:.0f} ms", rounds=1, accepted=len(self.log.ids),
             stored=self.stored)  # fmt: skip
        assert slow < ANSWER_SECONDS

    def degraded(self, site: str = SITE) -> tuple[int, float]:
        """How many comments say that limits could not count, and when the last one came."""
        rows = (
            select(func.count(), func.max(schema.comment.c.created_at))
            .select_from(schema.comment.join(schema.site))
            .where(
                schema.site.c.key == site,
                schema.comment.c.reasons.contains("limits-degraded"),
                schema.comment.c.verdict == "hold",
            )
        )
        engine = create_engine(sqlite_url(self.service.data_dir))
        with engine.connect() as conn:
            number, last = conn.execute(rows).one()
        engine.dispose()
        assert isinstance(number, int)
        return number, last.timestamp() if isinstance(last, datetime) else 0.0

    def mark(self) -> tuple[int, int]:
        """How many comments are held as degraded, and how many were taken in at all."""
        return self.degraded()[0], len(self.log.ids)

    def check_counted(self, mark: tuple[int, int]) -> None:
        """Since then limits counted, but for calls that a busy machine delays by itself."""
        held, taken = (now - then for now, then in zip(self.mark(), mark, strict=True))
        assert held <= taken * DELAYED

    def await_degraded(self) -> None:
        """Return once comments are taken in and held."""
        before, _ = self.degraded()
        wait_until(lambda: self.degraded()[0] > before, "comments held as degraded")
        self.clients.await_receipts(30)

    def await_counting(self, failover: float) -> None:
        """Return once limits count again, which they do shortly after a failover at that time."""
        last = -1

        def counts_again() -> bool:
            nonlocal last
            before, last = last, self.degraded()[0]
            self.clients.await_receipts(60)
            return before == last == self.degraded()[0]

        wait_until(counts_again, "limits to count again", seconds=COUNTING_AGAIN * 2)
        assert self.degraded()[1] - failover <= COUNTING_AGAIN

    def held_for(self, since: float) -> float:
        """How many seconds after `since` the last uncounted comment came."""
        return max(0.0, self.degraded()[1] - since)

    def admitted(self, site: str, attempts: int) -> int:
        """How many of so many comments the site's limit lets in."""
        statuses = [self._post(site, f"{site}-{number}") for number in range(attempts)]
        assert set(statuses) <= {201, 429}
        return statuses.count(201)

    def _post(self, site: str, key: str) -> int:
        key = f"{key}-{len(self.log.answers)}"
        body = a_body(site=site, comment=f"Remark {key} on the oats.")
        self.log.answers[key] = 0
        began = time.monotonic()
        answer = httpx2.post(f"{self.service.url}{COMMENTS}", json=body, timeout=30)
        self.log.note(key, answer, began)
        return answer.status_code


@contextmanager
def scene(place: Path, url: str, *sites: str) -> Iterator[Scene]:
    """The load on a service, and afterwards the invariants."""
    log = Log()
    (place / "desk").mkdir()
    with running_service(place / "desk", "--workers", "2", REDIS_URL=url) as service:
        token = prepare(service)
        for site in sites:
            service.desk("site", "add", site, "--origin", "https://news.example")
            service.desk("site", "set", site, *LIMITS_OFF, "limit.site=5/hour")
        await_all_parts(service)
        with load(service, log=log, token=token) as clients:
            clients.await_receipts(60)
            found = Scene(service, clients, log)
            found.check_counted((0, 0))
            yield found
        assert log.unsure == []
        found.stored = check_invariants(service, log, token)
        check_log(service)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_cluster(tmp_path, "--cluster-require-full-coverage", "no") as cluster:
        yield cluster


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with running_watched(tmp_path) as watched:
        yield watched


@pytest.fixture(params=["cluster", "watched"])
def topology(request: pytest.FixtureRequest) -> Cluster | Watched:
    found: Cluster | Watched = request.getfixturevalue(request.param)
    return found


BREAKS = [
    pytest.param(RedisServer.stop, RedisServer.start, id="kill -9"),
    pytest.param(RedisServer.pause, RedisServer.resume, id="hangs"),
]
Act = Callable[[RedisServer], None]


@pytest.mark.parametrize(("breaks", "mends"), BREAKS)
def test_r10_r13_limits_count_again_after_a_failover(
    tmp_path: Path, topology: Cluster | Watched, breaks: Act, mends: Act, note: Note,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    beside = topology.tag_beside(SITE)
    with scene(tmp_path, topology.url, beside) as running:
        primary, broken = topology.holder(SITE), time.time()
        breaks(primary.server)
        try:
            running.await_degraded()
            topology.await_failover(primary, SITE)
            running.await_counting(time.time())
        finally:
            mends(primary.server)
        held = running.held_for(broken)
        topology.await_health()
        mark = running.mark()
        running.clients.await_receipts(60)
        running.check_counted(mark)  # nor does the return of the old primary matter
        await_all_parts(running.service)
        assert running.admitted(beside, 12) == 5
    running.tell(note, f"R10 R13 {request.node.callspec.id}; held for {held:.1f} s")


def test_r13_a_primary_that_becomes_a_replica_is_left_for_the_new_one(
    tmp_path: Path, topology: Cluster | Watched, note: Note, request: pytest.FixtureRequest
) -> None:
    held = 0.0
    with scene(tmp_path, topology.url, topology.tag_beside(SITE)) as running:
        mark = running.mark()
        for _round in range(2):
            began = time.time()
            topology.hand_over(SITE)
            running.await_counting(time.time())
            held = max(held, running.held_for(began))
            topology.await_health()
        if isinstance(topology, Cluster):  # where each call is told where to go
            running.check_counted(mark)
        assert running.admitted(topology.tag_beside(SITE), 12) == 5
    name = f"R13 handover, {request.node.callspec.id}; held for {held:.1f} s"
    running.tell(note, name)


@pytest.mark.parametrize(("breaks", "mends"), BREAKS)
def test_r10_a_shard_that_is_down_for_good_is_felt_by_its_own_sites_alone(
    tmp_path: Path, cluster: Cluster, breaks: Act, mends: Act, note: Note,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    elsewhere = cluster.tag_elsewhere(SITE)
    shard = [cluster.holder(elsewhere), cluster.replica_of(cluster.holder(elsewhere))]
    with scene(tmp_path, cluster.url, elsewhere) as running:
        mark, warned = running.mark(), running.service.logged.count("limits-degraded")
        for node in shard:
            breaks(node.server)
        for _round in range(20):
            running.admitted(elsewhere, 3)
            running.clients.await_receipts(20)
        assert running.degraded(elsewhere)[0] >= 5
        running.check_counted(mark)
        told = running.service.logged.count("limits-degraded") - warned
        assert told <= 2  # once in each worker
        for node in shard:
            mends(node.server)
        cluster.await_health()
        await_all_parts(running.service)
        running.clients.await_receipts(60)
        running.check_counted(mark)
    running.tell(note, f"R10 another shard {request.node.callspec.id}, for good")


@pytest.mark.parametrize(
    "move",
    [
        pytest.param(Cluster.move_slot, id="key by key"),
        pytest.param(Cluster.move_slot_whole, id="whole"),
    ],
)
def test_r13_a_slot_that_moves_under_load_fails_nobody(
    tmp_path: Path, cluster: Cluster, note: Note, request: pytest.FixtureRequest,
    move: Callable[[Cluster, str, Node, Callable[[], None]], None],
) -> None:  # fmt: skip
    with scene(tmp_path, cluster.url) as running:
        mark = running.mark()
        for _round in range(3):
            target = cluster.another_primary(SITE)
            move(cluster, SITE, target, lambda: running.clients.await_receipts(20))
            running.await_counting(time.time())
        held = running.degraded()[0]
        if move is Cluster.move_slot_whole:
            running.check_counted(mark)
    name = f"R13 a slot moves {request.node.callspec.id}, three times; {held} held"
    running.tell(note, name)


@pytest.mark.parametrize(("breaks", "mends"), BREAKS)
def test_r13_a_sentinel_that_fails_is_done_without(
    tmp_path: Path, watched: Watched, breaks: Act, mends: Act, note: Note,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    first = watched.sentinels[0]
    with scene(tmp_path, watched.url) as running:
        mark = running.mark()
        breaks(first.server)
        running.clients.await_receipts(120)
        running.check_counted(mark)
        primary, broken = watched.holder(), time.time()
        primary.server.stop()
        running.await_degraded()
        watched.await_failover(primary)
        running.await_counting(time.time())
        held = running.held_for(broken)
        primary.server.start()
        mends(first.server)
        watched.await_health()
    name = f"R13 a Sentinel {request.node.callspec.id}, then the primary; held for {held:.1f} s"
    running.tell(note, name)
