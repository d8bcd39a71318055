"""Two workers on SQLite; two replicas of two workers each on PostgreSQL and Valkey."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from service.store.database import sqlite_url
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


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def replicas(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replicas]:
    """Services of two processes each: one on SQLite, two on PostgreSQL and one Valkey."""
    if sys.platform != "linux":
        pytest.skip("tells the processes of a service apart by /proc")
    place = tmp_path_factory.mktemp("replica")
    if request.param == "sqlite":
        with running_replicas([place], sqlite_url(place)) as running:
            yield running
        return
    server: str = request.getfixturevalue("postgresql")
    valkey: RedisServer = request.getfixturevalue("shared_valkey")
    places = [place, tmp_path_factory.mktemp("replica")]
    with (
        own_database(server, "replicas") as url,
        running_replicas(places, url, DATABASE_URL=url, REDIS_URL=valkey.url) as running,
    ):
        yield running
