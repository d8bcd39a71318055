"""The wall clock steps by an hour, on and back, under the service and its Redis (R18)."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.faults.clock import Clock
from tests.faults.conftest import Note
from tests.faults.invariants import await_all_parts, check_invariants, check_log, count_reason
from tests.faults.load import Log, load, prepare
from tests.redis_server import RedisServer, running_server, wait_until
from tests.serving import Service, running_service
from tests.web.asking import COMMENTS, THREAD, a_body, bearing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
HOUR = 3600
STEPS = (HOUR, 0, -HOUR, 0, HOUR, -HOUR, -300, 300, 0)
AGE = re.compile(r"""<a class="when".*?<time[^>]*>([^<]*)</time>""")
BURST, PERIOD = 6, 60  # of the limit that is tried
INTERVAL = PERIOD / BURST


@dataclass
class Stepped:
    """A service, the clock it goes by, and its Redis, which goes by the same."""

    service: Service
    clock: Clock
    redis: RedisServer
    token: str

    def post(self, text: str, **changes: object) -> httpx2.Response:
        body = a_body(comment=text, **changes)
        return httpx2.post(f"{self.service.url}{COMMENTS}", json=body, timeout=30)

    def get(self, path: str, **query: str) -> Any:
        answer = httpx2.get(
            f"{self.service.url}/api/v1/{path}",
            params=query,
            headers=bearing(self.token),
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def stepped(tmp_path: Path) -> Iterator[Stepped]:
    clock = Clock(tmp_path)
    for name in ("desk", "redis"):
        (tmp_path / name).mkdir()
    with (
        running_server(tmp_path / "redis", binary=clock.redis_binary()) as redis,
        running_service(tmp_path / "desk", REDIS_URL=redis.url, **clock.settings) as service,
    ):
        token = prepare(service)
        before = int(redis.command("TIME")[0])
        clock.set(HOUR)
        assert HOUR <= int(redis.command("TIME")[0]) - before < HOUR + 30  # so it does step
        clock.set(0)
        yield Stepped(service, clock, redis, token)


def test_r18_steps_of_the_clock_under_load_lose_nothing_and_hold_nobody_up(
    stepped: Stepped, note: Note
) -> None:
    service, log = stepped.service, Log()
    with load(service, log=log, token=stepped.token) as clients:
        for seconds in STEPS:
            clients.await_receipts(40)
            stepped.clock.set(seconds)
        clients.await_receipts(40)
    await_all_parts(service)
    assert log.unsure == []
    kept = check_invariants(service, log, stepped.token)  # pages show each comment once
    assert count_reason(service, "limits-degraded") == 0
    check_log(service)
    note("R18 steps of the clock under load", rounds=len(STEPS), accepted=len(log.ids), stored=kept)


def test_r18_a_step_locks_nobody_out_and_opens_no_flood(stepped: Stepped, note: Note) -> None:
    stepped.service.desk("site", "set", "news", f"limit.address={BURST}/minute")
    statuses: list[int] = []

    def admitted(tries: int) -> int:
        before = len(statuses)
        texts = (f"Remark {number} on the barley." for number in range(before, before + tries))
        statuses.extend(stepped.post(text).status_code for text in texts)
        return statuses[before:].count(201)

    def is_admitted() -> bool:
        return admitted(1) == 1

    began = time.monotonic()
    assert BURST <= admitted(2 * BURST) <= BURST + (time.monotonic() - began) / INTERVAL
    for seconds in (-HOUR, -2 * HOUR):
        stepped.clock.set(seconds)
        refused = stepped.post("Remark back in time.")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) <= INTERVAL + 1
        began = time.monotonic()
        wait_until(is_admitted, "a place after the clock went back", seconds=2 * INTERVAL)
        assert time.monotonic() - began < INTERVAL + 2
    stepped.clock.set(HOUR)
    began = time.monotonic()
    assert admitted(4 * BURST) <= BURST + (time.monotonic() - began) / INTERVAL + 1
    stored = stepped.get("stats")["waiting"]
    assert stored == statuses.count(201)
    note("R18 limits while the clock steps", rounds=3, accepted=stored, stored=stored)


def test_r18_tokens_bear_with_a_clock_that_is_five_minutes_off_and_ages_are_never_negative(
    stepped: Stepped, note: Note
) -> None:
    service, clock = stepped.service, stepped.clock
    link = service.desk("moderator", "add", "max", "--role", "admin").rpartition("link=")[2].strip()
    with httpx2.Client(base_url=service.url, timeout=30) as browser:
        headers = {"Origin": service.url, "Sec-Fetch-Site": "same-origin"}
        answer = browser.post("/desk/sign-in", data={"link": link}, headers=headers)
        assert answer.status_code == 303, answer.text
        for place, seconds in enumerate((-300, 300, -HOUR, HOUR)):
            clock.set(0)
            form = stepped.get("form", **THREAD)["form_token"]
            clock.set(seconds)
            receipt = stepped.post(f"Remark {place} on the barley.", form_token=form)
            assert receipt.status_code == 201, receipt.text
            token = receipt.json()["edit_token"]
            own = f"{service.url}{COMMENTS}/{receipt.json()['id']}"
            edit = {"comment": f"Remark {place} on the oats."}
            edited = httpx2.patch(own, json=edit, headers=bearing(token), timeout=30)
            assert edited.status_code == 200, edited.text
            page = browser.get("/desk/")
            assert page.status_code == 200
            ages = AGE.findall(page.text)
            assert len(ages) == place + 1
            assert all(re.fullmatch(r"just now|\d+ \w+ ago", age) for age in ages), ages
        assert count_reason(service, "form-token-invalid") == 1  # an hour ahead of the clock
    stored = stepped.get("stats")["waiting"]
    assert stored == 4
    note("R18 tokens while the clock steps", rounds=4, accepted=4, stored=stored)
