"""Clients that comment on the real service, and their log of what they were told."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2

from tests.redis_server import wait_until
from tests.serving import Service
from tests.web.asking import COMMENTS, THREAD, a_body, bearing

CLIENTS = 12
PAGES = 4
LIMITS_OFF = [
    "attack.mode=off",
    *(f"limit.{scope}=off" for scope in ("address", "network", "email", "page", "site")),
]
SUCCESS, REFUSAL, FAILURE = range(200, 300), range(400, 500), range(500, 600)
_PATIENCE = 60.0  # seconds, on a machine where much else runs; what is promised is timed apart
_PAUSE = 0.02  # seconds after an answer that is none


@dataclass
class Log:
    """What the clients know: each key they sent, and its status, or 0 where no answer came."""

    answers: dict[str, int] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)  # until the answer

    def keys(self, *, within: range) -> set[str]:
        return {key for key, status in self.answers.items() if status in within}

    @property
    def unanswered(self) -> list[str]:
        return sorted(self.keys(within=range(1)))

    @property
    def unsure(self) -> list[str]:
        """What may be stored or not: no answer came, or that of a database in trouble."""
        return sorted({*self.unanswered, *self.keys(within=FAILURE)})

    def note(self, key: str, answer: httpx2.Response, began: float) -> None:
        """Enter an answer."""
        self.seconds[key] = time.monotonic() - began
        if answer.status_code == 201:
            self.ids[key] = answer.json()["id"]
        self.answers[key] = answer.status_code

    def slowest_of_100(self, keys: Sequence[str]) -> float:
        """The 99th percentile of the seconds that these answers took."""
        took = sorted(self.seconds[key] for key in keys)
        return took[int(len(took) * 0.99)]


def body_of(key: str) -> dict[str, object]:
    """The fields of the comment with this key; each tenth is one that must be refused."""
    place, _, number = key[1:].split("-")
    bad = {"email": "no address"} if is_bad(key) else {}
    return a_body(
        comment=f"Remark {key} on the barley.", name=f"Client {place}",
        page_url=f"https://news.example/{int(number) % PAGES}", **bad,
    )  # fmt: skip


def is_bad(key: str) -> bool:
    return int(key.rpartition("-")[2]) % 10 == 0


class Load:
    """Clients at work on one service, or on replicas, from a thread of their own."""

    def __init__(
        self, services: Sequence[Service], log: Log, token: str, *, clients: int, tries: int
    ) -> None:
        self.log = log
        self._services = services
        self._token = token
        self._clients = clients
        self._tries = tries
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Return once every client has had its answer, or has found that none comes."""
        self._stopping.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def await_receipts(self, more: int) -> None:
        """Return once so many more comments were taken in."""
        enough = len(self.log.ids) + more
        wait_until(
            lambda: len(self.log.ids) >= enough or self._error is not None,
            f"{more} receipts", seconds=_PATIENCE,
        )  # fmt: skip

    def await_status(self, status: int, more: int) -> None:
        """Return once so many more answers had this status."""
        once = range(status, status + 1)
        enough = len(self.log.keys(within=once)) + more
        wait_until(
            lambda: len(self.log.keys(within=once)) >= enough or self._error is not None,
            f"{more} answers {status}", seconds=_PATIENCE,
        )  # fmt: skip

    def _run(self) -> None:
        try:
            asyncio.run(self._work())
        except BaseException as error:  # the test's own thread raises it
            self._error = error

    async def _work(self) -> None:
        working = [self._comment(place) for place in range(self._clients)]
        await asyncio.gather(*working, self._decide())

    async def _comment(self, place: int) -> None:
        """Post one comment after the other."""
        number = 0
        async with httpx2.AsyncClient(timeout=30) as client:
            while not self._stopping.is_set():
                number += 1
                key = f"k{place}-{len(self.log.answers)}-{number}"
                self.log.answers[key] = 0
                began = time.monotonic()
                answer = await self._post(client, key, place)
                if answer is not None:
                    self.log.note(key, answer, began)
                if answer is None or answer.status_code in FAILURE:
                    await asyncio.sleep(_PAUSE)

    async def _post(self, client: httpx2.AsyncClient, key: str, place: int) -> (
        httpx2.Response | None
    ):  # fmt: skip
        """The answer, or none; with several tries, each asks the next replica, as a proxy does."""
        answer = None
        for attempt in range(self._tries):
            service = self._services[(place + attempt) % len(self._services)]
            try:
                answer = await client.post(
                    f"{service.url}{COMMENTS}", json=body_of(key), headers={"Idempotency-Key": key}
                )
            except httpx2.TransportError:
                await asyncio.sleep(_PAUSE if self._tries > 1 else 0)
                continue
            if answer.status_code != 503:
                break
        return answer

    async def _decide(self) -> None:
        """Meanwhile a moderator approves what comes in."""
        url = self._services[0].url
        async with httpx2.AsyncClient(
            base_url=url, timeout=30, headers=bearing(self._token)
        ) as client:
            while not self._stopping.is_set():
                try:
                    claimed = await client.post("/api/v1/queue/claim", json={"limit": 5})
                    assert claimed.status_code in (200, 503), claimed.text
                    ids = [c["id"] for c in claimed.json().get("items", [])]
                    if ids:
                        decided = {"ids": ids, "outcome": "approve"}
                        answer = await client.post("/api/v1/decisions", json=decided)
                        assert answer.status_code in (200, 503), answer.text
                        continue
                except httpx2.TransportError:
                    pass
                await asyncio.sleep(_PAUSE)


@contextmanager
def load(
    *services: Service, log: Log, token: str, clients: int = CLIENTS, tries: int = 1
) -> Iterator[Load]:
    """Clients for the length of the block."""
    running = Load(services, log, token, clients=clients, tries=tries)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def prepare(service: Service) -> str:
    """Add the site they comment on, without limits; returns a moderator's token."""
    service.desk("site", "add", "news", "--origin", "https://news.example")
    service.desk("site", "set", "news", *LIMITS_OFF)
    return service.desk("token", "add", "bot", "--role", "moderator").splitlines()[-1]


def retry(service: Service, log: Log, keys: Sequence[str]) -> None:
    """Whoever got no answer asks again with the same key and body."""
    for key in keys:
        began = time.monotonic()
        answer = httpx2.post(
            f"{service.url}{COMMENTS}", json=body_of(key), headers={"Idempotency-Key": key},
            timeout=30,
        )  # fmt: skip
        assert answer.status_code == (422 if is_bad(key) else 201), answer.text
        if not is_bad(key):
            assert answer.json()["edit_token"]
        log.note(key, answer, began)


def read_for(service: Service, seconds: float) -> list[float]:
    """Read and ask for health the whole time; returns how long each answer took."""
    took = []
    until = time.monotonic() + seconds
    with httpx2.Client(base_url=service.url, timeout=30) as client:
        while (began := time.monotonic()) < until:
            for url, query in (("/livez", {}), ("/readyz", {}), (COMMENTS, THREAD)):
                began = time.monotonic()
                assert client.get(url, params=query).status_code == 200
                took.append(time.monotonic() - began)
            threading.Event().wait(0.02)
    return took
