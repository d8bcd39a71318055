"""Spam of kinds that were not learnt: `python -m benchmarks.kinds [--corpora DIR]`.

The kinds of spam in models/corpus/written.jsonl are left out in turn, a third of them at a time,
and a model is built from everything else, thresholds included, as `comment-desk train` does. It
then judges the kinds left out, and honest comments that nothing was trained on. Without
`--corpora` the project's own files are all there is.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.corpora import PUBLIC_FILES
from benchmarks.figures import Figure, at_least, at_most, table
from service.scoring.building import build
from service.scoring.corpora import SOURCES, Corpus, Example, read_corpus
from service.scoring.evaluation import Rate
from service.scoring.model import Model, shipped_models

_FOLDS = 3
_OWN = shipped_models() / "corpus"
_HONEST = Path(__file__).parent.parent / "tests" / "scoring" / "written" / "hard_honest.jsonl"


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; always 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kinds", description=__doc__)
    parser.add_argument("--corpora", default=os.environ.get("COMMENT_DESK_CORPORA", ""),
                        help="folder of the public files (or COMMENT_DESK_CORPORA)")  # fmt: skip
    args = parser.parse_args(arguments)
    folder = Path(args.corpora) if args.corpora else None
    print(table(_figures(_corpora(folder), _honest(folder))))
    return 0


def _corpora(folder: Path | None) -> list[Corpus]:
    public = {} if folder is None else {name: folder / file for name, file in PUBLIC_FILES.items()}
    files = {name: _OWN / f"{name}.jsonl" for name in ("own", "written")} | public
    return [read_corpus(name, files[name]) for name in SOURCES if name in files]


def _honest(folder: Path | None) -> dict[str, list[Example]]:
    sets = {"hard_honest": read_corpus("own", _HONEST).examples}
    if folder is not None:
        sets["c3"] = read_corpus("c3", folder / "news_comments_c3.csv").examples
    return sets


def _figures(corpora: Sequence[Corpus], honest: dict[str, list[Example]]) -> list[Figure]:
    kind_of = _kinds()
    kinds = sorted(set(kind_of.values()))
    held: Counter[str] = Counter()
    told: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for fold in range(_FOLDS):
        out = set(kinds[fold::_FOLDS])
        print(f"without {', '.join(sorted(out))}", file=sys.stderr, flush=True)
        model = _built([_without(corpus, kind_of, out) for corpus in corpora])
        for kind in out:
            left_out = [e for c in corpora for e in c.examples if _kind(e, kind_of) == kind]
            told[kind] = len(left_out)
            held[kind] = _count_held(model, left_out)
        wrong.update({name: _count_held(model, examples) for name, examples in honest.items()})
    return [
        at_least("spam of kinds left out, held", Rate(held.total(), told.total()), 0.9),
        *(
            at_most(f"{name}: honest comments held", Rate(wrong[name], _FOLDS * len(rows)), 0.01)
            for name, rows in honest.items()
        ),
        *(Figure(kind, str(Rate(held[kind], told[kind]))) for kind in kinds),
    ]


def _kinds() -> dict[str, str]:
    """Spam written by hand → its kind."""
    rows = map(json.loads, (_OWN / "written.jsonl").read_text("utf-8").splitlines())
    return {row["comment"]: row["kind"] for row in rows if row["label"] == "spam"}


def _kind(example: Example, kind_of: dict[str, str]) -> str:
    return kind_of.get(example.submission.comment, "") if example.spam else ""


def _without(corpus: Corpus, kind_of: dict[str, str], kinds: set[str]) -> Corpus:
    kept = [example for example in corpus.examples if _kind(example, kind_of) not in kinds]
    return replace(corpus, examples=kept)


def _built(corpora: Sequence[Corpus]) -> Model:
    built = build(corpora, "without", datetime.now(UTC), lambda _: None)
    publish = float(built.card["thresholds"]["publish"])
    return Model("without", built.fit.weights, built.fit.intercept, publish, 1.0, {})


def _count_held(model: Model, examples: Sequence[Example]) -> int:
    scores = model.score_many(example.submission for example in examples)
    return sum(score.probability >= model.publish_below for score in scores)


if __name__ == "__main__":
    sys.exit(main())
