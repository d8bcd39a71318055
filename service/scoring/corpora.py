"""Files of labelled comments → examples: one reader a source, broken rows counted and named."""

import csv
import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from service.domain import Submission
from service.errors import UsageError

_TEXT_LIMIT = 10_000  # characters, as many as a submission may have
_EXCERPT = 2_000

Row = Mapping[str, str]
Place = tuple[int, Row]  # line and row


class BrokenRow(ValueError):
    """A row that cannot become an example; the text says why."""


class Example(Struct, frozen=True):
    """A submission and its label; `order` sorts the examples of a corpus by time, if it has any.

    `weight` is how much it counts in training.
    """

    submission: Submission
    spam: bool
    order: str = ""
    weight: float = 1.0


@dataclass(slots=True)
class Corpus:
    """The examples of one file, oldest first, and what could not be read, each with its line."""

    name: str
    path: Path
    terms: str
    fingerprint: str
    examples: list[Example] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Source:
    """How a named public source is read, and on what terms it is published.

    `article_site`: its honest comments stand under articles, so that thresholds are set on them.
    `ham` and `spam` are how much a comment of either label counts in training.
    """

    terms: str
    read: Callable[[Row, Mapping[str, Row]], Example]
    article_site: bool = False
    ham: float = 1.0
    spam: float = 1.0


def bounded(comment: str, **fields: str) -> Submission:
    """A submission from a file, cut to the lengths that intake allows."""
    cut = {name: value[:_EXCERPT] for name, value in fields.items()}
    return Submission(
        site="",
        page_url="",
        name=cut.get("name", ""),
        email=cut.get("email", ""),
        comment=comment[:_TEXT_LIMIT],
        website=cut.get("website", ""),
        page_title=cut.get("page_title", ""),
        page_text=cut.get("page_text", ""),
        lang=cut.get("lang", ""),
    )


def _submission(comment: str, **fields: str) -> Submission:
    if not comment.strip():
        raise BrokenRow("the comment is empty")
    return bounded(comment, **fields)


def _column(row: Row, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise BrokenRow(f"no column {name!r}")
    return value


def _label(row: Row) -> bool:
    value = str(row.get("label", "")).strip().lower()
    if value not in _LABELS:
        raise BrokenRow(f"label {value!r} is not spam or ham")
    return _LABELS[value]


_LABELS = {"1": True, "spam": True, "true": True, "0": False, "ham": False, "false": False}


def _labelled(order: str = "") -> Callable[[Row, Mapping[str, Row]], Example]:
    def read(row: Row, _: Mapping[str, Row]) -> Example:
        text = _column(row, "text").replace("\ufeff", "")
        place = row[order].zfill(12) if order else ""
        return Example(_submission(text), _label(row), place)

    return read


def _honest(column: str) -> Callable[[Row, Mapping[str, Row]], Example]:
    def read(row: Row, _: Mapping[str, Row]) -> Example:
        return Example(_submission(_column(row, column)), False)

    return read


def _blog_comment(row: Row, articles: Mapping[str, Row]) -> Example:
    article = articles.get(_column(row, "slug"), {})
    submission = _submission(
        _column(row, "text"), page_title=article.get("title", ""), page_text=article.get("body", "")
    )
    return Example(submission, False, row.get("date", ""))


def _own(row: Row, _: Mapping[str, Row]) -> Example:
    names = ("name", "email", "website", "page_title", "page_text", "lang")
    fields = {name: str(row.get(name) or "") for name in names}
    submission = _submission(_column(row, "comment"), **fields)
    return Example(submission, _label(row))


SOURCES: dict[str, Source] = {
    "own": Source("composed for this project (MIT)", _own, ham=3.0),
    # the honest comments that are nearest to spam, and the ones that must not be held
    "written": Source("written by hand for this project, by kind (MIT)", _own, ham=6.0),
    "youtube": Source("YouTube Spam Collection, Alberto et al. 2015, UCI (CC BY 4.0)", _labelled()),
    "blog_spam": Source(
        "comment log of a podcast site (BSD-3-Clause)", _labelled("order"), spam=2.0
    ),
    "blog_comments": Source(
        "comments of a technology blog (no licence stated)", _blog_comment, True
    ),
    "civil": Source("Civil Comments (CC0)", _honest("comment_text"), True),
    "spanish": Source("DETOXIS 2021, comments on Spanish news", _honest("text"), True),
    "polish": Source("Wirtualna Polska comments (CC BY 4.0)", _honest("text"), True),
    "portuguese": Source("OffComBR-2, comments on Brazilian news", _honest("text"), True),
    "sms": Source("SMS Spam Collection, Almeida et al. 2011, UCI (CC BY 4.0)", _labelled()),
    "indonesian": Source("gambling promotion among comments (public on GitHub)", _labelled()),
}
EVALUATION_ONLY = {
    "c3": Source("Globe and Mail comments, SOCC (CC BY-NC-SA 4.0)", _honest("comment_text"), True),
}
_NEVER_TRAINED_ON = "news_comments_c3"


def read_training_corpus(name: str, path: Path) -> Corpus:
    """Read a named source to train on. Raises UsageError, also for evaluation-only sources."""
    if name in EVALUATION_ONLY or _NEVER_TRAINED_ON in path.name:
        raise UsageError(f"{path.name} is for evaluation only, by its licence: never trained on")
    return read_corpus(name, path)


def read_corpus(name: str, path: Path) -> Corpus:
    """Read a named source. Raises UsageError for an unknown name or unreadable file."""
    known = SOURCES | EVALUATION_ONLY
    source = known.get(name)
    if source is None:
        raise UsageError(f"unknown corpus {name!r}; known: {', '.join(known)}")
    corpus = Corpus(name, path, source.terms, file_fingerprint(path))
    articles = _articles(path) if name == "blog_comments" else {}
    for line, row in read_rows(path, corpus.broken):
        try:
            example = source.read(row, articles)
            weight = source.spam if example.spam else source.ham
            corpus.examples.append(replace(example, weight=weight))
        except BrokenRow as error:
            corpus.broken.append(f"{path}:{line}: {error}")
    corpus.examples.sort(key=lambda example: example.order)
    return corpus


def read_rows(path: Path, broken: list[str]) -> Iterator[Place]:
    """The rows of a CSV or JSON Lines file with their line; what is neither goes to `broken`."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        if path.suffix == ".csv":
            reader = csv.DictReader(file)
            for row in reader:
                yield reader.line_num, row
            return
        for line, text in enumerate(file, start=1):
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                value = None
            if isinstance(value, dict):
                yield line, value
            elif text.strip():
                broken.append(f"{path}:{line}: not a JSON object")


def _articles(path: Path) -> dict[str, Row]:
    beside = path.with_name("blog_articles.jsonl")
    if not beside.is_file():
        return {}
    return {row["slug"]: row for _, row in read_rows(beside, []) if "slug" in row}


def file_fingerprint(path: Path) -> str:
    """The SHA-256 of a file's bytes. Raises UsageError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
