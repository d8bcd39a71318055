"""Comment Desk beside Isso and bare Starlette, in turns: `python -m benchmarks.compare`.

Every part of the service is at work (limits, similarity, classifier, durable writes); made-up
comments of about 250 bytes are posted over connections that stay open. Ratios of medians of one
run are what other programs on the machine disturb least, and CPU more so than rates.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import load
from benchmarks.instance import Instance
from benchmarks.peers import Floor, Isso
from benchmarks.seeding import seed_page
from benchmarks.server import Server

_STARTS = 3
_WARM_UP_SECONDS = 1.0
_MIB = 1024 * 1024
_LOADS = (  # scenario, connections
    ("submit", 1), ("submit", 16), ("submit", 64), ("echo", 16), ("list100", 1), ("list100", 16),
    ("page10k", 16), ("counts", 16),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One round: answers a second, p50 and p99 in ms, CPU in µs an answer, and what was stored."""

    rate: float
    p50: float
    p99: float
    cpu: float
    accepted: int
    stored: int
    other: int


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when what was accepted is not what is stored."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("--isso", type=Path, help="a virtual environment with isso and uwsgi")
    parser.add_argument("--seconds", type=float, default=4.0, help="each round (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of each (%(default)s)")
    args = parser.parse_args(arguments)
    with ExitStack() as stack:
        desk = stack.enter_context(Instance())
        systems: list[Server] = [desk, stack.enter_context(Floor())]
        _print_start(desk)
        if args.isso is not None and (args.isso / "bin" / "uwsgi").exists():
            systems.insert(1, stack.enter_context(Isso(args.isso)))
        else:
            print("Isso is left out: no --isso with isso and uwsgi in it.\n")
        for system in systems:
            _seed(system)
        found = _measure(systems, args.seconds, args.rounds)
        _print_disk(desk)
    return _print_table(systems, found)


def _print_start(desk: Instance) -> None:
    seconds = []
    for _ in range(_STARTS):
        desk.stop()
        seconds.append(desk.start())
    memory = desk.memory()
    print(f"start to ready, database migrated: {statistics.median(seconds):.2f} s")
    print(f"memory idle, RSS (PSS): {memory.rss / _MIB:.0f} ({memory.pss / _MIB:.0f}) MiB")


def _print_disk(desk: Instance) -> None:
    memory, stored, before = desk.memory(), desk.stored(), desk.disk_bytes()
    print(f"memory loaded: {memory.rss / _MIB:.0f} ({memory.pss / _MIB:.0f}) MiB, Valkey included")
    desk.stop()  # folds the write-ahead log into the database
    database, valkey = desk.disk_bytes()
    print(f"disk: {database / max(stored, 1):.0f} bytes a comment, log folded in; "
          f"{max(valkey, before[1]) / _MIB:.1f} MiB of Valkey's\n")  # fmt: skip


def _seed(system: Server) -> None:
    for page, count in (("list100", 100), ("list10k", 10_000)):
        if isinstance(system, Instance):
            seed_page(system, page, count)
        elif isinstance(system, Isso | Floor):
            system.seed(page, count)


def _measure(
    systems: Sequence[Server], seconds: float, rounds: int
) -> dict[tuple[str, int, str], list[Measured]]:
    """By scenario, connections and system: a round of each system, then the next round."""
    found: dict[tuple[str, int, str], list[Measured]] = {}
    streams = {(s.name, load_[0]): s.requests(load_[0]) for s in systems for load_ in _LOADS}
    for system in systems:
        if warm := streams[system.name, "submit"]:
            load.drive(system.port, warm, connections=16, seconds=_WARM_UP_SECONDS)
    for scenario, connections in _LOADS:
        for _ in range(rounds):
            for system in systems:
                requests = streams[system.name, scenario]
                if requests is None:
                    continue
                stored, cpu = system.stored(), system.cpu_seconds()
                outcome = load.drive(
                    system.port, requests, connections=connections, seconds=seconds
                )
                measured = _measured(outcome, system.cpu_seconds() - cpu, system.stored() - stored)
                found.setdefault((scenario, connections, system.name), []).append(measured)
    return found


def _measured(outcome: load.Outcome, cpu: float, stored: int) -> Measured:
    answers = len(outcome.statuses)
    return Measured(
        rate=outcome.accepted / outcome.elapsed,
        p50=outcome.percentile(0.5) * 1000,
        p99=outcome.percentile(0.99) * 1000,
        cpu=cpu / max(answers, 1) * 1e6,
        accepted=outcome.accepted,
        stored=stored,
        other=answers - outcome.accepted + outcome.unanswered,
    )


def _print_table(
    systems: Sequence[Server], found: dict[tuple[str, int, str], list[Measured]]
) -> int:
    """Medians as a table in Markdown; 1 when comments were lost."""
    print("| load | conns | system | a second (range) | p50 ms | p99 ms | CPU µs | accepted "
          "| stored | other | rate to Isso's |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    lost = 0
    for (scenario, connections, name), rounds in found.items():
        rates = [one.rate for one in rounds]
        middle = statistics.median(rates)
        accepted, stored = sum(one.accepted for one in rounds), sum(one.stored for one in rounds)
        lost += scenario == "submit" and accepted != stored
        peer = found.get((scenario, connections, Isso.name))
        ratio = middle / statistics.median(one.rate for one in peer) if peer else 0.0
        print(
            f"| {scenario} | {connections} | {name}"
            f" | {middle:.0f} ({min(rates):.0f}–{max(rates):.0f})"
            f" | {statistics.median(one.p50 for one in rounds):.1f}"
            f" | {statistics.median(one.p99 for one in rounds):.1f}"
            f" | {statistics.median(one.cpu for one in rounds):.0f} | {accepted}"
            f" | {stored if scenario == 'submit' else ''} | {sum(one.other for one in rounds)}"
            f" | {f'{ratio:.1f}' if ratio else ''} |"
        )
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
