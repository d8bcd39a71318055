"""Schemathesis against the service as it runs: whatever its own description allows, and does not.

Each run makes requests from `/openapi.json`, good ones and broken ones, and holds every answer
against what is described: its status, media type, headers and shape; and no answer is a 5xx.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from service.store.database import Database, sqlite_url
from tests.factories import ORIGIN, PAGE
from tests.hostile.taking import SETTINGS
from tests.serving import Service, running_service
from tests.web.asking import COMMENTS, a_body, bearing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLES = 60  # of each kind, for each call
# Text that fits the description may still name no site of ours, or be no address at all.
LEFT_OUT = "positive_data_acceptance"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a site that limits nobody."""
    with running_service(tmp_path_factory.mktemp("described")) as service:
        service.desk("site", "add", "news", "--origin", ORIGIN)
        service.desk("site", "set", "news", *(f"{n}={v}" for n, v in SETTINGS.items()))
        yield service


@pytest.fixture(scope="module")
def token(running: Service) -> str:
    """Of somebody who may do everything."""
    return running.desk("token", "add", "ada", "--role", "admin").split()[-1]


def run(running: Service, folder: Path, *options: str) -> tuple[int, int, str]:
    """How many requests were made, how many failures they found, and what is told of them."""
    report = folder / "report.json"
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [str(program), "--no-color", "run", f"{running.url}/openapi.json",
         "--max-examples", str(EXAMPLES), "--seed", "1", "--generation-database", "none",
         "--exclude-checks", LEFT_OUT, "--report", "json", "--report-json-path", str(report),
         *options],
        cwd=folder, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    print(done.stdout[-2000:], report.read_text()[:3000])
    return 0, done.returncode, done.stdout


def test_a(running: Service, token: str, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(
        f'[parameters]\n"query.site" = "news"\n"query.page_url" = "{PAGE}"\n'
    )
    _, code, told = run(running, tmp_path, "--header", f"Authorization: Bearer {token}")
    assert code == 0, told[-3000:]
