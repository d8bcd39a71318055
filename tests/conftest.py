"""What every test shares: the clock, the optional corpora, and real servers."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import URL
from starlette.testclient import TestClient

from service.app import create_app
from service.config import Config
from service.domain import Scorer
from service.scoring.model import Model
from service.store import schema
from service.store.database import Database, migrate, sqlite_url
from tests.desk import Desk
from tests.factories import SECRET, a_site
from tests.mail_server import MailServer, running_mail_server
from tests.postgresql_server import running_postgresql
from tests.redis_server import RedisServer, running_server
from tests.serving import Service, running_service
from tests.signing_in import add_moderators
from tests.tiny_model import promote_model, train_tiny_model

ROOT = Path(__file__).resolve().parent.parent
CORPORA = Path(os.environ.get("COMMENT_DESK_CORPORA", ROOT.parent / "shared"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each file's tests stay together, and so do all of a browser's, which share one service."""
    for item in items:
        group = "browser" if item.get_closest_marker("browser") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def now() -> datetime:
    """A fixed instant, so that no test reads the clock."""
    return datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of optional real data; a test that needs it skips where it is absent."""
    if not CORPORA.is_dir():
        pytest.skip(f"optional corpora not found at {CORPORA} (set COMMENT_DESK_CORPORA)")
    return CORPORA


# --- servers, one of each for the whole run ---------------------------------------------------


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a migrated PostgreSQL database."""
    with running_postgresql() as url:
        database = Database(url)
        migrate(database)
        database.stop()
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    directory = tmp_path_factory.mktemp("sqlite")
    database = Database(sqlite_url(directory))
    migrate(database)
    database.stop()
    return directory / "comments.db"


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for the run; tests ask for `valkey`."""
    directory = Path(tempfile.mkdtemp(prefix="desk-valkey-"))  # short: a socket's path is limited
    try:
        with running_server(directory) as server:
            yield server
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model, trained on a few sentences: sells → spam, talks about the harvest → fine."""
    return train_tiny_model(tmp_path_factory.mktemp("model"))


# --- one of each for a test -------------------------------------------------------------------


@pytest.fixture
def valkey(shared_valkey: RedisServer) -> RedisServer:
    """An empty server; a test that stops it asks `running_server` for one of its own."""
    shared_valkey.command("FLUSHDB")
    return shared_valkey


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | URL:
    """An empty, migrated database of each kind."""
    if request.param == "sqlite":
        return _fresh_sqlite(request, tmp_path)
    url: str = request.getfixturevalue("postgresql")
    database = Database(url)
    with database.transaction() as conn:
        names = ", ".join(table.name for table in schema.metadata.sorted_tables)
        conn.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    database.stop()
    return url


@pytest.fixture
def sqlite_only_url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """An empty, migrated SQLite database, where the kind makes no difference."""
    return _fresh_sqlite(request, tmp_path)


def _fresh_sqlite(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    template: Path = request.getfixturevalue("sqlite_template")
    shutil.copy(template, tmp_path / "comments.db")
    return sqlite_url(tmp_path)


@pytest.fixture
def database(database_url: str | URL) -> Iterator[Database]:
    """A started database of each kind."""
    yield from _started(database_url)


@pytest.fixture
def sqlite(sqlite_only_url: URL) -> Iterator[Database]:
    """A started SQLite database, where the kind makes no difference."""
    yield from _started(sqlite_only_url)


def _started(url: str | URL) -> Iterator[Database]:
    database = Database(url)
    database.start()
    yield database
    database.stop()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server of the test's own."""
    with running_mail_server() as server:
        yield server


@pytest.fixture
def score(tiny_model: Path) -> Scorer:
    """The tiny model as verbs take it."""
    return Model.load(tiny_model).score


@pytest.fixture
def desk(database: Database, valkey: RedisServer, score: Scorer) -> Desk:
    return Desk(database, valkey.url, score)


@pytest.fixture
def open_desk(desk: Desk) -> Desk:
    """On a site that lets the score decide."""
    with desk.database.transaction() as conn:
        a_site(conn, publish__unproven="score")
    return desk


@pytest.fixture
def config(tmp_path: Path, sqlite: Database, valkey: RedisServer, tiny_model: Path) -> Config:
    """Settings for an application on a SQLite file in `tmp_path`, with the tiny model."""
    with sqlite.transaction() as conn:
        promote_model(conn, tiny_model)
    return Config.from_environ(
        {
            "COMMENT_DESK_DATA_DIR": str(tmp_path),
            "COMMENT_DESK_SECRET": SECRET.decode(),
            "COMMENT_DESK_PUBLIC_URL": "http://testserver",
            "REDIS_URL": valkey.url,
        }
    )


@pytest.fixture
def client(config: Config, sqlite: Database) -> Iterator[TestClient]:
    """The application over the same SQLite file as the fixture `sqlite`."""
    with TestClient(create_app(config), follow_redirects=False) as client:
        yield client


@pytest.fixture
def any_client(config: Config, database: Database, database_url: str | URL) -> Iterator[TestClient]:
    """The application over the same database as the fixture `database`, of each kind."""
    url = "" if database.is_sqlite else str(database_url)
    with TestClient(
        create_app(replace(config, database_url=url)), follow_redirects=False
    ) as client:
        yield client


@pytest.fixture
def moderators(database: Database) -> Database:
    """Max with a password, Eva without one, Ida disabled."""
    return add_moderators(database)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Service]:
    """`comment-desk serve` in a process and a data directory of its own."""
    with running_service(tmp_path) as service:
        yield service
