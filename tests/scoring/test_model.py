"""An artifact is served as it was saved, or refused with the reason."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.domain import Score
from service.scoring.artifact import CARD, WEIGHTS, Artifact, ModelUnusable
from service.scoring.corpora import Example, bounded
from service.scoring.features import WIDTH
from service.scoring.model import Model, outcome_of, probability_of
from service.scoring.training import Fit
from service.vocabulary import Outcome


def test_saved_and_loaded_it_gives_the_same_scores(
    fit: Fit, artifact: Path, examples: list[Example]
) -> None:
    fresh = Model("tiny", fit.weights, fit.intercept, 0.4, 0.95, {})
    loaded = Model.load(artifact)

    for example in examples:
        assert loaded.score(example.submission) == fresh.score(example.submission)


def test_a_batch_gives_the_scores_of_one_at_a_time(artifact: Path, examples: list[Example]) -> None:
    model = Model.load(artifact)
    submissions = [example.submission for example in examples] * 12  # more than a batch

    together = list(model.score_many(submissions))

    for score, submission in zip(together, submissions, strict=True):
        alone = model.score(submission)
        assert score.probability == pytest.approx(alone.probability, abs=1e-6)
        assert [term.text for term in score.terms] == [term.text for term in alone.terms]


def test_saving_the_same_twice_writes_the_same_bytes(fit: Fit, tmp_path: Path) -> None:
    card = {"name": "same", "thresholds": {"publish": 0.4, "reject": 1.0}}

    for folder in ("a", "b"):
        Artifact.pack(fit.weights, fit.intercept, card).write(tmp_path / folder)

    for name in (CARD, WEIGHTS):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def _rewrite_card(path: Path, **changes: object) -> None:
    card = json.loads((path / CARD).read_text())
    (path / CARD).write_text(json.dumps(card | changes))


def _save_weights(path: Path, weights: NDArray[Any]) -> None:
    np.savez(path / WEIGHTS, weights=weights, intercept=np.float64(0))
    raw = (path / WEIGHTS).read_bytes()
    _rewrite_card(path, sha256=hashlib.sha256(raw).hexdigest())


def _save_raw(path: Path, array: bytes) -> None:
    """As weights an array that was written by nobody's numpy."""
    with zipfile.ZipFile(path / WEIGHTS, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights.npy", array)
    _rewrite_card(path, sha256=hashlib.sha256((path / WEIGHTS).read_bytes()).hexdigest())


def _garble_weights(path: Path) -> None:
    _save_raw(path, bytes(range(256)) * 40)
    raw = bytearray((path / WEIGHTS).read_bytes())
    raw[45:60] = b"\xff" * 15
    (path / WEIGHTS).write_bytes(raw)
    _rewrite_card(path, sha256=hashlib.sha256(raw).hexdigest())


def _claim_endless_weights(path: Path) -> None:
    head = io.BytesIO()
    claim = {"descr": "<f4", "fortran_order": False, "shape": (10**15,)}
    np.lib.format.write_array_header_1_0(head, claim)
    _save_raw(path, head.getvalue())


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no card": (lambda path: (path / CARD).unlink(), "cannot read"),
    "no weights": (lambda path: (path / WEIGHTS).unlink(), "cannot read"),
    "card cut": (lambda path: _cut(path / CARD), "truncated"),
    "card a list": (lambda path: (path / CARD).write_text("[]"), "not a model card"),
    "weights cut": (lambda path: _cut(path / WEIGHTS), "SHA-256"),
    "weights changed": (
        lambda path: (path / WEIGHTS).write_bytes((path / WEIGHTS).read_bytes() + b"x"),
        "SHA-256",
    ),
    "another spec": (lambda path: _rewrite_card(path, spec="0"), "feature spec"),
    "thresholds crossed": (
        lambda path: _rewrite_card(path, thresholds={"publish": 0.9, "reject": 0.1}),
        "thresholds",
    ),
    "endless threshold": (
        lambda path: _rewrite_card(path, thresholds={"publish": 10**400, "reject": 1}),
        "thresholds",
    ),
    "endless number": (lambda path: (path / CARD).write_text(f'{{"n": {"9" * 5000}}}'), "not JSON"),
    "no thresholds": (lambda path: _rewrite_card(path, thresholds=None), "thresholds"),
    "writable by all": (lambda path: (path / WEIGHTS).chmod(0o666), "writable by everybody"),
    "too few weights": (
        lambda path: _save_weights(path, np.zeros(5, np.float32)),
        "weights of",
    ),
    "not a number": (
        lambda path: _save_weights(path, np.full(WIDTH, np.nan, np.float32)),
        "not finite",
    ),
    "garbled inside": (lambda path: _garble_weights(path), "no weights"),
    "claims to be endless": (lambda path: _claim_endless_weights(path), "no weights"),
    "pickled": (
        lambda path: _save_weights(path, np.array([{}], dtype=object)),
        "no weights",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_artifact_is_refused_with_the_reason(kind: str, artifact: Path) -> None:
    Model.load(artifact)
    damage, reason = DAMAGE[kind]

    damage(artifact)

    with pytest.raises(ModelUnusable, match=reason):
        Model.load(artifact)


def test_the_thresholds_split_scores_in_three() -> None:
    outcomes = [
        outcome_of(Score(probability, "m", publish_below=0.2, reject_above=0.9))
        for probability in (0.0, 0.19, 0.2, 0.9, 0.91)
    ]

    assert outcomes == [
        Outcome.PUBLISH,
        Outcome.PUBLISH,
        Outcome.HOLD,
        Outcome.HOLD,
        Outcome.REJECT,
    ]


@given(st.floats(allow_nan=False))
def test_any_log_odds_give_a_probability(logit: float) -> None:
    assert 0.0 <= probability_of(logit) <= 1.0


@given(st.floats(-30, 30), st.floats(0, 5))
def test_more_log_odds_never_give_less_probability(logit: float, more: float) -> None:
    assert probability_of(logit + more) >= probability_of(logit)


@given(comment=st.text(max_size=200))
def test_any_comment_is_scored(base: Model, comment: str) -> None:
    score = base.score(bounded(comment))

    assert 0.0 <= score.probability <= 1.0
    assert len(score.terms) <= 8
