"""The composition root: everything opened and closed in order, and usable without a good model."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service import review
from service.app import _carrying_on, create_app
from service.config import Config
from service.errors import Unavailable
from service.scoring.artifact import CARD, WEIGHTS, Artifact
from service.store import comments, models
from service.store.database import Database
from service.vocabulary import Code, Status
from tests.factories import MODERATOR, NOW, a_comment, a_site, approving
from tests.redis_server import wait_until
from tests.tiny_model import promote_model
from tests.web.asking import COMMENTS, THREAD, post


@pytest.fixture
def site(sqlite: Database) -> Database:
    with sqlite.transaction() as conn:
        a_site(conn, publish__unproven="score")
    return sqlite


def test_one_application_may_be_opened_and_closed_again_and_again(
    config: Config, site: Database
) -> None:
    app = create_app(config)

    for number in range(2):
        with TestClient(app) as client:
            post(client, name=f"N{number}")
            assert client.get(COMMENTS, params=THREAD).json()["count"] == number + 1


def test_two_applications_in_one_process_share_nothing_but_the_stores(
    config: Config, site: Database
) -> None:
    with TestClient(create_app(config)) as one, TestClient(create_app(config)) as two:
        receipt = post(one)
        assert two.get(COMMENTS, params=THREAD).json()["count"] == 1
        assert post(two)["id"] == receipt["id"]


def _empty(model: Path) -> None:
    (model / WEIGHTS).write_bytes(b"")


def _truncated(model: Path) -> None:
    (model / WEIGHTS).write_bytes((model / WEIGHTS).read_bytes()[:1000])


def _flipped(model: Path) -> None:
    raw = bytearray((model / WEIGHTS).read_bytes())
    raw[len(raw) // 2] ^= 1
    (model / WEIGHTS).write_bytes(bytes(raw))


def _of_other_features(model: Path) -> None:
    card = json.loads((model / CARD).read_text())
    (model / CARD).write_text(json.dumps(card | {"spec": "another"}))


def _no_json(model: Path) -> None:
    (model / CARD).write_text("{")


@pytest.mark.parametrize(
    "breaks",
    [_empty, _truncated, _flipped, _of_other_features, _no_json],
    ids=lambda breaks: breaks.__name__.strip("_").replace("_", " "),
)
def test_with_a_bad_model_the_service_starts_and_holds_everything(
    config: Config, site: Database, tmp_path: Path, tiny_model: Path, breaks: Callable[[Path], None]
) -> None:
    model = tmp_path / "broken"
    shutil.copytree(tiny_model, model)
    breaks(model)
    with site.transaction() as conn:
        promote_model(conn, model)

    with TestClient(create_app(config)) as client:
        receipt = post(client)
        assert client.get("/readyz").json()["parts"]["model"]["status"] == "down"

    with site.transaction() as conn:
        stored = comments.find_comment(conn, receipt["id"])
    assert stored is not None
    assert stored.status is Status.HELD
    assert Code.UNSCORED in {reason.code for reason in stored.reasons}


def test_the_demo_is_there_only_where_it_was_asked_for(config: Config, site: Database) -> None:
    with site.transaction() as conn:
        a_site(conn, "demo", origin="http://testserver")

    for demo, status in ((False, 404), (True, 200)):
        with TestClient(create_app(config, demo=demo)) as client:
            assert client.get("/demo").status_code == status


def test_a_damaged_decision_is_told_of_and_models_are_exchanged_as_ever(
    config: Config, site: Database, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with site.transaction() as conn:
        comment_id = a_comment(conn).id
    asyncio.run(review.decide(MODERATOR, approving(comment_id), store=site, now=NOW))
    said: list[str] = []

    def is_told() -> bool:
        said.append(capsys.readouterr().out)
        return "learning from decisions failed" in "".join(said)

    with TestClient(create_app(config)) as client:

        def name() -> str:
            found: str = client.get("/readyz").json()["parts"]["model"]["name"]
            return found

        with site.transaction() as conn:  # a hundred thousand years from now
            conn.exec_driver_sql(f"UPDATE decision SET created_at = {2**61}")
        wait_until(is_told, "the damage to be told")
        with site.transaction() as conn:
            kept = Artifact.read(tiny_model)
            card = json.dumps({**json.loads(kept.card), "name": "next"}).encode()
            models.add_model(conn, "next", card, kept.weights, NOW)
            models.promote(conn, "next", actor="ann", action="promote", reason="", now=NOW)
        wait_until(lambda: name() == "next", "the promoted model to be in use")


def test_a_round_that_fails_is_said_and_does_not_end_its_task(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for error in (ValueError("a row of the Middle Ages"), Unavailable("The database is away.")):
        with _carrying_on("tidying"):
            raise error

    said = "".join(capsys.readouterr())
    assert "task failed" in said
    assert "ValueError" in said
    assert "Middle Ages" not in said
    assert "task put off" in said
