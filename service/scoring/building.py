"""Corpora → weights and card: measure on what was held out, set thresholds, then fit on all.

Held out is the newer half of a corpus that has an order in time, else three comments in ten,
chosen by a hash of their text. Nearly the same texts are never on both sides.
"""

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.likeness import fingerprint
from service.scoring import evaluation
from service.scoring.corpora import SOURCES, Corpus, Example
from service.scoring.evaluation import Labels, Measures, Scores
from service.scoring.hashing import COVERED_SCRIPTS
from service.scoring.model import Model
from service.scoring.training import STRENGTH, Fit, train

HELD_MEAN, HELD_WORST = 0.0015, 0.01  # honest comments held, over article sites
REJECT_ALPHA, REJECT_DELTA = 0.001, 0.05  # at most 0.1 % rejected wrongly, at 95 % confidence
NEAR = 6  # bits of 64: closer fingerprints are the same text

_HASHED_SHARE = 30  # percent held out where there is no order in time
_CHUNK = 512
_WEAKNESSES = (
    "Only Latin script has word weights. Comments in other scripts are judged by their links, "
    "contacts and fields alone: spam there without any of these is not seen.",
    "Promotion in plain words, without a link, a contact or a website, is the hardest to see.",
    "Names, e-mail addresses and websites were learnt from comments written for this project; "
    "the public corpora have none.",
    "A little spam remains among the honest comments of blog_comments and counts as false "
    "positives.",
)


@dataclass(frozen=True, slots=True)
class Built:
    """A model to be saved, its card, and what was measured."""

    fit: Fit
    card: dict[str, Any]
    measures: list[Measures]


def build(
    corpora: Sequence[Corpus], name: str, now: datetime, tell: Callable[[str], None]
) -> Built:
    """Measure on held-out comments, then fit on everything. Raises ValueError without both labels.

    `tell` hears of each step. Deterministic but for `now`, which only the card holds.
    """
    parts = {corpus.name: split(corpus.examples) for corpus in corpora}
    tell(f"fitting on {sum(len(part[0]) for part in parts.values())} comments, rest held out")
    fit = train([example for part in parts.values() for example in part[0]])
    scored = {
        source: _score(fit, without_near(held, kept)) for source, (kept, held) in parts.items()
    }
    publish, reject = _thresholds(scored)
    measures = [_measure(source, *pair, publish) for source, pair in scored.items()]
    examples = [example for corpus in corpora for example in corpus.examples]
    tell(f"fitting on all {len(examples)} comments")
    card = _card(corpora, measures, publish, reject) | {"name": name, "created": now.isoformat()}
    return Built(train(examples), card, measures)


def split(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """`(kept, held out)`, as the module says."""
    if any(example.order for example in examples):
        half = len(examples) // 2
        return list(examples[:half]), list(examples[half:])
    kept: list[Example] = []
    held: list[Example] = []
    for example in examples:
        place = zlib.crc32(example.submission.comment.encode("utf-8", "replace")) % 100
        (held if place < _HASHED_SHARE else kept).append(example)
    return kept, held


def without_near(held: Sequence[Example], kept: Sequence[Example]) -> list[Example]:
    """The held-out examples that are not nearly the same as one that was kept."""
    seen = _fingerprints(kept)
    fresh: list[Example] = []
    for start in range(0, len(held), _CHUNK):
        chunk = held[start : start + _CHUNK]
        bits = np.bitwise_count(_fingerprints(chunk)[:, None] ^ seen[None, :])
        near = (bits <= NEAR).any(axis=1)
        fresh += [example for example, known in zip(chunk, near, strict=True) if not known]
    return fresh


def _fingerprints(examples: Sequence[Example]) -> NDArray[np.uint64]:
    return np.array([fingerprint(e.submission.comment) for e in examples], np.uint64)


def _score(fit: Fit, examples: Sequence[Example]) -> tuple[Scores, Labels]:
    model = Model("candidate", fit.weights, fit.intercept, 2.0, 2.0, {})  # 2: nothing to explain
    scores = model.score_many(example.submission for example in examples)
    return (
        np.array([score.probability for score in scores]),
        np.array([example.spam for example in examples], np.bool_),
    )


def _thresholds(scored: dict[str, tuple[Scores, Labels]]) -> tuple[float, float]:
    """Both thresholds, from every other honest comment of article sites (of all, if there are
    none); `_measure` looks at the rest."""
    chosen = [source for source in scored if SOURCES[source].article_site] or list(scored)
    groups = [scores[~labels][::2] for scores, labels in (scored[source] for source in chosen)]
    groups = [group for group in groups if len(group)]
    if not groups:
        return 0.5, 1.0
    publish = evaluation.publish_threshold(groups, HELD_MEAN, HELD_WORST)
    certified = evaluation.certified_threshold(np.concatenate(groups), REJECT_ALPHA, REJECT_DELTA)
    return publish, 1.0 if certified is None else max(certified, publish)


def _measure(source: str, scores: Scores, labels: Labels, publish: float) -> Measures:
    chosen = np.flatnonzero(~labels)[::2]
    apart = np.ones(len(labels), np.bool_)
    apart[chosen] = False
    return evaluation.measure(source, scores[apart], labels[apart], publish)


def _card(
    corpora: Sequence[Corpus], measures: Sequence[Measures], publish: float, reject: float
) -> dict[str, Any]:
    whole = hashlib.sha256("".join(sorted(c.fingerprint for c in corpora)).encode())
    needed = evaluation.examples_needed(REJECT_ALPHA, REJECT_DELTA)
    return {
        "thresholds": {"publish": publish, "reject": reject},
        "threshold_method": (
            f"publish: lowest that holds {HELD_MEAN:.2%} of held-out honest comments as the mean "
            f"over article sites and {HELD_WORST:.2%} at the worst; reject: certified at "
            f"{REJECT_ALPHA:.1%} with confidence {1 - REJECT_DELTA:.0%} on {needed} held-out "
            "honest comments or more, else 1.0"
        ),
        "held_out": {m.name: m.as_card() for m in measures},
        "held_out_method": (
            "measured by a model fitted without these comments: the newer half of a corpus with "
            "an order in time, else 30 %, near-duplicates removed, and the half of the honest ones "
            "that set the thresholds removed; the weights shipped are fitted on all of it"
        ),
        "trained_on": [
            {
                "source": corpus.name,
                "terms": corpus.terms,
                "sha256": corpus.fingerprint,
                "spam": sum(example.spam for example in corpus.examples),
                "ham": sum(not example.spam for example in corpus.examples),
                "broken_rows": len(corpus.broken),
            }
            for corpus in corpora
        ],
        "data_fingerprint": whole.hexdigest(),
        "regularisation": STRENGTH,
        "scripts": list(COVERED_SCRIPTS),
        "weaknesses": list(_WEAKNESSES),
    }
