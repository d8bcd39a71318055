"""`models`, `retrain`, `promote`, `rollback`, `shadow`: which model is in use, and better ones."""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.commands.opened import (
    add_data_dir,
    clock,
    data_dir_of,
    has_database,
    opened,
    transaction,
)
from service.commands.progress import progress
from service.errors import UsageError

if TYPE_CHECKING:
    from service.retrain import Candidate
    from service.scoring.artifact import Artifact
    from service.scoring.corpora import Example

    Read = Callable[[], Artifact]  # raises ModelUnusable

_ACTOR = "command line"
_NICE = 10  # what is served comes first


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    models = subparsers.add_parser("models", help="list the models there are")
    models.set_defaults(run=run_models)
    retrain = subparsers.add_parser("retrain", help="learn a model from moderators' decisions")
    retrain.add_argument("--promote", action="store_true", help="use it if it is not worse")
    retrain.set_defaults(run=run_retrain)
    promote = subparsers.add_parser("promote", help="use a model from now on, in every process")
    promote.add_argument("name", metavar="NAME", help="of `models`, or a model's folder")
    promote.set_defaults(run=run_promote)
    rollback = subparsers.add_parser("rollback", help="use the model before this one again")
    rollback.set_defaults(run=run_rollback)
    shadow = subparsers.add_parser("shadow", help="score in the shadow with a model, or with none")
    wanted = shadow.add_mutually_exclusive_group(required=True)
    wanted.add_argument("name", metavar="NAME", nargs="?", help="of the database's in `models`")
    wanted.add_argument("--off", action="store_true", help="with none")
    shadow.set_defaults(run=run_shadow)
    for parser in (retrain, promote):
        parser.add_argument("--force", action="store_true", help="even if it is worse")
    for parser in (retrain, promote, rollback):
        parser.add_argument("--reason", default="", help="kept with the promotion")
    for parser in (models, retrain, promote, rollback, shadow):
        add_data_dir(parser)


def run_models(args: argparse.Namespace) -> int:
    """Print a line for every model found, and what can be promised of each site's thresholds."""
    from service.promote import certify, promise, reject_words
    from service.scoring.artifact import ModelUnusable
    from service.scoring.model import Model
    from service.store import sites

    used, found = _list_models(args)
    for name, read in found:
        mark = "*" if name == used else " "
        try:
            artifact = read()
            model = Model.of(artifact)
        except ModelUnusable as error:
            print(f"{mark} {name:<16} unusable: {error}")
            continue
        print(f"{mark} {name:<16} {_summary(model.card)}  hold from {model.publish_below}, "
              f"reject above {model.reject_above}  {artifact.place}")  # fmt: skip
    if has_database(args):
        with transaction(args) as conn:
            for site in sites.list_sites(conn):
                said = promise(site, certify(conn, site, used))
                print(f"{site.key}: {said}; now {reject_words(site.policy)}")
    return 0


def run_retrain(args: argparse.Namespace) -> int:
    """Learn from the decisions, print the comparison, and promote if asked and not worse."""
    from service.promote import current_model, find_usable, promote
    from service.retrain import retrain
    from service.scoring.artifact import ModelUnusable
    from service.scoring.model import Model

    _check_force(args)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    with opened(args) as database:
        try:
            with database.transaction() as conn:
                current = current_model(conn)
        except ModelUnusable as error:
            raise UsageError(f"{error}: promote a usable one first") from None
        with progress() as telling:
            candidate = retrain(
                database, current=current, base=Model.load(_shipped()), corpus=_shipped_corpus(),
                folder=data_dir_of(args), now=clock(), tell=telling.tell, follow=telling.follow,
            )  # fmt: skip
        _print_comparison(candidate)
        if not args.promote:
            print(f"stored as {candidate.name}; comment-desk promote {candidate.name}")
            return 0
        if candidate.against and not args.force:
            print(f"stored as {candidate.name}, not promoted")
            return 1
        with database.transaction() as conn:
            promote(
                conn, find_usable(conn, candidate.name), force=args.force, actor=_ACTOR,
                reason=args.reason, now=clock(),
            )  # fmt: skip
    print(f"{candidate.name} is in use")
    return 0


def run_promote(args: argparse.Namespace) -> int:
    """Use a model: one of the database, the shipped one, or one from a folder."""
    from service.promote import find_usable, promote
    from service.scoring.model import Model
    from service.store import models

    _check_force(args)
    now = clock()
    with _usable_models():
        artifact = find_artifact(args, args.name)
        name = Model.of(artifact).name
        with transaction(args) as conn:
            shipped = artifact.place == str(_shipped())
            if not shipped:
                models.add_model(conn, name, artifact.card, artifact.weights, now)
            promote(
                conn, find_usable(conn, None if shipped else name), force=args.force,
                actor=_ACTOR, reason=args.reason, now=now,
            )  # fmt: skip
    print(f"{name} is in use")
    return 0


def run_rollback(args: argparse.Namespace) -> int:
    """Use the model before the one in use again."""
    from service.promote import find_usable_before, roll_back

    with _usable_models(), transaction(args) as conn:
        model = find_usable_before(conn)
        roll_back(conn, model, actor=_ACTOR, reason=args.reason, now=clock())
    print(f"{model.name or _shipped().name} is in use again")
    return 0


def run_shadow(args: argparse.Namespace) -> int:
    """Let a model score beside the one in use, or none; it decides nothing."""
    from service.promote import find_usable, shade

    with _usable_models(), transaction(args) as conn:
        model = find_usable(conn, args.name) if args.name else None
        shade(conn, model, actor=_ACTOR, now=clock())
    print(f"{args.name} scores in the shadow" if args.name else "nothing scores in the shadow")
    return 0


@contextmanager
def _usable_models() -> Iterator[None]:
    """A model that cannot be used ends the command with what is wrong with it."""
    from service.scoring.artifact import ModelUnusable

    try:
        yield
    except ModelUnusable as error:
        raise UsageError(str(error)) from None


def find_artifact(args: argparse.Namespace, name: str) -> "Artifact":
    """The model of this name or folder; without a name the one in use. Raises UsageError."""
    from service.scoring.artifact import Artifact

    used, found = _list_models(args)
    wanted = name or used
    if os.sep in name and Path(name).is_dir():
        found = [(wanted, partial(Artifact.read, Path(name)))]
    with _usable_models():
        for known, read in reversed(found):  # the database's first
            if known == wanted:
                return read()
    raise UsageError(f"no model named {wanted!r}; `comment-desk models` lists them")


def _list_models(args: argparse.Namespace) -> "tuple[str, list[tuple[str, Read]]]":
    """The name of the model in use, and how to read every model: shipped, in folders, in the
    database. A damaged one is in the way of none of the others.

    Works where nothing was set up, and then makes nothing.
    """
    from service.scoring.artifact import CARD, Artifact
    from service.store import models

    used, folder = _shipped().name, data_dir_of(args) / "models"
    paths = [_shipped(), *(sorted(folder.iterdir()) if folder.is_dir() else ())]
    found: list[tuple[str, Read]] = [
        (path.name, partial(Artifact.read, path)) for path in paths if (path / CARD).is_file()
    ]
    if has_database(args):
        with transaction(args) as conn:
            promotions = models.list_promotions(conn, limit=1)
            used = (promotions[0].model if promotions else None) or used
            found += [
                (kept.name, partial(Artifact, kept.card, kept.weights, "database"))
                for kept in models.list_models(conn)
            ]
    return used, found


def _shipped() -> Path:
    from service.scoring.model import shipped_models

    return shipped_models() / "base"


def _shipped_corpus() -> "list[Example]":
    from service.scoring.corpora import read_corpus
    from service.scoring.model import shipped_models

    return read_corpus("own", shipped_models() / "corpus" / "own.jsonl").examples


def _check_force(args: argparse.Namespace) -> None:
    if args.force and not args.reason.strip():
        raise UsageError("--force needs --reason, which is kept with the promotion")


def _summary(card: Any) -> str:
    parts = card.get("trained_on", [])
    spam, ham = (sum(part.get(label, 0) for part in parts) for label in ("spam", "ham"))
    return f"{str(card.get('created', ''))[:10]:<10}  {spam} spam, {ham} ham"


def _print_comparison(candidate: "Candidate") -> None:
    from service.scoring import evaluation

    print(evaluation.table([m for c in candidate.comparisons for m in (c.current, c.candidate)]))
    for line in candidate.against:
        print(f"against it: {line}")
    if not candidate.against:
        print("not worse than the model in use")
