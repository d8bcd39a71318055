"""Many comments at once, written past the service as it would have written them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, Table, insert, update

from benchmarks.content import text_of
from benchmarks.instance import SITE, Instance
from service import markup
from service.store import sites, threads
from service.store.database import Database, sqlite_url
from service.store.schema import audit, comment, thread
from service.tokens import new_id
from service.vocabulary import Band, Outcome, Status

_AT_ONCE = 5000
_SPREAD = 0x9E3779B97F4A7C15  # so that no two comments are alike
_PAGES = 100  # that held comments are spread over


def seed_page(instance: Instance, page: str, count: int) -> None:
    """So many published comments on one page, a second apart, the last one now."""
    with _transaction(instance) as conn:
        site = sites.get_site(conn, SITE)
        now = datetime.now(UTC)
        found = threads.ensure_thread(conn, site.id, instance.page_url(page), "An article", "", now)
        _add(conn, _rows(site.id, [found.id], count, Status.PUBLISHED, now))
        conn.execute(update(thread).where(thread.c.id == found.id).values(published=count))


def seed_queue(instance: Instance, count: int) -> None:
    """So many held comments over a hundred pages, a second apart, the last one now."""
    with _transaction(instance) as conn:
        site = sites.get_site(conn, SITE)
        now = datetime.now(UTC)
        on = [
            threads.ensure_thread(conn, site.id, instance.page_url(f"held-{n}"), "", "", now).id
            for n in range(_PAGES)
        ]
        _add(conn, _rows(site.id, on, count, Status.HELD, now))


def settle(instance: Instance) -> int:
    """Let the database gather statistics on what is in it; the bytes that it takes."""
    if not instance.database_url:
        return instance.disk_bytes()[0]
    database = Database(instance.database_url)
    with database.transaction() as conn:
        driver: Any = conn.connection.dbapi_connection
        driver.rollback()
        driver.autocommit = True
        driver.execute("VACUUM ANALYZE")
        driver.execute("CHECKPOINT")
        (size,) = driver.execute("SELECT pg_database_size(current_database())").fetchone()
        driver.autocommit = False
    database.stop()
    return int(size)


def _transaction(instance: Instance) -> Any:
    return Database(instance.database_url or sqlite_url(instance.data_dir)).transaction()


def _add(conn: Connection, rows: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _AT_ONCE:
            _insert(conn, batch)
            batch = []
    if batch:
        _insert(conn, batch)


def _insert(conn: Connection, rows: list[dict[str, Any]]) -> None:
    add = _copy if conn.dialect.name == "postgresql" else _execute
    add(conn, comment, rows)
    add(conn, audit, [
        {
            "comment_id": row["id"], "at": row["created_at"], "actor": "system",
            "action": row["verdict"], "from_status": None, "to_status": row["status"], "detail": "",
        }
        for row in rows
    ])  # fmt: skip


def _execute(conn: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    conn.execute(insert(table), rows)


def _copy(conn: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """The same rows by COPY, which is several times as fast."""
    columns = [table.c[name] for name in rows[0]]
    into = [
        column.type.dialect_impl(conn.dialect).bind_processor(conn.dialect) for column in columns
    ]
    driver: Any = conn.connection.dbapi_connection
    names = ", ".join(column.name for column in columns)
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            values = zip(into, row.values(), strict=True)
            copy.write_row([convert(value) if convert else value for convert, value in values])


def _rows(
    site_id: int, on: list[int], count: int, status: Status, now: datetime
) -> Iterator[dict[str, Any]]:
    for number in range(count):
        at = now - timedelta(seconds=count - number)
        yield _row(site_id, on[number % len(on)], number, status, at)


def _row(site_id: int, thread_id: int, number: int, status: Status, at: datetime) -> dict[str, Any]:
    text = text_of(Random(number))
    published = status is Status.PUBLISHED
    return {
        "id": new_id(at), "site_id": site_id, "thread_id": thread_id, "parent_id": None,
        "name": f"Reader {number % 997}", "email": f"reader{number % 9973}@example.org",
        "website": "", "comment": text, "html": f"<p>{text}</p>\n" if published else None,
        "renderer": markup.RENDERER if published else None, "lang": "", "status": status,
        "verdict": Outcome.PUBLISH if published else Outcome.HOLD,
        "reasons": '[["first-time-author",""]]', "score": number % 997 / 997,
        "band": Band.LIKELY_FINE, "model": "seeded", "terms": "[]",
        "cluster": f"{number * _SPREAD % 2**64:016x}", "address": "", "created_at": at,
        "edited_at": None, "version": 1, "decision_id": None, "claimed_by": None,
        "claimed_until": None,
    }  # fmt: skip
