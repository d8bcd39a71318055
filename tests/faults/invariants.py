"""Invariants A to D: what the clients were told, against what is stored."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx2
from sqlalchemy import Connection, func, select

from service.store.database import sqlite_url
from service.store.engine import open_engine
from service.store.schema import audit, comment, decision_item, thread
from tests.faults.load import FAILURE, PAGES, REFUSAL, SUCCESS, Log
from tests.redis_server import wait_until
from tests.serving import Service
from tests.web.asking import COMMENTS, THREAD, bearing


def check_invariants(service: Service, log: Log, token: str, *, failures: bool = False) -> int:
    """A to D; returns how many comments are stored. `failures`: whether a 503 was to be expected.

    A 503 leaves it open, as no answer does, whether the comment is stored: the database may have
    gone between its commit and its answer. Asking again with the same key tells.
    """
    engine = open_engine(
        service.settings.get("DATABASE_URL") or sqlite_url(service.data_dir), "BEGIN", size=1
    )
    with engine.begin() as conn:
        stored = stored_in(conn)
        check_answers(stored, log, failures=failures)
        held = check_derived(conn)
    engine.dispose()
    if "DATABASE_URL" not in service.settings:
        check_integrity(service.data_dir)
    check_shown(service, token, held)
    return len(stored)


def stored_in(conn: Connection) -> dict[str, list[str]]:
    """The ids of the stored comments by the key in their text."""
    found: dict[str, list[str]] = {}
    for row in conn.execute(select(comment.c.id, comment.c.comment)):
        found.setdefault(row.comment.split()[1], []).append(row.id)
    return found


def check_answers(stored: dict[str, list[str]], log: Log, *, failures: bool) -> None:
    """A to C, from the clients' log."""
    twice = {key for key, ids in stored.items() if len(ids) > 1}
    assert twice == set(), "stored twice"
    taken = log.keys(within=SUCCESS)
    assert taken <= set(stored), "A: answered 2xx and lost"
    assert {key: [log.ids[key]] for key in taken} == {key: stored[key] for key in taken}
    assert log.keys(within=REFUSAL).isdisjoint(stored), "B: answered 4xx and stored"
    assert set(stored) - taken <= set(log.unsure), "C: stored from nowhere"
    assert {log.answers[key] for key in log.keys(within=FAILURE)} <= ({503} if failures else set())


def check_derived(conn: Connection) -> int:
    """D: counts and audit trail equal a recount; returns how many comments wait."""
    rows = conn.execute(select(comment.c.id, comment.c.status))
    statuses: dict[str, str | None] = {row.id: row.status for row in rows}
    published = (
        select(func.count())
        .where(comment.c.thread_id == thread.c.id, comment.c.status == "published")
        .scalar_subquery()
    )
    wrong = conn.execute(select(thread.c.url).where(thread.c.published != published)).all()
    assert wrong == [], "D: a thread counts wrongly"
    trails: dict[str, str | None] = {}
    for row in conn.execute(select(audit).order_by(audit.c.id)):
        assert trails.get(row.comment_id) == row.from_status, "D: a gap in the audit trail"
        trails[row.comment_id] = row.to_status
    assert trails == statuses, "D: the audit trail ends elsewhere"
    decided = {row.comment_id for row in conn.execute(select(decision_item.c.comment_id))}
    assert decided <= set(statuses), "D: a decision on no comment"
    return Counter(statuses.values())["held"]


def check_shown(service: Service, token: str, held: int) -> None:
    """D, as readers and moderators see it."""
    stats = httpx2.get(f"{service.url}/api/v1/stats", headers=bearing(token), timeout=30).json()
    assert stats["waiting"] == held
    for page in range(PAGES):
        query = THREAD | {"page_url": f"https://news.example/{page}", "limit": "200"}
        shown, cursor = 0, ""
        while cursor is not None:
            answer = httpx2.get(
                f"{service.url}{COMMENTS}", params=query | {"cursor": cursor}, timeout=30
            ).json()
            shown += len(answer["comments"])
            cursor = answer["next_cursor"]
        assert shown == answer["count"]


def count_reason(service: Service, code: str) -> int:
    """How many stored comments carry this reason, on SQLite."""
    with closing(sqlite3.connect(service.data_dir / "comments.db")) as conn:
        found: tuple[int] = conn.execute(
            "SELECT count(*) FROM comment WHERE reasons LIKE ?", [f'%["{code}",%']
        ).fetchone()
    return found[0]


def check_integrity(data_dir: Path) -> None:
    """SQLite itself finds nothing wrong."""
    with closing(sqlite3.connect(data_dir / "comments.db")) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def check_log(service: Service) -> None:
    """What went wrong was foreseen: no traceback, and nothing answered as `internal`."""
    assert "Traceback" not in service.logged, service.logged[-4000:]
    assert '"internal"' not in service.logged, service.logged[-4000:]


def await_all_parts(service: Service) -> None:
    """Return once the service says that every part works again."""

    def is_ready() -> bool:
        answer = httpx2.get(f"{service.url}/readyz", timeout=30)
        return answer.status_code == 200 and answer.json()["status"] == "ready"

    wait_until(is_ready, "/readyz to say ready")
