"""A fault at every single step of a submission: its whole effect or none is stored (R3)."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Engine, func, select, text

from service.store import schema
from service.store.database import sqlite_url
from service.store.engine import open_engine
from tests.factories import SECRET
from tests.faults.conftest import Note
from tests.faults.invariants import check_derived, check_log
from tests.faults.load import prepare
from tests.postgresql_server import running_postgresql_server
from tests.redis_server import wait_until
from tests.serving import Service, running_service
from tests.web.asking import COMMENTS, a_body

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="one start after the other on one port"),
]
STEPPING = Path(__file__).parent / "stepping"
WRITTEN = (schema.comment, schema.thread, schema.repeat, schema.audit, schema.outbox)
Rows = tuple[int, ...]


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Which database the service is to use."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield {}
            return
        server = stack.enter_context(running_postgresql_server(synchronous_commit="on"))
        yield {"DATABASE_URL": server.url, "COMMENT_DESK_SECRET": SECRET.decode()}


def rows_of(engine: Engine) -> Rows:
    """How many rows each table has that a submission writes to."""
    with engine.begin() as conn:
        return tuple(conn.scalar(select(func.count()).select_from(t)) or 0 for t in WRITTEN)


def await_silence(engine: Engine) -> None:
    """PostgreSQL may still be at what a process that was killed has sent last."""
    others = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )

    def is_silent() -> bool:
        with engine.begin() as conn:
            return int(conn.scalar(others) or 0) == 0

    wait_until(is_silent, "PostgreSQL to notice that the service is gone")


def post(service: Service, number: int) -> int:
    """The status of the comment with this number, on a page of its own; 0: no answer came."""
    body = a_body(
        page_url=f"https://news.example/{number}", comment=f"Remark {number} on the barley.",
        name=f"Client {number}", notify=True,
    )  # fmt: skip
    headers = {"Idempotency-Key": f"step-{number}"}
    try:
        answer = httpx2.post(f"{service.url}{COMMENTS}", json=body, headers=headers, timeout=30)
    except httpx2.TransportError:
        return 0
    return answer.status_code


def whole_effect(data_dir: Path, settings: dict[str, str], engine: Engine) -> Rows:
    """What one submission adds to each table where nothing breaks."""
    with running_service(data_dir, **settings) as service:
        prepare(service)
        before = rows_of(engine)
        assert post(service, 0) == 201
        return added(before, rows_of(engine))


def added(before: Rows, after: Rows) -> Rows:
    return tuple(new - old for old, new in zip(before, after, strict=True))


def take_step(service: Service, number: int, file: Path) -> tuple[int, list[str]]:
    """Send the comment with this number; its status, and the steps that were taken for it."""
    service.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: "armed" in file.read_text(), "the watch on steps")
    return post(service, number), file.read_text().splitlines()[1:]


def check_kill(service: Service, status: int, effect: Rows, steps: list[str]) -> None:
    """All of it is there if nothing but the answer was left to do."""
    assert status == 0
    assert service.process.wait(10) == -signal.SIGKILL
    assert sum(effect) or steps[-2:] != ["answer", "fault"]


def check_failure(service: Service, number: int, status: int, effect: Rows) -> None:
    """What is answered 201 is stored, and the same process goes on."""
    assert status in (201, 503)
    assert sum(effect) or status == 503
    assert post(service, number) == 201
    check_log(service)


@pytest.mark.parametrize("fault", ["kill", "fail"])
def test_r3_a_fault_at_any_step_of_a_submission_leaves_all_of_it_or_nothing(
    tmp_path: Path, settings: dict[str, str], fault: str, note: Note
) -> None:
    engine = open_engine(settings.get("DATABASE_URL") or sqlite_url(tmp_path), "BEGIN", size=1)
    whole = whole_effect(tmp_path, settings, engine)
    assert whole == (1, 1, 2, 1, 1)
    nothing = (0,) * len(whole)
    steps, number = ["fault"], 0
    while "fault" in steps:
        number += 1
        file = tmp_path / f"steps-{number}"
        stepping = {
            "PYTHONPATH": str(STEPPING), "STEP_NUMBER": str(number), "STEP_FAULT": fault,
            "STEP_FILE": str(file),
        }  # fmt: skip
        before = rows_of(engine)
        with running_service(tmp_path, **settings, **stepping) as service:
            status, steps = take_step(service, number, file)
            if settings and status == 0:
                await_silence(engine)
            effect = added(before, rows_of(engine))
            assert effect in (whole, nothing), steps
            if "fault" not in steps:
                assert (status, effect) == (201, whole)
            elif fault == "kill":
                check_kill(service, status, effect, steps)
            else:
                check_failure(service, number, status, effect)
    assert {"redis send", "redis receive", "answer"} < set(steps)
    with running_service(tmp_path, **settings) as service:  # whoever got no answer asks again
        assert [post(service, n) for n in range(number + 1)] == [201] * (number + 1)
    assert rows_of(engine) == tuple(count * (number + 1) for count in whole)
    with engine.begin() as conn:
        assert check_derived(conn) == number + 1
    engine.dispose()
    database = "PostgreSQL" if settings else "SQLite"
    name = f"R3 {fault} at each of {len(steps)} steps, {database}"
    note(name, rounds=number, accepted=number + 1, stored=number + 1)
