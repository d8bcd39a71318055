"""A kill at any statement of a migration leaves the old schema; the next start finishes (R24)."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, inspect, select, text

from service.store import migrations, schema
from service.store.comments import list_comments
from service.store.database import Database, migrate, sqlite_url
from tests.factories import a_comment, a_site
from tests.postgresql_server import running_postgresql_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform == "win32", reason="a kill as on Linux"),
]

# Migrates the database named by the first argument, and is killed at the statement with the number
# in the second one; ends with status 3 where there are not that many.
MIGRATE = """
import os, signal, sys
from sqlalchemy import Engine, event
from service.store.database import Database, migrate

database, number = Database(sys.argv[1]), int(sys.argv[2])

@event.listens_for(Engine, "before_cursor_execute")
def count(*_):
    global number
    number -= 1
    if number == 0:
        os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(Engine, "commit")
def commit(*_):
    count()

migrate(database)
sys.exit(3)
"""
OLDEST = "0001"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield sqlite_url(tmp_path).render_as_string()
            return
        yield stack.enter_context(running_postgresql_server(synchronous_commit="on")).url


def fill(conn: Connection, comments: int) -> list[str]:
    """A database of the newest schema with comments in it; returns their ids."""
    a_site(conn)
    return [a_comment(conn, comment=f"Number {number}.").id for number in range(comments)]


def copy(source: Connection, target: Connection) -> None:
    """Sites, threads and comments, as far as the older schema has their columns."""
    for table in (schema.site, schema.thread, schema.comment):
        known = {column["name"] for column in inspect(target).get_columns(table.name)}
        rows = source.execute(select(*(column for column in table.c if column.name in known)))
        target.execute(insert(table), [dict(row._mapping) for row in rows])


def version(conn: Connection) -> str:
    return str(conn.scalar(text("SELECT version_num FROM alembic_version")))


def test_r24_a_kill_at_any_statement_leaves_the_old_schema_and_the_next_start_finishes(
    url: str, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    new, old = Database(sqlite_url(tmp_path / "new")), Database(url)
    migrate(new)
    with new.transaction() as source, old.transaction() as target:
        kept = fill(source, 50)
        migrations.upgrade(target, OLDEST)
        copy(source, target)

    killed = 0
    while True:
        command = [sys.executable, "-c", MIGRATE, url, str(killed + 1)]
        ended = subprocess.run(command, check=False, capture_output=True, timeout=60)
        if ended.returncode == 3:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
        killed += 1
        with old.transaction() as conn:
            assert version(conn) == OLDEST, f"after a kill at statement {killed}"
            assert inspect(conn).has_table("comment")

    assert killed > 20
    assert migrate(old) == "up to date"
    with old.transaction() as conn:
        assert set(list_comments(conn, kept)) == set(kept)
    new.stop()
    old.stop()
