"""`evaluate`: one model, or two side by side, on files of labelled comments."""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from service.commands.classifier import named_file, tell_broken
from service.commands.opened import add_data_dir, clock
from service.commands.progress import Telling, progress
from service.errors import UsageError

if TYPE_CHECKING:
    from service.scoring.corpora import Corpus
    from service.scoring.measuring import Contender, Measured


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    evaluate = subparsers.add_parser("evaluate", help="measure a model on labelled comments")
    evaluate.add_argument("model", metavar="MODEL", help="a model's name or folder")
    evaluate.add_argument(
        "files", nargs="+", metavar="FILE", help="JSON Lines, or NAME=PATH of a known corpus"
    )
    evaluate.add_argument("--against", metavar="MODEL", help="another model, to compare it with")
    evaluate.add_argument("--report", type=Path, metavar="FILE.html", help="charts and mistakes")
    evaluate.set_defaults(run=run_evaluate)
    add_data_dir(evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    """Print false positives, recall and calibration on each file; write the report if asked."""
    names = [args.model] if args.against is None else [args.model, args.against]
    contenders = tuple(_contender(args, name) for name in names)
    with _draft(args.report) as draft:
        with progress() as telling:
            measured = _measure(args.files, contenders, telling)
        _print(measured)
        if draft is not None:
            from service.scoring.report import render

            page = render(measured, clock()).encode("utf-8", "replace")
            try:
                draft.write_bytes(page)
            except OSError as error:  # a full disk
                raise UsageError(f"cannot write {args.report}: {error.strerror}") from None
    if args.report is not None:
        print(f"report: {args.report}")
    return 0


def _contender(args: argparse.Namespace, name: str) -> "Contender":
    from service.commands.models import find_artifact
    from service.scoring.artifact import ModelUnusable
    from service.scoring.measuring import Contender

    try:
        return Contender.of(find_artifact(args, name))
    except ModelUnusable as error:
        raise UsageError(str(error)) from None


def _measure(
    files: Sequence[str], contenders: "tuple[Contender, ...]", telling: Telling
) -> "Measured":
    """Read every file before the first comment is scored, so that a bad one is told at once."""
    from service.scoring.comparison import scores_of
    from service.scoring.measuring import Measured, Sample

    corpora = [_read(text) for text in files]
    samples = []
    for name, corpus in corpora:
        count, scores = len(corpus.examples), []
        for one in contenders:
            examples = telling.follow(corpus.examples, count, f"{one.name} on {name}")
            scores.append(scores_of(one.model, examples))
        samples.append(Sample(name, corpus, tuple(scores)))
    return Measured(contenders, tuple(samples))


def _read(text: str) -> "tuple[str, Corpus]":
    from service.scoring.corpora import read_corpus

    known, path = named_file(text) if "=" in text else ("own", Path(text))
    corpus = read_corpus(known, path)
    tell_broken(corpus)
    if not corpus.examples:
        raise UsageError(f"{path} holds no comment to measure on")
    return (known if "=" in text else path.stem), corpus


def _print(measured: "Measured") -> None:
    from service.scoring import evaluation

    told = [f"model {one.name}, held from {one.model.publish_below}" for one in measured.contenders]
    print(f"{'; against '.join(told)}; intervals at 95 %")
    print(evaluation.table(measured.rows()))
    for line in measured.verdict():
        print(line)


@contextmanager
def _draft(report: Path | None) -> Iterator[Path | None]:
    """A file beside the report, which takes its place when the block ends well.

    Raises UsageError where none can be written, before anything else is done.
    """
    if report is None:
        yield None
        return
    place = report.resolve()
    if place.exists() and not place.is_file():
        raise UsageError(f"cannot write {report}: not a file")
    draft = place.with_name(f".{place.name}.{os.getpid()}.new")
    try:
        draft.touch()
    except OSError as error:
        raise UsageError(f"cannot write {report}: {error.strerror}") from None
    try:
        yield draft
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
