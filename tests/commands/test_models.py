"""`models`, `retrain`, `promote`, `rollback`: as an operator types them."""

from pathlib import Path

import pytest

from service.__main__ import main
from service.store.database import Database
from tests.deciding import decided_site


def run(data_dir: Path, *words: str) -> int:
    return main(["--data-dir", str(data_dir), *words])


def test_models_lists_the_shipped_one_where_nothing_was_set_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "nowhere"

    assert run(nowhere, "models") == 0

    assert capsys.readouterr().out.startswith("* base")
    assert not nowhere.exists()


def test_from_decisions_to_a_model_in_use_and_back(
    sqlite: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decided_site(sqlite, 120)

    assert run(tmp_path, "retrain", "--promote") == 0
    printed = capsys.readouterr()
    assert "learning from 96 decisions" in printed.err
    assert "not worse than the model in use" in printed.out
    assert printed.out.rstrip().endswith("is in use")

    assert run(tmp_path, "models") == 0
    printed_models = capsys.readouterr().out.splitlines()
    used = [line for line in printed_models if line.startswith("*")]
    assert "news: no reject threshold can be certified yet, 299 more" in printed_models[-1]
    assert len(used) == 1
    assert used[0].endswith("database")

    assert run(tmp_path, "rollback", "--reason", "too strict") == 0
    assert capsys.readouterr().out == "base is in use again\n"
    assert run(tmp_path, "rollback") == 2
    assert "nothing to go back to" in capsys.readouterr().err


def test_what_cannot_be_done_is_said_in_one_line(
    sqlite: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, why in (
        (("promote", "nobody"), "no model named 'nobody'"),
        (("promote", "base", "--force"), "--force needs --reason"),
        (("retrain",), "nothing was decided yet"),
    ):
        assert run(tmp_path, *words) == 2
        error = capsys.readouterr().err
        assert why in error
        assert error.count("\n") == 1
