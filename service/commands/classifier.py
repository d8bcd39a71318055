"""`score`, `train`: the classifier on files of comments."""

import argparse
import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.commands.opened import add_data_dir, clock
from service.commands.progress import progress
from service.errors import UsageError

if TYPE_CHECKING:
    from service.domain import Score
    from service.scoring.corpora import Corpus
    from service.settings import Policy

_MOST_NAMED = 5  # broken rows named one by one


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    score = subparsers.add_parser("score", help="score a file of comments")
    score.add_argument("file", metavar="FILE.jsonl", help="one JSON object a line; - reads input")
    score.add_argument("--model", metavar="NAME", default="", help="a model's name or folder")
    score.set_defaults(run=run_score)
    train = subparsers.add_parser("train", help="train a model on labelled comments")
    train.add_argument(
        "--corpus", action="append", required=True, metavar="NAME=PATH", help="may be repeated"
    )
    train.add_argument("--out", required=True, type=Path, metavar="models/NAME")
    train.set_defaults(run=run_train)
    add_data_dir(score)


def run_score(args: argparse.Namespace) -> int:
    """Write every line of the file again, with score, verdict, band and reasons."""
    from service.commands.models import find_artifact
    from service.scoring.artifact import ModelUnusable
    from service.scoring.files import Scorer, read_blocks

    out = sys.stdout.buffer
    try:
        with Scorer(find_artifact(args, args.model), _answer, _count_cores()) as scorer:
            source = sys.stdin.fileno() if args.file == "-" else os.open(args.file, os.O_RDONLY)
            for answers in scorer.answers(read_blocks(source)):
                out.write(answers.text)
                out.flush()
                if answers.bad is not None:
                    raise UsageError(f"{args.file}:{answers.bad.number}: {answers.bad.why}")
    except ModelUnusable as error:
        raise UsageError(str(error)) from None
    except BrokenPipeError:  # whoever read our output has seen enough
        raise
    except OSError as error:
        raise UsageError(f"cannot read {args.file}: {error.strerror}") from None
    return 0


def _count_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _answer(entry: dict[str, Any], score: "Score") -> None:
    from service.policy import band
    from service.scoring.model import outcome_of

    entry["score"] = round(score.probability, 6)
    entry["verdict"] = outcome_of(score).value
    entry["band"] = band(score, _default_policy()).value
    entry["reasons"] = [term.text for term in score.terms if term.weight > 0]


@cache
def _default_policy() -> "Policy":
    from service.settings import Policy

    return Policy.from_settings({})


def run_train(args: argparse.Namespace) -> int:
    """Train, save and print what was measured on held-out comments."""
    from service.scoring import evaluation
    from service.scoring.artifact import Artifact
    from service.scoring.building import build
    from service.scoring.corpora import read_training_corpus

    corpora = [read_training_corpus(*named_file(text)) for text in args.corpus]
    if len({corpus.name for corpus in corpora}) < len(corpora):
        raise UsageError("--corpus: the same name twice; put the files together first")
    for corpus in corpora:
        tell_broken(corpus)
    try:
        with progress() as telling:
            built = build(corpora, args.out.name, clock(), telling.tell)
        Artifact.pack(built.fit.weights, built.fit.intercept, built.card).write(args.out)
    except ValueError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(f"cannot write {args.out}: {error.strerror}") from None
    print(evaluation.table(built.measures))
    thresholds = built.card["thresholds"]
    print(f"{args.out}: hold from {thresholds['publish']}, reject above {thresholds['reject']}")
    return 0


def named_file(text: str) -> tuple[str, Path]:
    """`NAME=PATH` as both. Raises UsageError."""
    name, equals, path = text.partition("=")
    if not equals or not path:
        raise UsageError(f"{text!r}: expected NAME=PATH")
    return name, Path(path)


def tell_broken(corpus: "Corpus") -> None:
    """Name what could not be read."""
    for line in corpus.broken[:_MOST_NAMED]:
        tell(f"skipped {line}")
    if len(corpus.broken) > _MOST_NAMED:
        tell(f"skipped {len(corpus.broken) - _MOST_NAMED} more broken rows of {corpus.path}")


def tell(text: str) -> None:
    print(text, file=sys.stderr)
