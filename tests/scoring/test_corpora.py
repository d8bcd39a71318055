"""Known sources are read whole; what cannot be read is named by its line."""

from pathlib import Path

import pytest

from benchmarks.corpora import PUBLIC_FILES
from service.errors import UsageError
from service.scoring.corpora import SOURCES, bounded, read_corpus, read_training_corpus


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_own_comments_are_read_with_every_field(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        "own.jsonl",
        '{"comment": "hello there", "label": "ham", "name": "Ana", "email": "a@example.com", '
        '"website": "https://ana.example", "page_title": "T", "page_text": "body", '
        '"lang": "pt-BR"}\n',
    )

    (example,) = read_corpus("own", path).examples

    assert not example.spam
    assert example.submission == bounded(
        "hello there", name="Ana", email="a@example.com", website="https://ana.example",
        page_title="T", page_text="body", lang="pt-BR",
    )  # fmt: skip


def test_broken_rows_are_named_by_line_and_skipped(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        "own.jsonl",
        'nonsense\n{"comment": "fine", "label": 1}\n[1]\n{"comment": "x", "label": "maybe"}\n'
        '{"label": 0}\n\n{"comment": "  ", "label": 0}\n',
    )

    corpus = read_corpus("own", path)

    assert [example.spam for example in corpus.examples] == [True]
    assert [line.split(":")[1] for line in corpus.broken] == ["1", "3", "4", "5", "7"]


def test_a_log_is_put_in_the_order_of_time(tmp_path: Path) -> None:
    path = _file(tmp_path, "log.csv", "text,label,order\nlater,1,12\nearlier,0,3\n")

    texts = [example.submission.comment for example in read_corpus("blog_spam", path).examples]

    assert texts == ["earlier", "later"]


def test_blog_comments_are_read_under_their_article(tmp_path: Path) -> None:
    _file(tmp_path, "blog_articles.jsonl", '{"slug": "a", "title": "Title", "body": "Body"}\n')
    path = _file(
        tmp_path, "blog_comments.jsonl", '{"slug": "a", "date": "2020", "text": "I agree"}\n'
    )

    (example,) = read_corpus("blog_comments", path).examples

    assert (example.submission.page_title, example.submission.page_text) == ("Title", "Body")


@pytest.mark.parametrize("name", ["c3", "civil", "own"])
def test_the_evaluation_set_is_never_trained_on(name: str, tmp_path: Path) -> None:
    path = _file(tmp_path, "news_comments_c3.csv", "comment_text\nhello\n")

    with pytest.raises(UsageError, match="evaluation only"):
        read_training_corpus(name, path)


def test_it_can_be_measured_on(tmp_path: Path) -> None:
    path = _file(tmp_path, "news_comments_c3.csv", "comment_text\nhello\n")

    assert len(read_corpus("c3", path).examples) == 1


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="youtube"):
        read_corpus("facebook", tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read .*none\.csv"):
        read_corpus("civil", tmp_path / "none.csv")


@pytest.mark.parametrize("name", PUBLIC_FILES)
def test_every_public_source_is_read_without_a_broken_row(name: str, corpora: Path) -> None:
    corpus = read_corpus(name, corpora / "data" / PUBLIC_FILES[name])

    assert corpus.broken == []
    assert len(corpus.examples) > 800
    assert set(PUBLIC_FILES) | {"own", "written"} == set(SOURCES)
