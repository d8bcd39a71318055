"""Two workers on SQLite; two replicas of two workers each on PostgreSQL and each kind of Redis."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest

from service.store.database import sqlite_url
from tests.redis_cluster import running_cluster
from tests.redis_sentinel import running_watched
from tests.redis_server import RedisServer
from tests.replicas.processes import Replicas, running_replicas


@contextmanager
def own_database(url: str, name: str) -> Iterator[str]:
    """The URL of an empty database on this server, for the length of the block."""
    with closing(psycopg.connect(url, autocommit=True)) as conn:
        conn.execute(f"CREATE DATABASE {name}")
        try:
            yield url.replace("/postgres?", f"/{name}?")
        finally:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def on_postgresql(
    request: pytest.FixtureRequest, factory: pytest.TempPathFactory, redis_url: str
) -> Iterator[Replicas]:
    """Two services of two processes each, on PostgreSQL and this Redis."""
    server: str = request.getfixturevalue("postgresql")
    places = [factory.mktemp("replica"), factory.mktemp("replica")]
    with (
        own_database(server, "replicas") as url,
        running_replicas(places, url, DATABASE_URL=url, REDIS_URL=redis_url) as running,
    ):
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "cluster", "sentinel"])
def replicas(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replicas]:
    """Services of two processes each: one on SQLite, two on PostgreSQL and each kind of Redis."""
    _require_linux()
    place = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield stack.enter_context(running_replicas([place], sqlite_url(place)))
            return
        if request.param == "postgresql":
            valkey: RedisServer = request.getfixturevalue("shared_valkey")
            url = valkey.url
        elif request.param == "cluster":
            url = stack.enter_context(running_cluster(place)).url
        else:
            url = stack.enter_context(running_watched(place)).url
        yield stack.enter_context(on_postgresql(request, tmp_path_factory, url))


@pytest.fixture
def fresh_replicas(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    shared_valkey: RedisServer,
) -> Iterator[Replicas]:
    """Two services of two processes each, on PostgreSQL, to be killed."""
    _require_linux()
    with on_postgresql(request, tmp_path_factory, shared_valkey.url) as running:
        yield running


def _require_linux() -> None:
    if sys.platform != "linux":
        pytest.skip("tells the processes of a service apart by /proc")
