"""What is left of the service under five times its load: `python -m benchmarks.overload`.

First the peak, over as many connections as keep it busy. Then an open load: clients that send at
their own pace whatever the answers are, together `--times` the peak. Readers ask for a thread all
the while. At last the peak again, to see how soon it is as before.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks import load
from benchmarks.instance import Instance
from benchmarks.seeding import seed_page

_PEAK_CONNECTIONS = 64
_CLIENTS = 2000
_READS_A_SECOND = 20


@dataclass(slots=True)
class Crowd:
    """What came back to the open load, and to the readers meanwhile, in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[float] = field(default_factory=list)
    turned_away: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)
    late: int = 0  # requests not sent in time, since the client still waited


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when a comment was lost or something else than 201 and 503 came."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.add_argument("--times", type=float, default=5.0, help="the peak (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="(%(default)s)")
    args = parser.parse_args(arguments)
    with Instance() as instance:
        seed_page(instance, "list100", 100)
        submits, reads = instance.requests("submit"), instance.requests("list100")
        assert submits is not None
        assert reads is not None
        peak = _peak(instance, submits)
        stored = instance.stored()
        crowd = asyncio.run(
            _overload(instance.port, submits, reads, args.times * peak, args.seconds)
        )
        stored = instance.stored() - stored
        memory = instance.memory().rss / 1024 / 1024
        after = _peak(instance, submits)
    accepted = len(crowd.accepted)
    print(f"peak: {peak:.0f} a second over {_PEAK_CONNECTIONS} connections; after: {after:.0f}")
    print(f"offered: {args.times:g} times that for {args.seconds:g} s by {_CLIENTS} clients, of "
          f"which {crowd.late} requests could not be sent in time")  # fmt: skip
    print(f"answers: {dict(sorted(crowd.statuses.items()))}; stored {stored}")
    print(f"goodput: {accepted / args.seconds / peak:.0%} of the peak")
    _print_times("accepted", crowd.accepted)
    _print_times("turned away", crowd.turned_away)
    _print_times("thread of 100 read meanwhile", crowd.reads)
    print(f"memory after: {memory:.0f} MiB resident, Valkey included")
    return 1 if stored != accepted or set(crowd.statuses) - {201, 503} else 0


def _peak(instance: Instance, submits: Iterator[bytes]) -> float:
    rates = []
    for _ in range(3):
        outcome = load.drive(instance.port, submits, connections=_PEAK_CONNECTIONS, seconds=2.0)
        rates.append(outcome.accepted / outcome.elapsed)
    return statistics.median(rates)


async def _overload(
    port: int, submits: Iterator[bytes], reads: Iterator[bytes], rate: float, seconds: float
) -> Crowd:
    crowd = Crowd()
    ends = time.perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        for place in range(_CLIENTS):
            pause = _CLIENTS / rate
            begins = pause * place / _CLIENTS
            group.create_task(_send(port, submits, crowd, begins, pause, ends))
        group.create_task(_read(port, reads, crowd, ends))
    return crowd


async def _send(
    port: int, submits: Iterator[bytes], crowd: Crowd, begins: float, pause: float, ends: float
) -> None:
    connection = await load.connect(port)
    due = time.perf_counter() + begins
    while due < ends:
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        else:
            crowd.late += 1
            due = time.perf_counter()
        due += pause
        began = time.perf_counter()
        status, _ = await connection.ask(next(submits))
        crowd.statuses[status] += 1
        times = crowd.accepted if status == 201 else crowd.turned_away
        times.append(time.perf_counter() - began)
    connection.close()


async def _read(port: int, reads: Iterator[bytes], crowd: Crowd, ends: float) -> None:
    connection = await load.connect(port)
    while time.perf_counter() < ends:
        began = time.perf_counter()
        await connection.ask(next(reads))
        crowd.reads.append(time.perf_counter() - began)
        await asyncio.sleep(1 / _READS_A_SECOND)
    connection.close()


def _print_times(what: str, seconds: list[float]) -> None:
    if seconds:
        ordered = sorted(seconds)
        middle, high = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        print(f"{what}: {len(seconds)}, p50 {middle * 1000:.0f} ms, p99 {high * 1000:.0f} ms")


if __name__ == "__main__":
    sys.exit(main())
