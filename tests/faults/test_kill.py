"""kill -9 of the service under load, then the log of its clients against what is stored (R1)."""

import asyncio
import json
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.redis_server import wait_until
from tests.serving import Service, running_service
from tests.web.asking import COMMENTS, THREAD, a_body, bearing

CLIENTS = 12
PAGES = 4


@dataclass
class Log:
    """What the clients know: each key they sent, and its status, or 0 where no answer came."""

    answers: dict[str, int] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def keys(self, *, within: range) -> set[str]:
        return {key for key, status in self.answers.items() if status in within}


async def send_until(stop: asyncio.Event, service: Service, log: Log, place: int) -> None:
    """Post one comment after the other; each tenth is one that must be refused."""
    async with httpx2.AsyncClient(base_url=service.url, timeout=10) as client:
        number = 0
        while not stop.is_set():
            number += 1
            key = f"k{place}-{len(log.answers)}-{number}"
            bad = {"email": "no address"} if number % 10 == 0 else {}
            body = a_body(
                comment=f"Remark {key} on the barley.", name=f"Client {place}",
                page_url=f"https://news.example/{number % PAGES}", **bad,
            )  # fmt: skip
            log.answers[key] = 0
            try:
                answer = await client.post(COMMENTS, json=body, headers={"Idempotency-Key": key})
            except httpx2.TransportError:
                stop.set()  # killed
                return
            log.answers[key] = answer.status_code
            if answer.status_code == 201:
                log.ids[key] = answer.json()["id"]


async def decide_until(stop: asyncio.Event, service: Service, token: str) -> None:
    """Meanwhile a moderator approves what comes in."""
    async with httpx2.AsyncClient(
        base_url=service.url, timeout=10, headers=bearing(token)
    ) as client:
        while not stop.is_set():
            try:
                claimed = await client.post("/api/v1/queue/claim", json={"limit": 5})
                ids = [item["id"] for item in claimed.json()["items"]]
                if ids:
                    await client.post("/api/v1/decisions", json={"ids": ids, "outcome": "approve"})
                else:
                    await asyncio.sleep(0.01)
            except httpx2.TransportError:
                return


async def load_and_kill(service: Service, log: Log, token: str, after: int) -> None:
    """Load the service, and kill it once so many comments were answered."""
    stop = asyncio.Event()
    working = [
        asyncio.ensure_future(send_until(stop, service, log, place)) for place in range(CLIENTS)
    ]
    working.append(asyncio.ensure_future(decide_until(stop, service, token)))
    enough = len(log.ids) + after
    await asyncio.to_thread(wait_until, lambda: len(log.ids) >= enough, f"{after} receipts")
    service.kill()
    await asyncio.gather(*working)
    await asyncio.to_thread(wait_until, lambda: not service.accepts(), "the port to be free")


def stored_in(data_dir: Path) -> dict[str, list[str]]:
    """The ids of the stored comments by the key in their text."""
    found: dict[str, list[str]] = {}
    with closing(sqlite3.connect(data_dir / "comments.db")) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for comment_id, text in conn.execute("SELECT hex(id), comment FROM comment"):
            found.setdefault(text.split()[1], []).append(comment_id.lower())
    return found


def check_invariants(service: Service, log: Log, token: str) -> None:
    """A to D, from the clients' log and what is stored."""
    stored = stored_in(service.data_dir)
    twice = {key for key, ids in stored.items() if len(ids) > 1}
    assert twice == set(), "stored twice"
    taken = log.keys(within=range(200, 300))
    assert taken <= set(stored), "A: answered 2xx and lost"
    for key in taken:
        assert stored[key] == [log.ids[key].replace("-", "")]
    assert log.keys(within=range(400, 500)).isdisjoint(stored), "B: answered 4xx and stored"
    assert set(stored) - taken <= log.keys(within=range(1)), "C: stored from nowhere"
    assert log.keys(within=range(500, 600)) == set()
    check_derived(service, token)


def check_derived(service: Service, token: str) -> None:
    """D: counts, queue and audit trail equal a recount."""
    with closing(sqlite3.connect(service.data_dir / "comments.db")) as conn:
        statuses = dict(conn.execute("SELECT hex(id), status FROM comment"))
        wrong = conn.execute(
            "SELECT url, published FROM thread WHERE published <> (SELECT count(*) FROM comment"
            " WHERE thread_id = thread.id AND status = 'published')"
        ).fetchall()
        trails: dict[str, str | None] = {}
        for comment_id, before, after in conn.execute(
            "SELECT hex(comment_id), from_status, to_status FROM audit ORDER BY id"
        ):
            assert trails.get(comment_id) == before
            trails[comment_id] = after
        lost = conn.execute(
            "SELECT count(*) FROM decision_item WHERE comment_id NOT IN (SELECT id FROM comment)"
        ).fetchone()
    assert wrong == []
    assert trails == statuses
    assert lost == (0,)
    held = Counter(statuses.values())["held"]
    stats = httpx2.get(f"{service.url}/api/v1/stats", headers=bearing(token)).json()
    assert stats["waiting"] == held
    for page in range(PAGES):
        query = THREAD | {"page_url": f"https://news.example/{page}", "limit": "200"}
        shown, cursor = 0, ""
        while cursor is not None:
            answer = httpx2.get(f"{service.url}{COMMENTS}", params=query | {"cursor": cursor})
            shown += len(answer.json()["comments"])
            cursor = answer.json()["next_cursor"]
        assert shown == answer.json()["count"]


@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["one process", "two workers"])
def test_nothing_answered_is_lost_and_nothing_is_there_twice_after_a_kill(
    tmp_path: Path, options: list[str]
) -> None:
    dice, log = random.Random(json.dumps(options)), Log()
    with running_service(tmp_path, *options) as service:
        service.desk("site", "add", "news", "--origin", "https://news.example")
        off = [f"limit.{scope}=off" for scope in ("address", "network", "email", "page", "site")]
        service.desk("site", "set", "news", *off)
        token = service.desk("token", "add", "bot", "--role", "moderator").splitlines()[-1]
        for _round in range(2 if not options else 1):
            asyncio.run(load_and_kill(service, log, token, dice.randint(20, 150)))
            began = time.monotonic()
            service.start()
            assert time.monotonic() - began < 10  # promised: 5 s on a machine of its own
            check_invariants(service, log, token)

        retried = sorted(log.keys(within=range(1)))
        assert retried  # at least one was under way
        check_retries(service, log, retried)
        check_invariants(service, log, token)


def check_retries(service: Service, log: Log, keys: list[str]) -> None:
    """Whoever got no answer asks again with the same key and body, and is there once."""
    before = stored_in(service.data_dir)
    for key in keys:
        place, _, number = key[1:].split("-")
        bad = {"email": "no address"} if int(number) % 10 == 0 else {}
        body = a_body(
            comment=f"Remark {key} on the barley.", name=f"Client {place}",
            page_url=f"https://news.example/{int(number) % PAGES}", **bad,
        )  # fmt: skip
        headers = {"Idempotency-Key": key}
        answer = httpx2.post(f"{service.url}{COMMENTS}", json=body, headers=headers, timeout=30)
        log.answers[key] = answer.status_code
        assert answer.status_code == (422 if bad else 201), answer.text
        if not bad:
            log.ids[key] = answer.json()["id"]
            assert answer.json()["edit_token"]
            assert before.get(key, [log.ids[key].replace("-", "")]) == [
                log.ids[key].replace("-", "")
            ]
