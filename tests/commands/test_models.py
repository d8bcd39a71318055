"""`models`, `retrain`, `promote`, `rollback`, `shadow`: as an operator types them.

In processes of their own: learning lowers the priority of the one it runs in.
"""

from pathlib import Path

import pytest

from service.store import models
from service.store.database import Database
from tests.deciding import decided_site
from tests.serving import desk, run_command
from tests.tiny_model import promote_model


def test_models_lists_the_shipped_one_where_nothing_was_set_up(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"

    assert desk(nowhere, "models").startswith("* base")

    assert not nowhere.exists()


@pytest.mark.slow
def test_from_decisions_to_a_model_in_use_and_back(sqlite: Database, tmp_path: Path) -> None:
    decided_site(sqlite, 120)

    done = run_command(tmp_path, "retrain", "--promote")
    assert done.returncode == 0, done.stderr
    assert "learning from 96 decisions" in done.stderr
    assert "not worse than the model in use" in done.stdout
    assert done.stdout.rstrip().endswith("is in use")

    *listed, promise = desk(tmp_path, "models").splitlines()
    used = [line for line in listed if line.startswith("*")]
    assert len(used) == 1
    assert used[0].endswith("database")
    assert "news: no reject threshold can be certified yet, 299 more" in promise

    assert desk(tmp_path, "rollback", "--reason", "too strict") == "base is in use again\n"


def test_a_model_is_put_into_the_shadow_and_taken_out_again(
    sqlite: Database, tiny_model: Path, tmp_path: Path
) -> None:
    with sqlite.transaction() as conn:
        promote_model(conn, tiny_model)
    desk(tmp_path, "promote", "base")

    assert desk(tmp_path, "shadow", "tiny") == "tiny scores in the shadow\n"
    assert desk(tmp_path, "shadow", "--off") == "nothing scores in the shadow\n"

    with sqlite.transaction() as conn:
        last = models.find_shadow(conn)
    assert last is not None
    assert (last.model, last.actor) == (None, "command line")


def test_what_cannot_be_done_is_said_in_one_line(sqlite: Database, tmp_path: Path) -> None:
    for words, why in (
        (("promote", "nobody"), "no model named 'nobody'"),
        (("promote", "base", "--force"), "--force needs --reason"),
        (("retrain",), "nothing was decided yet"),
        (("rollback",), "nothing to go back to"),
        (("shadow", "nobody"), "no model 'nobody'"),
    ):
        done = run_command(tmp_path, *words)
        assert done.returncode == 2
        assert why in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_damaged_model_in_a_folder_is_in_the_way_of_no_other(tmp_path: Path) -> None:
    broken = tmp_path / "models" / "broken"
    broken.mkdir(parents=True)
    (broken / "card.json").write_text("{}")

    listed = desk(tmp_path, "models")

    assert "* base" in listed
    assert "unusable: cannot read" in listed
    assert run_command(tmp_path, "promote", "broken").returncode == 2
    assert desk(tmp_path, "promote", "base") == "base is in use\n"
