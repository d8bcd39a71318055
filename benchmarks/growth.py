"""How cost grows with the database: `python -m benchmarks.growth --sizes 10000,100000,1000000`.

For each size a fresh instance, half of its comments published on one page, half of them waiting;
then pages of that thread read for the first time, pages of the queue, claims, counts and new
comments. On SQLite, then on a PostgreSQL of its own that writes to disk as one in earnest does.
"""

import argparse
import itertools
import json
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from benchmarks import load
from benchmarks.instance import SITE, Instance
from benchmarks.seeding import seed_page, seed_queue, settle
from service.vocabulary import Order
from tests.postgresql_server import find_binaries, running_postgresql_server

_ASKED = 200  # times each thing is asked for, over one connection
_SECONDS = 3.0  # of taking comments in
_IN_EARNEST = {
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "256MB",
}  # fmt: skip
_HEADINGS = (
    "comments", "page of 50, first read", "queue page of 50", "in another order", "claim of 10",
    "counts of 20", "submit p50, 1 conn", "submit CPU, 16 conns", "bytes a comment",
)  # fmt: skip


@dataclass(slots=True)
class Asker:
    """Asks one instance over HTTP, as a moderator where that is needed."""

    instance: Instance
    token: str = field(init=False)

    def __post_init__(self) -> None:
        """Make the token."""
        said = self.instance.run("token", "add", "bench", "--role", "admin")
        self.token = said.strip().splitlines()[-1]

    def ask(self, path: str, content: object = None) -> bytes:
        """The body of an answer."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(f"{self.instance.origin}/api/v1/{path}", body)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as answer:
            found: bytes = answer.read()
        return found

    def milliseconds(self, requests: Iterator[bytes]) -> float:
        """The median time of an answer over one connection."""
        some = itertools.islice(requests, _ASKED)
        outcome = load.drive(self.instance.port, some, connections=1)
        if outcome.accepted != len(outcome.statuses):
            raise SystemExit(f"answered with {sorted(set(outcome.statuses))}")
        return outcome.percentile(0.5) * 1000


def main(arguments: list[str] | None = None) -> int:
    """Measure and print one row a size and database."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", default="10000,100000", help="(%(default)s)")
    parser.add_argument("--databases", default=",".join(_MEASURED), help="(%(default)s)")
    args = parser.parse_args(arguments)
    sizes = [int(size) for size in args.sizes.split(",")]
    for name in args.databases.split(","):
        print(f"\n{name}\n\n| {' | '.join(_HEADINGS)} |")
        print("|---" * len(_HEADINGS) + "|", flush=True)
        _MEASURED[name](sizes)
    return 0


def _on_sqlite(sizes: list[int]) -> None:
    for size in sizes:
        _measure(Instance(), size)


def _on_postgresql(sizes: list[int]) -> None:
    if find_binaries() is None:
        print("left out: no initdb and postgres found")
        return
    for size in sizes:
        with running_postgresql_server(**_IN_EARNEST) as server:
            _measure(Instance(database_url=server.url), size)


_MEASURED = {"SQLite": _on_sqlite, "PostgreSQL": _on_postgresql}


def _measure(made: Instance, size: int) -> None:
    with made as instance:
        asker = Asker(instance)
        seed_page(instance, "large", size // 2)
        seed_queue(instance, size - size // 2)
        used = settle(instance)
        reads = [
            asker.milliseconds(requests(asker))
            for requests in (_pages, _queue, _others, _claims, _counts)
        ]
        submits = instance.requests("submit")
        assert submits is not None
        alone = asker.milliseconds(submits)
        cpu = instance.cpu_seconds()
        outcome = load.drive(instance.port, submits, connections=16, seconds=_SECONDS)
        cpu = (instance.cpu_seconds() - cpu) / len(outcome.statuses) * 1e6
    figures = [
        *(f"{value:.1f} ms" for value in (*reads, alone)), f"{cpu:.0f} µs", f"{used / size:.0f}",
    ]  # fmt: skip
    print(f"| {size:,} | {' | '.join(figures)} |", flush=True)


def _pages(asker: Asker) -> Iterator[bytes]:
    """Different pages all over the thread, none of them asked for before."""
    page = {"site": SITE, "page_url": asker.instance.page_url("large"), "order": "newest"}
    cursor = ""
    for limit in itertools.cycle(range(45, 56)):  # with another limit it is another page
        query = page | {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        path = f"comments?{urlencode(query)}"
        yield load.get(f"/api/v1/{path}")
        found = json.loads(asker.ask(f"comments?{urlencode(query | {'limit': '200'})}"))
        cursor = found["next_cursor"] or ""


def _queue(asker: Asker) -> Iterator[bytes]:
    headers = {"Authorization": f"Bearer {asker.token}"}
    return load.again(load.get("/api/v1/queue?limit=50", headers))


def _others(asker: Asker) -> Iterator[bytes]:
    """The other orders in turn, the second page of each."""
    headers = {"Authorization": f"Bearer {asker.token}"}
    queries = []
    for order in (Order.UNCERTAIN, Order.REPORTED, Order.REACH):
        first = json.loads(asker.ask(f"queue?limit=50&order={order}"))
        queries.append(urlencode({"limit": 50, "order": order, "cursor": first["next_cursor"]}))
    for query in itertools.cycle(queries):
        yield load.get(f"/api/v1/queue?{query}", headers)


def _claims(asker: Asker) -> Iterator[bytes]:
    headers = {"Authorization": f"Bearer {asker.token}"}
    while True:
        yield load.post("/api/v1/queue/claim", {"limit": 10}, headers)
        asker.ask("queue/release", {"ids": _ids(asker)})


def _ids(asker: Asker) -> list[str]:
    found = json.loads(asker.ask("queue/claim", {"limit": 10}))
    return [item["id"] for item in found["items"]]


def _counts(asker: Asker) -> Iterator[bytes]:
    """Other pages each time, so that none is counted twice from memory."""
    for start in itertools.count():
        pages = [asker.instance.page_url(f"held-{(start + n) % 100}") for n in range(20)]
        pages[0] += f"?again={start}"
        query = urlencode({"site": SITE, "page_url": pages}, doseq=True)
        yield load.get(f"/api/v1/counts?{query}")


if __name__ == "__main__":
    sys.exit(main())
