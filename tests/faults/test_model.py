"""A model that is damaged when the service starts: comments are held as unscored (R22)."""

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import create_engine, select

from service.scoring.artifact import WEIGHTS
from service.store.database import Database, migrate, sqlite_url
from service.store.schema import comment
from tests.faults.conftest import Note
from tests.faults.invariants import check_invariants, check_log
from tests.faults.load import Log, load, prepare
from tests.serving import Service, running_service
from tests.tiny_model import promote_model

pytestmark = pytest.mark.slow


def truncate(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES = [
    pytest.param(truncate, id="truncated"),
    pytest.param(flip_a_bit, id="one bit flipped"),
    pytest.param(lambda path: path.write_bytes(b""), id="empty"),
]


def promote(data_dir: Path, model: Path) -> None:
    """Put a model into the database of a service that is yet to start."""
    database = Database(sqlite_url(data_dir))
    migrate(database)
    with database.transaction() as conn:
        promote_model(conn, model)
    database.stop()


def scores(service: Service) -> set[tuple[str, float | None]]:
    """The verdicts and scores that were stored."""
    engine = create_engine(sqlite_url(service.data_dir))
    with engine.connect() as conn:
        found = {(row.verdict, row.score) for row in conn.execute(select(comment))}
    engine.dispose()
    return found


@pytest.mark.parametrize("change", DAMAGES)
def test_r22_a_damaged_model_at_the_start_publishes_nothing(
    tmp_path: Path,
    tiny_model: Path,
    change: Callable[[Path], object],
    request: pytest.FixtureRequest,
    note: Note,
) -> None:
    log = Log()
    broken = tmp_path / "broken"
    shutil.copytree(tiny_model, broken)
    change(broken / WEIGHTS)
    promote(tmp_path, broken)
    with running_service(tmp_path) as service:
        token = prepare(service)
        service.desk("site", "set", "news", "publish.unproven=score")
        ready = httpx2.get(f"{service.url}/readyz", timeout=30)
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["parts"]["model"]["status"] == "down"
        with load(service, log=log, token=token) as clients:
            clients.await_receipts(50)
        assert scores(service) == {("hold", None)}
        kept = check_invariants(service, log, token)
        check_log(service)
        assert "no usable model" in service.logged
    note(f"R22 model {request.node.callspec.id}", rounds=1, accepted=len(log.ids), stored=kept)


def test_r22_a_whole_model_publishes_by_score(tmp_path: Path, tiny_model: Path) -> None:
    """So that the test above does not hold for want of anything to publish."""
    log = Log()
    promote(tmp_path, tiny_model)
    with running_service(tmp_path) as service:
        token = prepare(service)
        service.desk("site", "set", "news", "publish.unproven=score")
        with load(service, log=log, token=token) as clients:
            clients.await_receipts(50)
        assert "publish" in {verdict for verdict, _score in scores(service)}
