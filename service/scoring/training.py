"""Corpora → artifact: readings, one disguised copy for some, a linear model, measured thresholds.

The only module that imports scikit-learn. Same corpora in, same weights out.
"""

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from service.domain import Submission
from service.scoring.corpora import Example
from service.scoring.features import WIDTH, Reading, read_submission
from service.scoring.hashing import COLUMNS, matrix
from service.scoring.signals import SIGNALS
from service.text import find_links, normalise, unveil

STRENGTH = 20.0  # C of the logistic regression: the inverse of its regularisation
TOLERANCE = 0.01
_SEED = 20260301
_BATCH = 256
_LEET = {
    "a": "4@",
    "e": "3",
    "i": "1!",
    "o": "0",
    "s": "5$",
    "t": "7",
    "l": "1",
    "b": "8",
    "g": "9",
}
_LEET_SPAM, _LEET_HAM = 1.0, 0.1  # share of the comments that get a disguised copy
_LEET_WEIGHT = 0.3  # of a disguised copy
_UNSEEN = 0.5  # comments of either label that a gram is taken to be in beside those it is in
_ENOUGH_LETTERS = 50
_LATIN = re.compile("[a-z]")  # words the model can read: see hashing.COVERED_SCRIPTS
_UNDER_ARTICLE = 0.5  # share of the comments that stand under an article in training


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted linear model: `weights` [WIDTH] float32 and `intercept`, in log-odds."""

    weights: NDArray[np.float32]
    intercept: float


def train(examples: Sequence[Example]) -> Fit:
    """Fit the model on examples. Raises ValueError unless both labels are there."""
    from sklearn.linear_model import LogisticRegression

    if len({example.spam for example in examples}) < 2:
        raise ValueError("training needs both spam and ham")
    submissions, labels, emphasis = prepare(examples)
    regression = LogisticRegression(
        C=STRENGTH, solver="liblinear", dual=True, tol=TOLERANCE, max_iter=200, random_state=_SEED
    )
    rows = sparse(map(read_submission, submissions), len(submissions))
    scale = _telling(rows, labels, emphasis)
    regression.fit(rows.multiply(scale).tocsr(), labels, sample_weight=emphasis)
    weights = (regression.coef_[0] * scale).astype(np.float32)
    return Fit(weights, float(regression.intercept_[0]))


def _telling(
    rows: Any, labels: NDArray[np.int8], emphasis: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How readily the weight of each column may grow [WIDTH]: by how far its gram tells spam from
    ham on its own, the root of the mean square over all grams being one; a signal counts as one.

    The log-count ratio of Wang and Manning 2012, "Baselines and Bigrams", taken without its sign.
    It keeps a rare word that happens to stand in spam from deciding a short comment.
    """
    present = rows[:, :COLUMNS].astype(bool).T
    spam = present @ (emphasis * labels) + _UNSEEN
    ham = present @ (emphasis * (1 - labels)) + _UNSEEN
    ratio = np.abs(np.log((spam / spam.sum()) / (ham / ham.sum())))
    return np.concatenate((ratio / np.sqrt(np.mean(ratio**2)), np.ones(len(SIGNALS))))


def prepare(
    examples: Sequence[Example],
) -> tuple[list[Submission], NDArray[np.int8], NDArray[np.float64]]:
    """The submissions to train on, disguised copies included, their labels and weights."""
    dice = random.Random(_SEED)  # noqa: S311 - repeatable choice, not a secret
    pages = [e.submission for e in examples if e.submission.page_title]
    submissions: list[Submission] = []
    labels: list[bool] = []
    emphasis: list[float] = []
    for example in filter(_can_teach, examples):
        placed = _place(example, pages, dice)
        copies = [placed, *_without_links(placed, example.spam)]
        weights = [example.weight] * len(copies)
        if dice.random() < (_LEET_SPAM if example.spam else _LEET_HAM):
            copies.append(replace(placed, comment=leet(placed.comment, dice)))
            weights.append(example.weight * _LEET_WEIGHT)
        submissions += copies
        labels += [example.spam] * len(copies)
        emphasis += weights
    return submissions, np.array(labels, np.int8), np.array(emphasis)


def _can_teach(example: Example) -> bool:
    """Whether more can be learnt from a spam example than that its script is spam."""
    text = example.submission.comment
    return not example.spam or bool(_LATIN.search(normalise(text)) or find_links(text))


def _place(example: Example, pages: list[Submission], dice: random.Random) -> Submission:
    """Under an article half of the time: its own, or, for spam, any; and spam that has an article
    of its own under any other in the other half."""
    submission, under = example.submission, dice.random() < _UNDER_ARTICLE
    if example.spam and pages and under != bool(submission.page_title):
        page = dice.choice(pages)
        return replace(submission, page_title=page.page_title, page_text=page.page_text)
    if submission.page_title and not submission.name and not under:
        return replace(submission, page_title="", page_text="")
    return submission


def _without_links(submission: Submission, spam: bool) -> list[Submission]:
    """A spammer's words alone, so that they count without a link.

    Not where the model cannot read them: there nothing but the script would be left to learn.
    """
    links = find_links(submission.comment) if spam else ()
    text = unveil(submission.comment) if links else ""
    for link in links:
        text = text.replace(link.url, " ")
    text = re.sub("<[^>]*>|\\[[^]]*]", " ", text)
    enough = len(_LATIN.findall(normalise(text))) >= _ENOUGH_LETTERS
    return [replace(submission, comment=text)] if enough else []


def leet(text: str, dice: random.Random) -> str:
    """A copy in which about half of the letters that have a look-alike figure are replaced."""

    def disguise(match: re.Match[str]) -> str:
        letter = match[0]
        return dice.choice(_LEET[letter.lower()]) if dice.random() < 0.5 else letter

    parts = re.split(r"(https?://\S+|www\.\S+|<[^>]*>)", text)  # links must go on working
    return "".join(
        part if place % 2 else re.sub("[aeiostlbgAEIOSTLBG]", disguise, part)
        for place, part in enumerate(parts)
    )


def sparse(readings: Iterable[Reading], count: int) -> Any:
    """The readings as a scipy CSR matrix [count, WIDTH] of float64."""
    from scipy.sparse import csr_matrix

    values: list[NDArray[Any]] = []
    columns: list[NDArray[Any]] = []
    bounds: list[NDArray[Any]] = [np.zeros(1, np.int64)]
    batch: list[Reading] = []
    for place, reading in enumerate(readings):
        batch.append(reading)
        if len(batch) == _BATCH or place == count - 1:
            for piece, kept in zip(rows_of(batch), (values, columns, bounds), strict=True):
                kept.append(piece)
            batch = []
    ends = np.cumsum(np.concatenate(bounds))
    return csr_matrix((np.concatenate(values), np.concatenate(columns), ends), shape=(count, WIDTH))


def rows_of(batch: list[Reading]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Values, columns and row lengths of a batch: grams first, then signals."""
    found = matrix([reading.text for reading in batch])
    signals = np.zeros((len(batch), len(SIGNALS)))
    for row, reading in enumerate(batch):
        for place, value in reading.signals.items():
            signals[row, place] = value
    counts = np.diff(found.bounds)
    row_of = np.concatenate(
        (np.repeat(np.arange(len(batch)), counts), np.repeat(np.arange(len(batch)), len(SIGNALS)))
    )
    columns = np.concatenate(
        (found.columns, np.tile(np.arange(COLUMNS, WIDTH, dtype=np.int32), len(batch)))
    )
    grams = found.counts * np.repeat(found.scale, counts)
    values = np.concatenate((grams, signals.ravel()))
    kept = np.flatnonzero(values)
    kept = kept[np.argsort(row_of[kept], kind="stable")]
    return values[kept], columns[kept], np.bincount(row_of[kept], minlength=len(batch))
