"""Reads the optional files of real comments; none of their text is part of this project."""

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path

PUBLIC_FILES = {  # name of the source → its file
    "youtube": "youtube_spam.csv",
    "blog_spam": "blog_spam.csv",
    "blog_comments": "blog_comments.jsonl",
    "civil": "civil_comments.csv",
    "spanish": "spanish_news_comments.csv",
    "polish": "polish_news_comments.csv",
    "portuguese": "portuguese_news_comments.csv",
    "sms": "sms_spam.csv",
    "indonesian": "indonesian_gambling.csv",
}
_SPAM, _READERS = PUBLIC_FILES["blog_spam"], PUBLIC_FILES["blog_comments"]
_ARTICLES = "blog_articles.jsonl"
_EXCERPT = 2000  # characters of an article, as the API takes them
_SEED = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A real comment under an article of its page; `label` says where it is from and what it is."""

    label: str
    text: str
    page: str
    title: str
    article: str


def read_rows(folder: Path | None, readers: int) -> list[Row]:
    """All of the spam log and so many readers' comments, shuffled the same way each time.

    Spam has no article of its own, so each stands under one of the blog's. Exits with a clear
    message where the files are absent.
    """
    if folder is None:
        raise SystemExit("Say where the files are: --corpora DIR, or COMMENT_DESK_CORPORA=DIR.")
    for name in (_SPAM, _READERS, _ARTICLES):
        if not (folder / name).is_file():
            raise SystemExit(f"{folder / name} is missing; docs/performance.md says what it holds.")
    dice = random.Random(_SEED)
    articles = {str(a["slug"]): a for a in _read_lines(folder / _ARTICLES)}
    known = [c for c in _read_lines(folder / _READERS) if c["slug"] in articles]
    chosen = dice.sample(known, min(readers, len(known)))
    rows = [_row("reader (blog)", c["text"], articles[c["slug"]]) for c in chosen]
    slugs = sorted({c["slug"] for c in chosen})
    with (folder / _SPAM).open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            label = "spam (log)" if line["label"] == "1" else "reader (log)"
            rows.append(_row(label, line["text"], articles[dice.choice(slugs)]))
    dice.shuffle(rows)
    return rows


def _row(label: str, text: str, article: dict[str, str]) -> Row:
    return Row(label, text, article["slug"], article["title"][:300], article["body"][:_EXCERPT])


def _read_lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]
