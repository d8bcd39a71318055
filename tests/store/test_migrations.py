"""Both ways to the newest schema lead to the same one, and a newer one is refused."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, insert, inspect, select, text

from service.errors import Unavailable
from service.store import migrations, schema
from service.store.comments import list_comments
from service.store.database import Database, migrate, sqlite_url
from tests.factories import a_comment, a_site

VERSIONS = Path(migrations.__file__).parent / "versions"
KINDS = ["sqlite", "postgresql"]


@contextmanager
def empty_database(kind: str, request: pytest.FixtureRequest, place: Path) -> Iterator[Database]:
    """A database without any table, for the length of the block."""
    if kind == "sqlite":
        place.mkdir()
        database = Database(sqlite_url(place))
        yield database
        database.stop()
        return
    url: str = request.getfixturevalue("postgresql")
    name = f"empty_{place.name}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    database = Database(url.replace("/postgres?", f"/{name}?"))
    yield database
    database.stop()
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name}")


def describe(conn: Connection) -> dict[str, list[str]]:
    """Everything the database itself says about its tables, as text."""
    if conn.dialect.name == "sqlite":
        rows = conn.execute(text("SELECT tbl_name, sql FROM sqlite_master WHERE sql <> ''"))
        told = [(row.tbl_name, part) for row in rows for part in _parts(row.sql)]
    else:
        told = [
            (row.place, row.told)
            for query in (
                "SELECT conrelid::regclass::text AS place, conname || pg_get_constraintdef(oid)"
                " AS told FROM pg_constraint WHERE conrelid > 0"
                " AND connamespace = 'public'::regnamespace",
                "SELECT tablename AS place, indexdef AS told FROM pg_indexes"
                " WHERE schemaname = 'public'",
                "SELECT table_name AS place, concat_ws(' ', column_name, data_type, is_nullable,"
                " column_default) AS told FROM information_schema.columns"
                " WHERE table_schema = 'public'",
            )
            for row in conn.execute(text(query))
        ]
    tables: dict[str, list[str]] = {}
    for table, part in sorted(told):
        tables.setdefault(table, []).append(part)
    return tables


def _parts(sql: str) -> list[str]:
    """A statement of SQLite's, cut where only the order of its parts may differ."""
    flat = re.sub(r"\s+", " ", sql.replace('"', "")).replace("( ", "(").replace(" )", ")")
    if not flat.startswith("CREATE TABLE"):
        return [flat]
    inner = flat.partition("(")[2].rpartition(")")[0]
    return [part.strip() for part in re.split(r",(?![^(]*\))", inner)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_migrations_and_the_short_way_make_the_same_schema(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with (
        empty_database(kind, request, tmp_path / "long") as long,
        empty_database(kind, request, tmp_path / "short") as short,
    ):
        with long.transaction() as conn:
            migrations.upgrade(conn)
        assert migrate(short) == "created"
        with long.transaction() as one, short.transaction() as other:
            migrated, created = describe(one), describe(other)

    assert set(created) == {*schema.metadata.tables, "alembic_version"}
    assert migrated == created


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # the test above compares those
@pytest.mark.parametrize("kind", KINDS)
def test_alembic_finds_no_difference_between_a_migrated_database_and_the_tables(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with empty_database(kind, request, tmp_path / "compared") as database:
        with database.transaction() as conn:
            migrations.upgrade(conn)
        with database.transaction() as conn:
            context = MigrationContext.configure(conn, opts={"compare_type": True})
            assert compare_metadata(context, schema.metadata) == []


def test_the_newest_migration_is_the_one_the_program_asks_for() -> None:
    names = sorted(path.name for path in VERSIONS.glob("[0-9]*.py"))
    texts = [(VERSIONS / name).read_text("utf-8") for name in names]

    numbers = [name[:4] for name in names]
    assert numbers[-1] == schema.HEAD
    for number, before, content in zip(numbers, [None, *numbers], texts, strict=False):
        assert f'revision = "{number}"' in content
        assert f"down_revision = {before and chr(34) + before + chr(34)}" in content
        assert "service" not in re.findall(r"^(?:from|import) (\w+)", content, re.M)


def copy_known(table: Table, source: Connection, target: Connection) -> None:
    """The rows of a table, as far as an older schema has its columns."""
    known = {column["name"] for column in inspect(target).get_columns(table.name)}
    rows = source.execute(select(*(column for column in table.c if column.name in known)))
    target.execute(insert(table), [dict(row._mapping) for row in rows])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "version", sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))[:-1]
)
def test_every_older_database_comes_to_the_newest_schema_with_its_comments(
    version: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with (
        empty_database(kind, request, tmp_path / "older") as older,
        empty_database(kind, request, tmp_path / "new") as new,
    ):
        migrate(new)
        with new.transaction() as conn:
            a_site(conn)
            kept = [a_comment(conn, comment=f"Number {number}.").id for number in range(20)]
        with older.transaction() as conn, new.transaction() as other:
            migrations.upgrade(conn, version)
            for table in (schema.site, schema.thread, schema.comment):
                copy_known(table, other, conn)

        assert migrate(older) == f"migrated from {version} to {schema.HEAD}"

        with older.transaction() as conn, new.transaction() as other:
            assert set(list_comments(conn, kept)) == set(kept)
            assert describe(conn) == describe(other)


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        before, comment = describe(conn), a_comment(conn)

    assert migrate(database) == "up to date"
    with database.transaction() as conn:
        assert describe(conn) == before
        assert conn.scalar(text("SELECT count(*) FROM comment")) == 1
        assert comment.id


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_of_a_newer_program_is_refused_with_a_clear_text(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with empty_database(kind, request, tmp_path / "newer") as database:
        migrate(database)
        with database.transaction() as conn:
            conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))

        with pytest.raises(Unavailable, match="schema 9999, newer than this program's 00"):
            migrate(database)


@pytest.mark.parametrize("kind", KINDS)
def test_replicas_that_start_together_migrate_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    answers: list[str] = []
    with empty_database(kind, request, tmp_path / "together") as first:
        others = [Database(first._writer_engine.url) for _ in range(5)]
        together = threading.Barrier(len(others))

        def start(database: Database) -> None:
            together.wait(10)
            answers.append(migrate(database))
            database.stop()

        starting = [threading.Thread(target=start, args=(database,)) for database in others]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join(30)

    assert sorted(answers) == ["created", *["up to date"] * 4]
