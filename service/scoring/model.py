"""The trained model as served: weights and card from disk → probability, thresholds and terms.

An artifact is a folder with `weights.npz` (numbers only, never pickled) and `card.json`. Nothing of
scikit-learn is imported here.
"""

import hashlib
import io
import json
import math
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from service.domain import Score, Submission, Term
from service.scoring.explain import explain
from service.scoring.features import SPEC, WIDTH, Reading, read_submission
from service.scoring.hashing import COLUMNS, words_of
from service.scoring.words import Weighed, WordTable
from service.vocabulary import Outcome

WEIGHTS, CARD = "weights.npz", "card.json"

_BATCH = 256  # submissions whose words are hashed at once
_AHEAD = 20_000  # at most so many words


class ModelUnusable(ValueError):
    """The artifact cannot be served; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Model:
    """A linear model over the columns of `features`: `weights` [WIDTH] float32, in log-odds."""

    name: str
    weights: NDArray[np.float32]
    intercept: float
    publish_below: float
    reject_above: float
    card: Mapping[str, Any]
    _words: WordTable = field(init=False, repr=False, compare=False)
    _signals: list[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make what scoring goes through most often ready to hand."""
        object.__setattr__(self, "_words", WordTable(self.weights))
        object.__setattr__(self, "_signals", self.weights[COLUMNS:].tolist())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read an artifact. Raises ModelUnusable naming what is wrong: missing, truncated, changed
        (SHA-256), of another feature spec, or writable by everybody."""
        card = _read_card(path / CARD)
        raw = _read(path / WEIGHTS)
        if hashlib.sha256(raw).hexdigest() != card.get("sha256"):
            raise ModelUnusable(f"{path / WEIGHTS} is not what its card describes (SHA-256)")
        weights, intercept = _read_weights(raw, path / WEIGHTS)
        try:
            thresholds = card["thresholds"]
            below, above = float(thresholds["publish"]), float(thresholds["reject"])
            name = str(card["name"])
        except (KeyError, TypeError, ValueError):
            raise ModelUnusable(f"{path / CARD} lacks a name or thresholds") from None
        if not 0 <= below <= above <= 1:
            raise ModelUnusable(f"{path / CARD}: thresholds are not in order from 0 to 1")
        return cls(name, weights, intercept, below, above, card)

    def score(self, submission: Submission) -> Score:
        """The probability that a submission is spam, with terms unless it is clearly fine."""
        reading = read_submission(submission)
        return self._score(reading, self._words.weigh(reading.text))

    def score_many(self, submissions: Iterable[Submission]) -> Iterator[Score]:
        """The same scores in the same order, new words hashed in batches: for files."""
        ahead = iter(submissions)
        while batch := [read_submission(submission) for submission in islice(ahead, _BATCH)]:
            words = chain.from_iterable(words_of(reading.text) for reading in batch)
            self._words.meet(islice(words, _AHEAD))
            for reading in batch:
                yield self._score(reading, self._words.weigh(reading.text))

    def _score(self, reading: Reading, weighed: Weighed) -> Score:
        logit = self.intercept + weighed.logit
        for place, value in reading.signals.items():
            logit += value * self._signals[place]
        probability = probability_of(logit)
        terms: tuple[Term, ...] = ()
        if probability >= self.publish_below:
            terms = explain(weighed, reading.signals, self._signals)
        return Score(probability, self.name, terms, self.publish_below, self.reject_above)


def probability_of(logit: float) -> float:
    """The logistic function, safe for any finite log-odds."""
    if logit < 0:
        odds = math.exp(max(logit, -700.0))
        return odds / (1.0 + odds)
    return 1.0 / (1.0 + math.exp(-min(logit, 700.0)))


def outcome_of(score: Score) -> Outcome:
    """The verdict by the model's own two thresholds alone."""
    if score.probability < score.publish_below:
        return Outcome.PUBLISH
    return Outcome.REJECT if score.probability > score.reject_above else Outcome.HOLD


def save(path: Path, weights: NDArray[np.float32], intercept: float, card: dict[str, Any]) -> None:
    """Write an artifact; `card` gets the spec and the SHA-256 of the weights. Same input, same
    bytes. The card is written last, so that a torn write is refused by `load`."""
    buffer = io.BytesIO()
    np.savez(buffer, weights=weights.astype(np.float32), intercept=np.float64(intercept))
    path.mkdir(parents=True, exist_ok=True)
    _write(path / WEIGHTS, buffer.getvalue())
    card = {**card, "spec": SPEC, "sha256": hashlib.sha256(buffer.getvalue()).hexdigest()}
    text = json.dumps(card, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    _write(path / CARD, text.encode())


def find_current(directory: Path | None) -> Path:
    """Where the model in use is: the data directory's promoted one, else the one shipped."""
    if directory is not None and (directory / "models" / "current").exists():
        return directory / "models" / "current"
    return shipped_models() / "base"


def shipped_models() -> Path:
    """The folder of models that came with the program: in the wheel, else in the repository."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_models"
    return packed if packed.is_dir() else package.parent / "models"


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(content)
    draft.chmod(0o644)
    draft.replace(path)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o002:
                raise ModelUnusable(f"{path} is writable by everybody: chmod o-w it first")
            return file.read()
    except OSError as error:
        raise ModelUnusable(f"cannot read {path}: {error.strerror}") from None


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(_read(path))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise ModelUnusable(f"{path} is not JSON: truncated or damaged") from None
    if not isinstance(card, dict):
        raise ModelUnusable(f"{path} is not a model card")
    if card.get("spec") != SPEC:
        raise ModelUnusable(f"{path}: made for feature spec {card.get('spec')!r}, not {SPEC!r}")
    return card


def _read_weights(raw: bytes, path: Path) -> tuple[NDArray[np.float32], float]:
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            weights, intercept = arrays["weights"], float(arrays["intercept"])
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile):
        raise ModelUnusable(f"{path} holds no weights: truncated or damaged") from None
    if weights.shape != (WIDTH,) or weights.dtype != np.float32:
        raise ModelUnusable(f"{path}: {weights.shape} weights of {weights.dtype}, not ({WIDTH},)")
    if not (np.isfinite(weights).all() and math.isfinite(intercept)):
        raise ModelUnusable(f"{path} holds numbers that are not finite")
    return weights, intercept
