"""Four processes on one PostgreSQL and one Redis under load, while some of them are killed."""

import asyncio
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

import httpx2
import pytest
from sqlalchemy import func, select

from service.store import schema
from tests.factories import ORIGIN
from tests.faults.invariants import check_invariants, check_log
from tests.faults.load import Log, load, prepare
from tests.faults.test_kill import is_worker, workers_of
from tests.redis_server import wait_until
from tests.replicas.processes import WORKERS, Replicas
from tests.serving import Service, children_of
from tests.web.asking import COMMENTS, a_body, bearing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SECONDS = 25
LONGER = 60  # seconds beyond, at most, for a machine that is busy to see enough
ENOUGH = 10  # of whatever is compared; a machine with nothing else to do gets to hundreds
BURST, PERIOD = 30, 60  # the metered site's limit: 30 at once, then one each two seconds
QUEUE, DECISIONS = "/api/v1/queue", "/api/v1/decisions"


@dataclass
class Traffic:
    """What clients of every process do side by side, and what they were told."""

    clients: list[httpx2.AsyncClient]
    log: Log
    until: float
    repeats: dict[str, set[str]] = field(default_factory=dict)  # ids answered to each key
    claimed: dict[str, set[str]] = field(default_factory=dict)  # by moderator
    late: list[float] = field(default_factory=list)  # how old a page was when it was asked for

    @property
    def is_over(self) -> bool:
        """Whether the time has passed and enough was seen, or far more time has."""
        late = time.monotonic() - self.until
        seen = min(len(self.repeats), len(self.late))
        return late > 0 and (seen > ENOUGH or late > LONGER)

    async def post(
        self, client: httpx2.AsyncClient, key: str, site: str, *, page: str = "sustained"
    ) -> httpx2.Response | None:
        """Send the comment of this key; None when the process died over it."""
        self.log.answers.setdefault(key, 0)
        body = a_body(site=site, comment=f"Remark {key} on rye.", page_url=f"{ORIGIN}/{page}")
        began = time.monotonic()
        try:
            answer = await client.post(COMMENTS, json=body, headers={"Idempotency-Key": key})
        except httpx2.TransportError:
            return None
        self.log.note(key, answer, began)
        return answer

    async def meter(self, client: httpx2.AsyncClient, place: int) -> None:
        """Comment faster than the site lets anybody."""
        for number in count():
            if self.is_over:
                return
            await self.post(client, f"m{place}-{number}", "metered")
            await asyncio.sleep(0.1)

    async def repeat(self) -> None:
        """Send each comment by way of every process at once, and then once more."""
        for number in count():
            if self.is_over:
                return
            key = f"r{number}"
            answers = await asyncio.gather(*(self.post(c, key, "keys") for c in self.clients))
            answers.append(await self.post(random.choice(self.clients), key, "keys"))
            found = [answer for answer in answers if answer is not None]
            assert {answer.status_code for answer in found} <= {201}
            self.repeats[key] = {answer.json()["id"] for answer in found}
            await asyncio.sleep(0.1)

    async def moderate(self, client: httpx2.AsyncClient, name: str, own: dict[str, str]) -> None:
        """Claim and decide."""
        claimed = self.claimed[name] = set()
        while not self.is_over:
            try:
                answer = await client.post(f"{QUEUE}/claim", json={"limit": 4}, headers=own)
                assert answer.status_code == 200, answer.text
                versions = {item["id"]: item["version"] for item in answer.json()["items"]}
                claimed.update(versions)
                if versions:
                    seen = {"ids": list(versions), "outcome": "approve", "versions": versions}
                    answer = await client.post(DECISIONS, json=seen, headers=own)
                    # 409: one's own decision whose answer never came; 503: two processes had
                    # locked what the other one waited for, and this one gave way
                    assert answer.status_code in (200, 409, 503), answer.text
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.05)

    async def look(self, token: str) -> None:
        """Approve a comment by way of one process; see when each of the others shows it."""
        for number in count():
            if self.is_over:
                return
            decider, key, page = random.choice(self.clients), f"l{number}", f"look-{number}"
            answer = await self.post(decider, key, "looks", page=page)
            await asyncio.gather(*(self._shows(client, key, page) for client in self.clients))
            if answer is None:
                continue
            decided = {"ids": [answer.json()["id"]], "outcome": "approve"}
            try:
                made = await decider.post(DECISIONS, json=decided, headers=bearing(token))
            except httpx2.TransportError:
                continue
            assert made.status_code in (200, 503), made.text
            if made.status_code == 503:
                continue
            since = time.monotonic()
            stale = (self._stale_for(client, key, page, since) for client in self.clients)
            self.late += await asyncio.gather(*stale)

    async def _stale_for(
        self, client: httpx2.AsyncClient, key: str, page: str, since: float
    ) -> float:
        """How long after `since` a request was sent that still got the page of before; 0: none."""
        last = 0.0
        while True:
            sent = time.monotonic() - since
            if await self._shows(client, key, page) is not False:
                return last
            last = sent
            await asyncio.sleep(0.02)

    async def _shows(self, client: httpx2.AsyncClient, key: str, page: str) -> bool | None:
        query = {"site": "looks", "page_url": f"{ORIGIN}/{page}"}
        try:
            answer = await client.get(COMMENTS, params=query)
        except httpx2.TransportError:
            return None
        assert answer.status_code == 200, answer.text
        return f"{key} on rye" in answer.text


def kill_a_worker(service: Service) -> None:
    """Return once another one has taken its place."""
    workers = [child for child in children_of(service.process.pid) if is_worker(child)]
    os.kill(random.choice(workers), 9)
    wait_until(lambda: not set(workers) <= set(children_of(service.process.pid)), "its end")
    wait_until(lambda: workers_of(service) == WORKERS, "a new worker")


def kill_and_start(service: Service) -> None:
    """Both of its processes and what starts them, on the same port again."""
    service.kill_all()
    wait_until(lambda: not service.accepts(), "the port to be free")
    service.start()


async def break_things(replicas: Replicas) -> None:
    """Spread over the time: a worker of one service, then all of the other one."""
    one, two = replicas.services
    await asyncio.sleep(SECONDS / 5)
    await asyncio.to_thread(kill_a_worker, one)
    await asyncio.sleep(SECONDS / 5)
    await asyncio.to_thread(kill_and_start, two)


async def run_traffic(replicas: Replicas, log: Log, token: str) -> Traffic:
    async with replicas.clients() as clients:
        names = [f"moderator-{place}" for place in range(len(clients))]
        headers = [replicas.add_moderator(name, "news") for name in names]
        traffic = Traffic(clients, log, time.monotonic() + SECONDS)
        everybody = zip(clients, names, headers, strict=True)
        await asyncio.gather(
            *(traffic.meter(client, place) for place, client in enumerate(clients)),
            *(traffic.moderate(*somebody) for somebody in everybody),
            traffic.repeat(),
            traffic.look(token),
            break_things(replicas),
        )
        return traffic


def check_limit(replicas: Replicas, seconds: float) -> None:
    """As many came in as GCRA lets in over this time, whatever process they came to."""
    metered = select(func.count()).select_from(schema.comment.join(schema.site))
    with replicas.database.transaction() as conn:
        admitted = conn.scalar(metered.where(schema.site.c.key == "metered")) or 0
    # what is let in again is taken at once, but a killed process takes some admissions with it
    assert BURST < admitted <= BURST * (1 + seconds / PERIOD)


def check_moderation(replicas: Replicas, traffic: Traffic) -> None:
    """Nobody was handed what another one had, and nothing was decided twice."""
    handed = Counter(comment for own in traffic.claimed.values() for comment in own)
    assert [comment for comment, times in handed.items() if times > 1] == []
    assert sum(bool(own) for own in traffic.claimed.values()) > 1
    item = schema.decision_item.c.comment_id
    with replicas.database.transaction() as conn:
        decided: Counter[str] = Counter(conn.scalars(select(item)))
    assert [comment for comment, times in decided.items() if times > 1] == []
    assert len(decided) > ENOUGH


def test_limits_claims_keys_and_pages_hold_under_load_while_processes_are_killed(
    fresh_replicas: Replicas,
) -> None:
    one, two = fresh_replicas.services
    log = Log()
    token = prepare(one)
    fresh_replicas.add_site("metered", limit__site=f"{BURST}/minute")
    for site in ("keys", "looks"):
        fresh_replicas.add_site(site)

    began = time.monotonic()
    bot = fresh_replicas.add_moderator("news-bot", "news")["Authorization"].split()[1]
    with load(one, two, log=log, token=bot, clients=4, tries=8):
        traffic = asyncio.run(run_traffic(fresh_replicas, log, token))
    took = time.monotonic() - began

    for service in (one, two):
        check_log(service)
        check_invariants(service, log, token)
    check_limit(fresh_replicas, took)
    check_moderation(fresh_replicas, traffic)
    assert {len(ids) for ids in traffic.repeats.values()} <= {0, 1}
    assert min(len(traffic.repeats), len(traffic.late)) > ENOUGH
    assert max(traffic.late) <= 1
