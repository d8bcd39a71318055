"""How good and how fast the classifier is: `python -m benchmarks.classifier --corpora DIR`.

Prints one line a measure, with its aim and what others reach. What is fitted here is fitted without
the comments it is measured on; the shipped model has not seen `c3` nor the sets in tests/.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from benchmarks import youtube
from benchmarks.disguises import DISGUISES
from benchmarks.figures import Figure, at_least, at_most, table
from service.scoring.building import split, without_near
from service.scoring.corpora import Example, bounded, read_corpus
from service.scoring.evaluation import Rate
from service.scoring.model import Model, shipped_models

_WRITTEN = Path(__file__).parent.parent / "tests" / "scoring" / "written"
_TIMED = 2000
_LINES = 40_000
_COMMENT = (
    "My brother-in-law drove a truck for twenty years and he says nobody ever looks into the "
    "second trailer. If they want to stop the pills they need scanners at every crossing, and "
    "people to read the pictures. Number {n} of what was promised, {m} lanes, was never built, "
    "whatever the governor says on television."
)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; always 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classifier", description=__doc__)
    parser.add_argument("--corpora", default=os.environ.get("COMMENT_DESK_CORPORA", ""),
                        help="folder of the public files (or COMMENT_DESK_CORPORA)")  # fmt: skip
    args = parser.parse_args(arguments)
    folder = Path(args.corpora)
    if not args.corpora or not (folder / "youtube_spam.csv").is_file():
        raise SystemExit("Say where the files are: --corpora DIR, or COMMENT_DESK_CORPORA=DIR.")
    model = Model.load(shipped_models() / "base")
    figures = [*_shipped(model, folder), *youtube.figures(folder / "youtube_spam.csv"),
               _speed(model), _throughput(), _loading(), _size()]  # fmt: skip
    print(table(figures))
    return 0


def _shipped(model: Model, folder: Path) -> Iterator[Figure]:
    """The model that ships, on what it was not trained on and, marked so, on what it was."""
    c3 = read_corpus("c3", folder / "news_comments_c3.csv").examples
    yield at_most("c3: honest comments held", _held(model, c3), 0.005, "plain baseline 0.6 %")
    for name, aim in (("honest_topics", 0.0), ("hard_honest", 0.0), ("languages", 0.05)):
        rows = read_corpus("own", _WRITTEN / f"{name}.jsonl").examples
        yield at_most(f"{name}: honest comments held", _held(model, rows), aim)
    for name in ("spam", "exam"):
        rows = read_corpus("own", _WRITTEN / f"{name}.jsonl").examples
        spam = [example for example in rows if example.spam]
        what = f"{name}: spam held"
        yield at_least(what, _held(model, spam), 0.9, "plain baseline 20-60 %")
    honest = [example for example in rows if not example.spam]
    yield at_most("exam: honest comments held", _held(model, honest), 0.0)
    log = read_corpus("blog_spam", folder / "blog_spam.csv").examples
    kept, later = split(log)
    later = [example for example in without_near(later, kept) if example.spam]
    for name, disguise in DISGUISES.items():
        hidden = [_disguised(example, disguise(example.submission.comment)) for example in later]
        what = f"blog_spam, trained on, {name}: spam held"
        yield at_least(what, _held(model, hidden), 0.93)


def _disguised(example: Example, text: str) -> Example:
    return Example(replace(example.submission, comment=text), example.spam)


def _held(model: Model, examples: list[Example]) -> Rate:
    scores = model.score_many(example.submission for example in examples)
    held = sum(score.probability >= model.publish_below for score in scores)
    return Rate(held, len(examples))


def _speed(model: Model) -> Figure:
    """One comment of some 300 characters, words known but for two, explanation included."""
    took = []
    for number in range(_TIMED):
        submission = bounded(_COMMENT.format(n=number, m=number * 7), name="Ann")
        start = time.perf_counter()
        model.score(submission)
        took.append(time.perf_counter() - start)
    middle = sorted(took)[_TIMED // 2] * 1e6
    return Figure("one comment of 300 characters, p50", f"{middle:.0f} µs", "≤ 150 µs",
                  middle <= 150, "Pipeline.predict_proba 1,100 µs")  # fmt: skip


def _throughput() -> Figure:
    """`comment-desk score` as a whole process, start included, on all cores."""
    lines = [
        json.dumps({"comment": _COMMENT.format(n=number, m=number * 7)}) for number in range(_LINES)
    ]
    command = [sys.executable, "-m", "service", "score", "-"]
    start = time.perf_counter()
    subprocess.run(command, input="\n".join(lines).encode(), stdout=subprocess.DEVNULL, check=True)
    per_second = sum(len(line) for line in lines) / (time.perf_counter() - start)
    return Figure("comment-desk score, whole process: characters a second",
                  f"{per_second / 1e6:.1f} million n={_LINES}", "≥ 1.5 million",
                  per_second >= 1.5e6, "4,500 comments of 95 characters a core")  # fmt: skip


def _loading() -> Figure:
    """Reading the shipped model, checked against its SHA-256."""
    took = []
    for _ in range(20):
        start = time.perf_counter()
        Model.load(shipped_models() / "base")
        took.append(time.perf_counter() - start)
    middle = sorted(took)[10] * 1e3
    return Figure("loading the model", f"{middle:.1f} ms", "≤ 5 ms", middle <= 5, "skops 0.6-2 s")


def _size() -> Figure:
    size = sum(path.stat().st_size for path in (shipped_models() / "base").iterdir())
    return Figure("model on disk", f"{size / 1e6:.2f} MB", "≤ 2 MB", size <= 2e6, "13-40 MB")


if __name__ == "__main__":
    sys.exit(main())
