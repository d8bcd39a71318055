"""What becomes of real comments: `python -m benchmarks.replay --corpora DIR`.

Posts a blog's real spam and readers' real comments, each with the title and text of an article, to
a fresh instance with its limits off and scores trusted, and prints what was published, held and
rejected by true label. `docs/performance.md` says what the files hold and how to read the table.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks import load
from benchmarks.corpora import Row, read_rows
from benchmarks.instance import LIMITS, SITE, Instance

_STATUSES = ("published", "held", "rejected")


def main(arguments: list[str] | None = None) -> int:
    """Replay and print; 1 when an answer and the database disagree."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("--corpora", default=os.environ.get("COMMENT_DESK_CORPORA", ""),
                        help="folder of the files (or COMMENT_DESK_CORPORA)")  # fmt: skip
    parser.add_argument("--connections", type=int, default=8, help="(%(default)s)")
    parser.add_argument("--readers", type=int, default=2000, help="genuine ones (%(default)s)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                        help="a setting of the site, such as threshold.reject=0.98")  # fmt: skip
    args = parser.parse_args(arguments)
    rows = read_rows(Path(args.corpora) if args.corpora else None, args.readers)
    settings = [
        *(f"limit.{name}=off" for name in LIMITS),
        "attack.mode=off",
        "publish.unproven=score",
        *args.set,
    ]
    print(f"{len(rows)} comments over {args.connections} connections; {' '.join(settings)}")
    with Instance(settings) as instance:
        outcome = _replay(instance, rows, args.connections)
        stored = instance.query("SELECT id, status, name, reasons FROM comment")
    _print_verdicts(rows, {row[2]: row[1] for row in stored})
    _print_reasons(
        rows, {row[2]: json.loads(row[3])[0][0] for row in stored if row[1] != "published"}
    )
    _print_refusals(outcome)
    return _print_sums(outcome, [bytes(row[0]).hex() for row in stored])


def _replay(instance: Instance, rows: list[Row], connections: int) -> load.Outcome:
    requests = _requests(instance.origin, rows)
    before = instance.cpu_seconds()
    outcome = load.drive(instance.port, requests, connections=connections, keep_bodies=True)
    cpu = instance.cpu_seconds() - before
    answers = max(len(outcome.statuses), 1)
    print(
        f"{answers / outcome.elapsed:.0f} comments/s, "
        f"p50 {outcome.percentile(0.5) * 1000:.1f} ms, p99 {outcome.percentile(0.99) * 1000:.1f} "
        f"ms, CPU {cpu / answers * 1e6:.0f} µs each (all processes)\n"
    )
    return outcome


def _requests(origin: str, rows: list[Row]) -> Iterator[bytes]:
    """One request a row; its author is made up and named by the row's number."""
    for number, row in enumerate(rows):
        content = {
            "site": SITE,
            "page_url": f"{origin}/{row.page}/",
            "page_title": row.title,
            "page_text": row.article,
            "name": _name(number),
            "email": f"reader{number}@example.org",
            "comment": row.text,
        }
        address = f"198.51.{number // 250 % 250}.{number % 250 + 1}"
        yield load.post("/api/v1/comments", content, {"X-Forwarded-For": address})


def _name(number: int) -> str:
    return f"Reader {number}"


def _print_verdicts(rows: list[Row], statuses: dict[str, str]) -> None:
    counts: dict[str, Counter[str]] = {}
    for number, row in enumerate(rows):
        counts.setdefault(row.label, Counter())[statuses.get(_name(number), "refused")] += 1
    print(f"{'true label':<24}" + "".join(f"{s:>18}" for s in (*_STATUSES, "refused")))
    for label, found in sorted(counts.items()):
        total = sum(found.values())
        cells = (f"{found[s]:>9} ({found[s] / total:6.1%})" for s in (*_STATUSES, "refused"))
        print(f"{label:<24}" + "".join(f"{cell:>18}" for cell in cells))


def _print_reasons(rows: list[Row], reasons: dict[str, str]) -> None:
    """What decided against publishing, by true label."""
    counts: dict[str, Counter[str]] = {}
    for number, row in enumerate(rows):
        if reason := reasons.get(_name(number)):
            counts.setdefault(row.label, Counter())[reason] += 1
    print()
    for label, found in sorted(counts.items()):
        shares = ", ".join(f"{reason} {count}" for reason, count in found.most_common())
        print(f"not published, {label}: {shares}")


def _print_refusals(outcome: load.Outcome) -> None:
    why: Counter[str] = Counter()
    for status, body in zip(outcome.statuses, outcome.bodies, strict=True):
        if not 200 <= status < 300:
            problem = msgspec.json.decode(body)
            errors = [f"{e['field']} {e['code']}" for e in problem.get("errors", [])]
            why[f"{status} {', '.join(errors) or problem.get('code', '')}"] += 1
    print("\nrefused: " + ("; ".join(f"{n} × {text}" for text, n in why.items()) or "none"))


def _print_sums(outcome: load.Outcome, stored: list[str]) -> int:
    """Whether every 2xx is stored, each once; prints it."""
    accepted = [
        str(msgspec.json.decode(body)["id"]).replace("-", "")
        for status, body in zip(outcome.statuses, outcome.bodies, strict=True)
        if 200 <= status < 300
    ]
    lost = set(accepted) - set(stored)
    unasked = set(stored) - set(accepted)
    repeated = len(accepted) - len(set(accepted))
    print(
        f"accepted {len(accepted)}, stored {len(stored)}: {len(lost)} lost, {repeated} answered "
        f"with another's id, {len(unasked)} stored without an answer, "
        f"{outcome.unanswered} requests without one"
    )
    return 1 if lost or unasked or repeated else 0


if __name__ == "__main__":
    sys.exit(main())
