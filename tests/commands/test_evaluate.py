"""`evaluate`, run as the command line runs it: what it prints, and what it refuses."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from service.errors import UsageError
from service.scoring.artifact import Artifact
from service.scoring.training import Fit, train
from tests.commands.test_classifier import _jsonl, run
from tests.scoring.conftest import HAM, SPAM, examples_of

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def fit() -> Fit:
    """Learnt from the very comments it is measured on."""
    return train(examples_of(SPAM, HAM))


@pytest.fixture
def make(fit: Fit, tmp_path: Path) -> Make:
    """Makes a model's folder; `shift` is added to every score, in log-odds."""

    def one(name: str, shift: float = 0.0) -> Path:
        card = {"name": name, "thresholds": {"publish": 0.4, "reject": 0.95}}
        Artifact.pack(fit.weights, fit.intercept + shift, card).write(tmp_path / "models" / name)
        return tmp_path / "models" / name

    return one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Comments the model has seen: it makes no mistake."""
    rows = [{"comment": text, "label": "spam"} for text in SPAM]
    return _jsonl(tmp_path / "own.jsonl", *rows, *[{"comment": t, "label": "ham"} for t in HAM])


def test_two_models_stand_side_by_side_with_a_verdict(
    make: Make, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", make("new", 9), file, "--against", make("old")) == 0

    printed = capsys.readouterr()
    assert printed.err == ""
    head, _, new, old, verdict, changes = printed.out.splitlines()
    assert head.startswith("model new, held from 0.4; against model old, held from 0.4")
    assert new.startswith("own: new")
    assert "100.00%" in new.partition("n=6")[0]
    assert old.startswith("own: old")
    assert "0.00%" in old.partition("n=6")[0]
    assert verdict == "worse than old: own: 6 more of 6 honest comments held"
    assert changes == (
        "6 of 12 comments changed sides: 6 honest newly held, 0 honest no longer held, "
        "0 spam newly held, 0 spam newly let through"
    )


def test_a_model_is_not_worse_than_its_copy(
    make: Make, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", make("new"), file, "--against", make("old")) == 0

    verdict, changes = capsys.readouterr().out.splitlines()[-2:]
    assert verdict == "not worse than old"
    assert changes.startswith("0 of 12 comments changed sides")


def test_without_another_model_the_table_is_all(
    make: Make, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("evaluate", make("new"), file) == 0

    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_other_model_must_be_there(make: Make, file: Path) -> None:
    with pytest.raises(UsageError, match="no model named 'nobody'"):
        run("evaluate", make("new"), file, "--against", "nobody")


def test_a_file_without_comments_is_named_before_anything_is_measured(
    make: Make, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty, broken = _jsonl(tmp_path / "empty.jsonl"), _jsonl(tmp_path / "broken.jsonl", 1, [])

    for bad in (empty, broken):
        with pytest.raises(UsageError, match=rf"{bad.name} holds no comment to measure on"):
            run("evaluate", make("new"), file, bad)

    assert capsys.readouterr().out == ""


# --- report -----------------------------------------------------------------------------------


def test_the_report_is_written_beside_the_table(
    make: Make, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.html"
    card = make("new") / "card.json"

    assert run("evaluate", card.parent, file, "--report", report, "--against", make("old")) == 0

    page = report.read_text("utf-8")
    assert capsys.readouterr().out.splitlines()[-1] == f"report: {report}"
    assert hashlib.sha256(card.read_bytes()).hexdigest() in page
    assert hashlib.sha256(file.read_bytes()).hexdigest() in page
    assert {path.name for path in tmp_path.iterdir()} == {"models", "own.jsonl", "report.html"}


def test_a_report_that_cannot_be_written_is_told_before_anything_is_read(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "no-such-folder" / "report.html"

    for bad in (missing, tmp_path, Path(os.devnull)):
        with pytest.raises(UsageError, match=f"cannot write {bad}: "):
            run("evaluate", make("new"), "no-such-file.jsonl", "--report", bad)

    assert capsys.readouterr().out == ""


def test_a_run_that_fails_leaves_the_earlier_report_as_it_was(make: Make, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text("earlier")

    with pytest.raises(UsageError, match="cannot read no-such-file"):
        run("evaluate", make("new"), "no-such-file.jsonl", "--report", report)

    assert report.read_text() == "earlier"
    assert {path.name for path in tmp_path.iterdir()} == {"models", "report.html"}
