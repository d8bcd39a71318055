"""The report says what was measured, and stays a page whatever the comments hold."""

import re
from datetime import UTC, datetime
from pathlib import Path

import html5lib
import numpy as np
import pytest

from service.scoring.comparison import scores_of
from service.scoring.corpora import Corpus, Example, bounded
from service.scoring.evaluation import Rate
from service.scoring.measuring import Contender, Measured, Sample
from service.scoring.model import Model
from service.scoring.report import LONGEST_TEXT, MOST_MISTAKES, interval, percent, render
from service.scoring.training import Fit
from tests.scoring.conftest import HAM, SPAM, examples_of

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
CARD = "c0ffee" * 10
FILE = "5eed" * 16


@pytest.fixture
def model(fit: Fit) -> Model:
    return Model("fresh", fit.weights, fit.intercept, 0.4, 0.95, {})


def measured(examples: list[Example], *models: Model) -> Measured:
    """One file under one model or two."""
    corpus = Corpus("own", Path("set.jsonl"), "", FILE, examples)
    scores = tuple(scores_of(model, examples) for model in models)
    contenders = tuple(Contender(model, CARD) for model in models)
    return Measured(contenders, (Sample("set", corpus, scores),))


def text_of(page: str) -> str:
    """What a reader of the page sees, blanks collapsed."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    return " ".join(" ".join(tree.find("body").itertext()).split())


def test_it_says_what_was_measured(model: Model) -> None:
    page = render(measured(examples_of(SPAM, HAM), model), NOW)

    seen = text_of(page)
    assert "Measured 2026-03-01 12:30 UTC on 1 file." in seen
    for said in ("fresh", "set.jsonl", CARD, FILE, "0 of 24", "24 of 24", "publish below 0.4"):
        assert said in seen, said
    for title in ("Reliability", "Precision and recall", "Honest comments held", "Spam held"):
        assert f'aria-label="{title}: ' in page


def test_same_input_same_bytes(fit: Fit) -> None:
    def once() -> str:
        model = Model("fresh", fit.weights, fit.intercept, 0.4, 0.95, {})
        return render(measured(examples_of(SPAM, HAM), model), NOW)

    assert once() == once()


def test_it_needs_nothing_beside_it_and_runs_nothing(model: Model) -> None:
    page = render(measured(examples_of(SPAM, HAM), model, model), NOW)

    tree = html5lib.HTMLParser(strict=False, namespaceHTMLElements=False).parse(page)
    names = {node.tag for node in tree.iter() if isinstance(node.tag, str)}
    attributes = {name for node in tree.iter() for name in node.attrib}
    assert names.isdisjoint({"script", "link", "img", "iframe", "object", "base", "form", "a"})
    assert attributes.isdisjoint({"src", "href", "style", "srcset", "action"})
    assert not [name for name in attributes if str(name).startswith("on")]
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page


@pytest.mark.parametrize(
    "comment",
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "</blockquote></main></body><style>*{display:none}</style>",
        "{{ 7 * 7 }} {% raw %}",
        "a\0b\x1b[31m\u202e\ud800 & <b>",
    ],
)
def test_a_comment_is_text_and_nothing_else(model: Model, comment: str) -> None:
    found = measured([Example(bounded(comment), False)], model)
    plain = measured([Example(bounded("fine"), False)], model)

    page = render(found, NOW).encode("utf-8")

    def elements(text: str | bytes) -> list[object]:
        tree = html5lib.parse(text, namespaceHTMLElements=False)
        terms = {node for ul in tree.iter("ul") for node in ul.iter()}
        return [node.tag for node in tree.iter() if node not in terms]

    quote = html5lib.parse(page, namespaceHTMLElements=False, transport_encoding="utf-8")
    shown = re.sub("[\x00\x1b\ud800]", "\ufffd", comment)
    assert "".join(next(quote.iter("blockquote")).itertext()) == shown
    assert elements(page) == elements(render(plain, NOW))


def test_a_long_comment_is_cut(model: Model) -> None:
    page = render(measured([Example(bounded("word " * 1000), False)], model), NOW)

    quote = next(html5lib.parse(page, namespaceHTMLElements=False).iter("blockquote"))
    assert len("".join(quote.itertext())) == LONGEST_TEXT + 1
    assert "".join(quote.itertext()).endswith("…")


def test_the_worst_come_first_and_say_what_weighed(model: Model) -> None:
    wrong = [Example(bounded(SPAM[0]), False), Example(bounded(HAM[0]), True)]
    found = measured([*examples_of(SPAM, HAM, copies=5), *wrong], model)

    tree = html5lib.parse(render(found, NOW), namespaceHTMLElements=False)

    honest, spam = (node for node in tree.iter("ol"))
    assert len(honest) == len(spam) == MOST_MISTAKES
    first, last = ["".join(one[0].itertext()) for one in (honest[0], spam[0])]
    assert "held" in first
    assert "let through" in last
    for worst, text in ((honest[0], SPAM[0]), (spam[0], HAM[0])):
        assert "".join(worst.find("blockquote").itertext()) == text
        assert len(worst.find("ul")) >= 3


def test_two_models_stand_side_by_side_with_the_verdict(model: Model) -> None:
    deaf = Model("deaf", np.zeros_like(model.weights), 9.0, 0.5, 1.0, {})

    seen = text_of(render(measured(examples_of(SPAM, HAM), deaf, model), NOW))

    assert "Worse than fresh: set: 24 more of 24 honest comments held." in seen
    assert "24 of 48 comments changed sides: 24 honest newly held" in seen
    assert "deaf against fresh" in seen


@pytest.mark.parametrize("spam", [True, False])
def test_files_of_one_label_alone_make_a_report_too(model: Model, spam: bool) -> None:
    only = [example for example in examples_of(SPAM, HAM) if example.spam == spam]

    seen = text_of(render(measured(only, model), NOW))

    missing = "no honest comment" if spam else "no spam"
    assert f"There is {missing} in these files." in seen
    assert "Precision and recall" not in seen


def test_rare_languages_are_one_row_together(model: Model) -> None:
    tags = [f"{first}{second}" for first in "abcdef" for second in "abcdefgh"]
    examples = [Example(bounded("a comment", lang=tag), False) for tag in [*tags, "ab"]]

    tree = html5lib.parse(render(measured(examples, model), NOW), namespaceHTMLElements=False)

    rows = [th.text for th in tree.iter("th") if th.get("scope") == "row"]
    assert rows[rows.index("ab") :][:2] == ["ab", "aa"], "the most frequent first"
    assert "18 others" in rows


def test_shares_are_written_as_people_read_them() -> None:
    assert [percent(share) for share in (0, 0.00456, 0.5, 1)] == [
        "0.00 %", "0.46 %", "50.0 %", "100.0 %",
    ]  # fmt: skip
    assert interval(Rate(0, 6)) == "0 – 39"
    assert interval(Rate(3, 1000)) == "0.1 – 0.88"
