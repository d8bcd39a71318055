"""How fast comments are taken in, and what that costs: `python -m benchmarks.submit`.

Starts an instance with every part at work (limits, similarity, classifier, durable writes), posts
made-up comments of about 250 bytes, and prints tables. CPU per comment is the figure that other
programs on the machine disturb least.
"""

import argparse
import random
import statistics
import sys
from collections.abc import Iterator

from benchmarks import load
from benchmarks.instance import LIMITS, RUNNING_LIMITS, SITE, Instance

_VOCABULARY = """
    the a this that comment article thanks agree point reader author great question answer because
    however community thread reply opinion story yesterday policy network database latency coffee
    weather city football music recipe holiday camera review price update version release idea
    example careful honest simple clear quick wrong right think people would never always little
"""
_PAGES = 100
_STARTS = 3
_WARM_UP_SECONDS = 1.0
_MIB = 1024 * 1024


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when what was accepted is not what is stored."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.submit", description=__doc__)
    parser.add_argument("--connections", default="1,16,64", help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=5.0, help="each round (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of each (%(default)s)")
    args = parser.parse_args(arguments)
    levels = [int(level) for level in args.connections.split(",")]
    settings = [f"limit.{name}={RUNNING_LIMITS}" for name in LIMITS]
    with Instance(settings) as instance:
        print(f"start to ready, database migrated: {_start_seconds(instance):.2f} s")
        lost = _measure(instance, levels, args.seconds, args.rounds)
    return 1 if lost else 0


def _start_seconds(instance: Instance) -> float:
    seconds = []
    for _ in range(_STARTS):
        instance.stop()
        seconds.append(instance.start())
    return statistics.median(seconds)


def _measure(instance: Instance, levels: list[int], seconds: float, rounds: int) -> int:
    idle = instance.memory()
    disk_before = instance.disk_bytes()[0]
    made = comments(instance.origin)
    load.drive(instance.port, made, connections=16, seconds=_WARM_UP_SECONDS)
    lost = 0
    print("connections  comments/s  p50 ms  p99 ms  CPU µs each  accepted  stored  other answers")
    for level in levels:
        for _ in range(rounds):
            lost += abs(_round(instance, made, level, seconds))
    loaded = instance.memory()
    stored = instance.count_comments()
    instance.stop()  # folds the write-ahead log into the database
    database, valkey = instance.disk_bytes()
    print(f"memory, RSS (PSS): idle {idle.rss / _MIB:.0f} ({idle.pss / _MIB:.0f}) MiB, ", end="")
    print(f"loaded {loaded.rss / _MIB:.0f} ({loaded.pss / _MIB:.0f}) MiB, Valkey included")
    print(
        f"disk: {(database - disk_before) / max(stored, 1):.0f} bytes per comment in the database, "
        f"{valkey / _MIB:.1f} MiB of Valkey's log, which it rewrites as it grows"
    )
    return lost


def _round(instance: Instance, made: Iterator[bytes], level: int, seconds: float) -> int:
    """Print one row; how many more were accepted than stored."""
    stored_before, cpu_before = instance.count_comments(), instance.cpu_seconds()
    outcome = load.drive(instance.port, made, connections=level, seconds=seconds)
    cpu = instance.cpu_seconds() - cpu_before
    stored = instance.count_comments() - stored_before
    answers = len(outcome.statuses)
    print(
        f"{level:>11}  {outcome.accepted / outcome.elapsed:>10.0f}"
        f"  {outcome.percentile(0.5) * 1000:>6.1f}  {outcome.percentile(0.99) * 1000:>6.1f}"
        f"  {cpu / max(answers, 1) * 1e6:>11.0f}  {outcome.accepted:>8}  {stored:>6}"
        f"  {answers - outcome.accepted + outcome.unanswered:>13}",
        flush=True,
    )
    return outcome.accepted - stored


def comments(origin: str) -> Iterator[bytes]:
    """Requests without end, each a new comment by a new author from a random address."""
    dice, words = random.Random(1), _VOCABULARY.split()
    number = 0
    while True:
        number += 1
        text = " ".join(dice.choices(words, k=dice.randint(8, 72)))
        content = {
            "site": SITE,
            "page_url": f"{origin}/{dice.randint(1, _PAGES)}/",
            "page_title": "An article",
            "name": f"Reader {number}",
            "email": f"reader{number}@example.org",
            "comment": f"{text} {number}",
        }
        address = ".".join(str(dice.randint(20, 99)) for _ in range(4))
        yield load.post("/api/v1/comments", content, {"X-Forwarded-For": address})


if __name__ == "__main__":
    sys.exit(main())
