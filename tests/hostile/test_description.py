"""Schemathesis against the service as it runs: whatever its own description allows, and does not.

Each run makes requests from `/openapi.json`, good ones and broken ones, and holds every answer
against what is described: its status, media type, headers and shape; and no answer is a 5xx.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.factories import ORIGIN, PAGE
from tests.hostile.taking import SETTINGS
from tests.serving import Service, running_service
from tests.web.asking import COMMENTS, a_body

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLES = 40  # of each kind, for each call
# Text that fits the description may still name no site of ours, or be no address at all; and which
# answer holds the id of what was made is only guessed: the ids of comments for that of a decision.
LEFT_OUT = "positive_data_acceptance,ensure_resource_availability"


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


@pytest.mark.parametrize("knows", ["nothing", "what is there"])
@pytest.mark.parametrize("who", ["nobody", "an admin"])
def test_every_answer_is_as_described_and_none_is_an_error(
    running: Service, token: str, tmp_path: Path, note: Callable[..., None], who: str, knows: str
) -> None:
    options = ["--header", f"Authorization: Bearer {token}"] if who == "an admin" else []
    if knows == "what is there":
        (tmp_path / "schemathesis.toml").write_text(hints(running, token))

    report = run(running, tmp_path, *options)

    cases = report["test_cases"]
    note("schemathesis", f"{who}, knows {knows}", cases["generated"], tried=cases["generated"],
         refused=0, shown=0, failures=cases["unique_failures"])  # fmt: skip
    assert report["failures"] == [], report["in words"]
    assert report["errors"] == []
    assert report["operations"]["tested"] == report["operations"]["total"] > 15
    assert '"error"' not in running.logged


def hints(running: Service, token: str) -> str:
    """What is there, half of the time used where it fits: a site, its page, comments' ids."""
    posted = [
        httpx2.post(f"{running.url}{COMMENTS}", json=a_body(comment=f"Number {number}."))
        for number in range(5)
    ]
    ids = [answer.json()["id"] for answer in posted]
    known = {"site": ["news"], "page_url": [PAGE], "email": ["ann@mail.example"], "id": ids}
    places = {
        "site": ("query.site", "body.site"), "page_url": ("query.page_url", "body.page_url"),
        "email": ("body.email",), "id": ("path.id", "body.ids[*]", "body.parent_id"),
    }  # fmt: skip
    lists = "".join(f"[dictionaries.{n}]\nvalues = {json.dumps(v)}\n" for n, v in known.items())
    bindings = "".join(
        f'"{place}" = {{ dictionary = "{name}", probability = 0.5 }}\n'
        for name, names in places.items()
        for place in names
    )
    return f"{lists}[parameters]\n{bindings}"


def run(running: Service, folder: Path, *options: str) -> dict[str, Any]:
    """Schemathesis' own report of a run in this folder."""
    report = folder / "report.json"
    program = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [str(program), "--no-color", "run", f"{running.url}/openapi.json",
         "--max-examples", str(EXAMPLES), "--seed", "1", "--generation-database", "none",
         "--exclude-checks", LEFT_OUT, "--report", "json", "--report-json-path", str(report),
         *options],
        cwd=folder, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert report.exists(), done.stdout + done.stderr
    told: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return told | {"in words": done.stdout.partition("FAILURES =")[2][:8000]}
