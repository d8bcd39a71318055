"""The classifier's commands, run as the command line runs them."""

import argparse
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.commands import classifier, evaluate, models
from service.errors import UsageError
from service.scoring.artifact import Artifact
from service.scoring.corpora import bounded
from service.scoring.model import Model, outcome_of
from service.scoring.training import train
from tests.scoring.conftest import HAM, SPAM, examples_of


def run(*words: str | Path, data_dir: Path | None = None) -> int:
    """Run one command, as `__main__` does; a UsageError comes through."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", default="")
    subparsers = parser.add_subparsers(required=True)
    for group in (classifier, evaluate, models):
        group.add_to(subparsers)
    place = ["--data-dir", str(data_dir)] if data_dir else []
    args = parser.parse_args([*place, *map(str, words)])
    status: int = args.run(args)
    return status


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with a promoted model in it."""
    fit = train(examples_of(SPAM, HAM, copies=2))
    card = {
        "name": "mine", "created": "2026-03-01", "thresholds": {"publish": 0.3, "reject": 0.99},
        "trained_on": [{"spam": 12, "ham": 12}],
    }  # fmt: skip
    Artifact.pack(fit.weights, fit.intercept, card).write(tmp_path / "models" / "mine")
    assert run("promote", "mine", data_dir=tmp_path) == 0
    return tmp_path


def _jsonl(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_score_writes_every_line_again_with_its_answer(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = _jsonl(
        tmp_path / "in.jsonl",
        {"comment": "The council should publish the costs", "id": 1},
        {
            "comment": "Buy cheap viagra online without prescription, discreet shipping: "
            "https://pills.example",
            "tags": ["a"],
        },
    )

    assert run("score", file, "--model", "base") == 0

    fine, spam = map(json.loads, capfdbinary.readouterr().out.splitlines())
    assert (fine["id"], fine["verdict"], fine["band"]) == (1, "publish", "likely-fine")
    assert fine["score"] < 0.1
    assert spam["tags"] == ["a"]
    assert spam["verdict"] in ("hold", "reject")
    assert spam["band"] == "likely-spam"
    assert any("viagra" in reason for reason in spam["reasons"])


def test_score_reads_standard_input() -> None:
    script = (
        "import argparse, sys; from service.commands import classifier;"
        "p = argparse.ArgumentParser(); p.add_argument('--data-dir', default='');"
        "classifier.add_to(p.add_subparsers()); a = p.parse_args(); sys.exit(a.run(a))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, "score", "-", "--model", "base"],
        input=b'{"comment": "hello"}\n{"comment": "again"}', capture_output=True, check=True,
    )  # fmt: skip

    assert [json.loads(line)["comment"] for line in done.stdout.splitlines()] == ["hello", "again"]


def test_score_uses_the_promoted_model(
    data_dir: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = _jsonl(data_dir / "in.jsonl", {"comment": SPAM[0]})

    assert run("score", file, data_dir=data_dir) == 0

    expected = Model.load(data_dir / "models" / "mine")
    answer = json.loads(capfdbinary.readouterr().out)
    assert answer["verdict"] == outcome_of(expected.score(bounded(SPAM[0])))
    assert answer["score"] >= expected.publish_below


def test_score_stops_at_a_bad_line_and_names_it(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = _jsonl(tmp_path / "in.jsonl", {"comment": "fine"}, {"text": "no comment"})

    with pytest.raises(UsageError, match=r"in\.jsonl:2: no text under 'comment'"):
        run("score", file, "--model", "base")

    assert len(capfdbinary.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("score", "no-such-file.jsonl"), "cannot read no-such-file.jsonl"),
        (("score", "-", "--model", "nobody"), "no model named 'nobody'"),
        (("train", "--corpus", "own", "--out", "x"), "expected NAME=PATH"),
        (("train", "--corpus", "own=a", "--out", "x"), "cannot read a"),
        (("train", "--corpus", "c3=news_comments_c3.csv", "--out", "x"), "evaluation only"),
        (("evaluate", "nobody", "x.jsonl"), "no model named"),
    ],
)
def test_bad_usage_is_said_in_one_line(words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        run(*words)


def test_a_damaged_model_is_bad_usage(data_dir: Path) -> None:
    (data_dir / "models" / "mine" / "weights.npz").write_bytes(b"")

    with pytest.raises(UsageError, match="SHA-256"):
        run("score", "-", "--model", data_dir / "models" / "mine", data_dir=data_dir)


def test_train_saves_a_model_that_evaluate_and_models_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"comment": f"{one}. {two}.", "label": label}
        for texts, label in ((SPAM, "spam"), (HAM, "ham"))
        for one in texts
        for two in texts
    ]
    corpus = _jsonl(tmp_path / "mine.jsonl", *rows, {"comment": "", "label": "ham"})

    assert run("train", "--corpus", f"own={corpus}", "--out", tmp_path / "models" / "new") == 0
    printed = capsys.readouterr()
    assert "mine.jsonl:73: the comment is empty" in printed.err
    assert "hold from" in printed.out

    assert run("evaluate", "new", corpus, data_dir=tmp_path) == 0
    assert "n=36" in capsys.readouterr().out

    assert run("models", data_dir=tmp_path) == 0
    listed = capsys.readouterr().out.splitlines()
    assert any("new" in line and "36 spam, 36 ham" in line for line in listed)
    assert any(line.startswith("* base") for line in listed)


def test_the_promoted_model_is_marked(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", data_dir=data_dir) == 0

    marked = [line for line in capsys.readouterr().out.splitlines() if line.startswith("*")]
    assert marked
    assert all("mine" in line for line in marked)


def test_help_needs_nothing_heavy() -> None:
    script = (
        "import argparse, sys; from service.commands import classifier, evaluate, models;"
        "subparsers = argparse.ArgumentParser().add_subparsers();"
        "[group.add_to(subparsers) for group in (classifier, evaluate, models)];"
        "print([m for m in ('numpy', 'sklearn', 'scipy') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stdout.strip() == b"[]"


def test_serving_never_imports_the_training_libraries() -> None:
    script = (
        "import sys; from service.scoring.model import Model, shipped_models;"
        "from service.scoring.corpora import bounded;"
        "Model.load(shipped_models() / 'base').score(bounded('hello'));"
        "print([m for m in ('sklearn', 'scipy', 'pandas') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, env=dict(os.environ)
    )

    assert done.stdout.strip() == b"[]"
    assert io.BytesIO(done.stderr).read() == b""
