"""What retraining costs as decisions grow: `python -m benchmarks.retraining --sizes 20000,100000`.

For each size a database of its own with made-up decisions, whose texts are those of the corpus
`written` with four words in ten exchanged, and one `comment-desk retrain` on it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from msgspec.structs import replace
from sqlalchemy import URL

from service.domain import Submission
from service.scoring.corpora import Example, read_corpus
from service.scoring.model import shipped_models
from service.store import sites
from service.store.database import Database, migrate, sqlite_url
from tests.deciding import decide_at_once
from tests.factories import NOW, ORIGIN
from tests.postgresql_server import find_binaries, running_postgresql_server

_SITE = "bench"
_EXCHANGED = 0.4  # of the words
_MEGABYTE = 1 << 20
_HEADINGS = ("decisions", "CPU", "CPU a decision", "wall", "peak memory", "disk at most")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run: seconds of CPU and of the clock, bytes of memory and of the file of rows."""

    cpu: float
    wall: float
    peak: int
    disk: int


def main(arguments: list[str] | None = None) -> int:
    """Measure and print one row a size and database."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retraining", description=__doc__)
    parser.add_argument("--sizes", default="20000,100000,1000000", help="(%(default)s)")
    parser.add_argument("--databases", default="SQLite,PostgreSQL", help="(%(default)s)")
    args = parser.parse_args(arguments)
    for name in args.databases.split(","):
        print(f"\n{name}\n\n| {' | '.join(_HEADINGS)} |")
        print("| --- " * len(_HEADINGS) + "|", flush=True)
        for size in map(int, args.sizes.split(",")):
            if name == "SQLite":
                print(_row(size, measure(size)), flush=True)
            elif find_binaries() is None:
                print("left out: no initdb and postgres found")
            else:
                with running_postgresql_server(fsync="off") as server:
                    print(_row(size, measure(size, server.url)), flush=True)
    return 0


def _row(size: int, cost: Cost) -> str:
    cells = (
        f"{size:,}", f"{cost.cpu:.1f} s", f"{cost.cpu / size * 1e6:.0f} µs", f"{cost.wall:.1f} s",
        f"{cost.peak / _MEGABYTE:.0f} MiB", f"{cost.disk / _MEGABYTE:.0f} MiB",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def measure(size: int, database_url: str = "") -> Cost:
    """What one retraining on so many decisions costs; on SQLite unless a URL is given."""
    with tempfile.TemporaryDirectory(prefix="comment-desk-bench-") as name:
        folder = Path(name)
        _fill(database_url or sqlite_url(folder), size)
        environment = os.environ | {"COMMENT_DESK_DATA_DIR": name}
        if database_url:
            environment |= {"DATABASE_URL": database_url, "COMMENT_DESK_SECRET": "0badc0de" * 8}
        start = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "retrain"], env=environment, stdout=subprocess.DEVNULL
        )
        disk = 0
        while True:
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            disk = max(disk, _rows_of(process.pid))
            time.sleep(0.2)  # noqa: TID251 - a sample now and then
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"retrain ended with status {process.returncode}")
        cpu = used.ru_utime + used.ru_stime
        return Cost(cpu, time.monotonic() - start, used.ru_maxrss * 1024, disk)


def _rows_of(process: int) -> int:
    """The bytes of the file without a name that a process keeps."""
    sizes = [0]
    for link in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):
            if link.readlink().name.endswith("(deleted)"):
                sizes.append(link.stat().st_size)
    return max(sizes)


def _fill(url: str | URL, size: int) -> None:
    database = Database(url)
    migrate(database)
    with database.transaction() as conn:
        sites.add_site(conn, _SITE, "Bench", [ORIGIN], NOW)
    decide_at_once(database, _decided(size))
    database.stop()


def _decided(size: int) -> Iterator[tuple[Submission, bool]]:
    """Comments that nobody wrote, after those somebody did."""
    dice = Random(size)
    written = read_corpus("written", shipped_models() / "corpus" / "written.jsonl").examples
    words = {
        spam: [
            word
            for example in written
            if example.spam is spam
            for word in example.submission.comment.split()
        ]
        for spam in (True, False)
    }
    for number in range(size):
        example = dice.choice(written)
        yield _varied(example, words[example.spam], number, dice), example.spam


def _varied(example: Example, words: list[str], number: int, dice: Random) -> Submission:
    text = " ".join(
        dice.choice(words) if dice.random() < _EXCHANGED else word
        for word in example.submission.comment.split()
    )
    page = hash(example.submission.page_title) % 10_000
    return replace(
        example.submission, site=_SITE, page_url=f"{ORIGIN}/{page}", comment=text,
        email=f"reader{number}@mail.example",
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
