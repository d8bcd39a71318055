"""Which model is in use, for every process alike, and the way back."""

import asyncio
import json
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, select
from starlette.testclient import TestClient

from service.app import create_app
from service.config import Config
from service.errors import UsageError
from service.promote import (
    current_model,
    find_usable,
    find_usable_before,
    promote,
    refresh,
    roll_back,
    shade,
)
from service.scoring.artifact import AGAINST, Artifact, ModelUnusable
from service.scoring.serving import Serving
from service.store import models, schema
from service.store.database import Database
from tests.factories import (
    NOW,
    a_site_with,
    a_submission,
)
from tests.redis_server import wait_until
from tests.tiny_model import SPAM_TEXT, promote_model
from tests.web.asking import post


def keep(conn: Connection, folder: Path, name: str, **more: object) -> None:
    """A copy of a model under another name."""
    found = Artifact.read(folder)
    card = json.dumps({**json.loads(found.card), "name": name, **more}).encode()
    models.add_model(conn, name, card, found.weights, NOW)


def use(conn: Connection, name: str | None, *, force: bool = False) -> None:
    model = find_usable(conn, name)
    promote(conn, model, force=force, actor="ann", reason="better", now=NOW)


def back(conn: Connection) -> str | None:
    model = find_usable_before(conn)
    roll_back(conn, model, actor="ann", reason="worse", now=NOW)
    return model.name


def test_the_shipped_model_is_in_use_until_another_is_promoted(
    database: Database, tiny_model: Path
) -> None:
    with database.transaction() as conn:
        assert current_model(conn).name == "base"
        keep(conn, tiny_model, "second")
        assert current_model(conn).name == "base"
        use(conn, "second")
        assert current_model(conn).name == "second"
        use(conn, None)
        assert current_model(conn).name == "base"


def test_rolling_back_goes_back_one_promotion_each_time(
    database: Database, tiny_model: Path
) -> None:
    with database.transaction() as conn:
        for name in ("one", "two", "three"):
            keep(conn, tiny_model, name)
            use(conn, name)

        assert [back(conn) for _ in range(3)] == ["two", "one", None]
        assert current_model(conn).name == "base"
        with pytest.raises(UsageError, match="nothing to go back to"):
            back(conn)
        use(conn, "three")
        assert back(conn) is None
        kept = models.list_promotions(conn)
    assert [made.action for made in kept[::-1]] == ["promote"] * 3 + ["rollback"] * 3 + [
        "promote", "rollback",
    ]  # fmt: skip
    assert {(made.actor, made.reason) for made in kept} == {("ann", "better"), ("ann", "worse")}


def test_a_model_found_worse_is_promoted_only_by_force(sqlite: Database, tiny_model: Path) -> None:
    with sqlite.transaction() as conn:
        keep(conn, tiny_model, "worse", **{AGAINST: ["decisions: 5 more of 90 spam let through"]})

        with pytest.raises(UsageError, match="5 more of 90 spam let through"):
            use(conn, "worse")
        assert current_model(conn).name == "base"
        use(conn, "worse", force=True)
        assert current_model(conn).name == "worse"


def test_a_model_that_is_not_there_or_damaged_is_not_promoted(
    sqlite: Database, tiny_model: Path
) -> None:
    with sqlite.transaction() as conn:
        keep(conn, tiny_model, "damaged", sha256="0" * 64)

        for name, why in (("lost", "no model 'lost'"), ("damaged", "SHA-256")):
            with pytest.raises(ModelUnusable, match=why):
                use(conn, name)
        assert models.list_promotions(conn) == []


def test_what_was_changed_since_it_was_found_usable_is_not_put_to_use(
    sqlite: Database, tiny_model: Path
) -> None:
    with sqlite.transaction() as conn:
        keep(conn, tiny_model, "first")
        keep(conn, tiny_model, "second")
        use(conn, "first")
        use(conn, "second")
        found, before = find_usable(conn, "second"), find_usable_before(conn)
        keep(conn, tiny_model, "second", comment="another under this name")
        use(conn, None)

        with pytest.raises(ModelUnusable, match="changed or forgotten"):
            promote(conn, found, force=True, actor="ann", reason="", now=NOW)
        with pytest.raises(ModelUnusable, match="changed or forgotten"):
            shade(conn, found, actor="ann", now=NOW)
        with pytest.raises(UsageError, match="another model was promoted meanwhile"):
            roll_back(conn, before, actor="ann", reason="", now=NOW)
        assert current_model(conn).name == "base"


def test_old_models_that_were_not_in_use_are_forgotten(sqlite: Database, tiny_model: Path) -> None:
    with sqlite.transaction() as conn:
        keep(conn, tiny_model, "used")
        use(conn, "used")
        for number in range(15):
            keep(conn, tiny_model, f"candidate-{number:02}")

        names = {kept.name for kept in models.list_models(conn)}

    assert "used" in names
    assert len(names) == 11


def test_a_model_that_is_damaged_later_leaves_the_one_in_use(
    sqlite: Database, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = Serving()
    with sqlite.transaction() as conn:
        promote_model(conn, tiny_model)

    async def follow(seen: int | None) -> int:
        return await refresh(serving, seen, store=sqlite)

    seen = asyncio.run(follow(None))
    with sqlite.transaction() as conn:
        models.promote(conn, "lost", actor="ann", action="promote", reason="", now=NOW)
    newest = asyncio.run(follow(seen))

    assert newest > seen
    assert serving.name == "tiny"
    assert serving.score(a_submission(comment=SPAM_TEXT)) is not None
    assert "no usable model" in capsys.readouterr().out


def test_a_running_service_takes_what_is_promoted_without_a_restart(
    config: Config, sqlite: Database, tiny_model: Path
) -> None:
    with TestClient(create_app(config)) as client:

        def name() -> str:
            found: str = client.get("/readyz").json()["parts"]["model"]["name"]
            return found

        assert name() == "tiny"
        with sqlite.transaction() as conn:
            keep(conn, tiny_model, "next")
            use(conn, "next")
        wait_until(lambda: name() == "next", "the promoted model to be in use")
        with sqlite.transaction() as conn:
            back(conn)
        wait_until(lambda: name() == "tiny", "the earlier model to be in use again")


def shadow(conn: Connection) -> str | None:
    found = models.find_shadow(conn)
    return None if found is None else found.model


def test_what_is_in_the_shadow_is_kept_apart_from_what_is_in_use(
    database: Database, tiny_model: Path
) -> None:
    with database.transaction() as conn:
        keep(conn, tiny_model, "first")
        keep(conn, tiny_model, "second")
        use(conn, "first")

        shade(conn, find_usable(conn, "second"), actor="ann", now=NOW)
        with pytest.raises(UsageError, match="in its own shadow"):
            shade(conn, find_usable(conn, "first"), actor="ann", now=NOW)
        with pytest.raises(ModelUnusable, match="no model 'lost'"):
            shade(conn, find_usable(conn, "lost"), actor="ann", now=NOW)

        assert (current_model(conn).name, shadow(conn)) == ("first", "second")
        for number in range(15):
            keep(conn, tiny_model, f"candidate-{number:02}")
        assert back(conn) is None
        assert shadow(conn) == "second"  # and it was not forgotten for newer ones
        use(conn, "second")
        assert shadow(conn) is None


def test_a_running_service_scores_in_the_shadow_as_soon_as_somebody_wants_it(
    config: Config, sqlite: Database, tiny_model: Path
) -> None:
    def shadows() -> list[tuple[str, str | None, bool]]:
        with sqlite.transaction() as conn:
            rows = conn.execute(select(schema.comment).order_by(schema.comment.c.id))
            return [(row.model, row.shadow_model, row.score == row.shadow_score) for row in rows]

    texts = (f"Field number {number} was dry." for number in count())
    with TestClient(create_app(config)) as client:

        def shadow_of_the_next() -> str | None:
            post(client, comment=next(texts))
            return shadows()[-1][1]

        with sqlite.transaction() as conn:
            off = dict.fromkeys(("address", "network", "email", "page", "site"), "off")
            a_site_with(conn, {f"limit.{name}": value for name, value in off.items()})
            keep(conn, tiny_model, "next")
        assert shadow_of_the_next() is None
        with sqlite.transaction() as conn:
            shade(conn, find_usable(conn, "next"), actor="ann", now=NOW)
        wait_until(lambda: shadow_of_the_next() == "next", "the shadow to score")
        with sqlite.transaction() as conn:
            shade(conn, None, actor="ann", now=NOW)
        wait_until(lambda: shadow_of_the_next() is None, "the shadow to stop")

    assert {row for row in shadows() if row[1]} == {("tiny", "next", True)}
