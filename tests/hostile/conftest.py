"""The table of what went in and what became of it, and the parts that these tests share."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.config import Config
from service.store.database import Database
from service.vocabulary import Role
from tests.hostile.placing import Count
from tests.hostile.table import NOTED, write_tables
from tests.hostile.taking import open_up
from tests.web.asking import a_token

Note = Callable[..., None]


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """Enter a line in the table: what went in, by which way, and what became of it."""

    def enter(
        what: str, way: str, inputs: int, *, tried: int, refused: int, shown: int, failures: int
    ) -> None:
        record_property(NOTED, (what, way, inputs, tried, refused, shown, failures))

    return enter


@pytest.fixture
def settle(note: Note) -> Callable[[str, str, int, Count], None]:
    """Enter a count in the table, and fail where anything in it has."""

    def enter(what: str, way: str, inputs: int, count: Count) -> None:
        note(what, way, inputs, tried=count.tried, refused=count.refused, shown=count.shown,
             failures=len(count.failures))  # fmt: skip
        assert count.failures[:5] == []

    return enter


@pytest.fixture
def bad(corpora: Path) -> Path:
    """The folder of bad inputs."""
    if not (corpora / "badinputs").is_dir():
        pytest.skip(f"no badinputs in {corpora} (set COMMENT_DESK_CORPORA)")
    return corpora / "badinputs"


@pytest.fixture
def site(sqlite: Database) -> Database:
    """A site that publishes what it can and limits nobody."""
    open_up(sqlite)
    return sqlite


@pytest.fixture
def proxied(config: Config, site: Database) -> Iterator[TestClient]:
    """The application behind a proxy it trusts, which may say for whom it speaks."""
    trusted = replace(config, trusted_proxies=(ip_network("127.0.0.0/8"),))
    with TestClient(
        create_app(trusted), follow_redirects=False, client=("127.0.0.1", 50_000)
    ) as client:
        yield client


@pytest.fixture
def moderator(site: Database) -> dict[str, str]:
    """The header of a moderator's token."""
    return a_token(site, Role.MODERATOR)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables, if any of these tests ran."""
    write_tables(terminalreporter)
