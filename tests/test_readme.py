"""What the README and the API's manual show is what the service answers: each example is run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.store.database import Database
from tests.conftest import ROOT
from tests.serving import Service, desk, running_service

HOST = "http://127.0.0.1:8000"
COMMAND = ".venv/bin/comment-desk"
DATA = "--data-dir .desk"
VARIABLES = {"id": "ID", "edit_token": "EDIT_TOKEN", "decision_id": "DECISION"}
ANYTHING = "…"
PATTERNS = (
    re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),  # an id
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),  # a time
)


@dataclass(frozen=True, slots=True)
class Example:
    """A block of shell, and what the page says comes back: status and, where shown, the body."""

    script: str
    status: int
    body: str


def examples(name: str) -> list[Example]:
    """The shell blocks of a page, each with the first status and JSON up to the next one."""
    _, *parts = re.split(r"^```sh\n", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)
    found = []
    for part in parts:
        script, _, after = part.partition("\n```\n")
        shown = re.search(r"^```json\n(.*?)^```$", after, re.MULTILINE | re.DOTALL)
        status = re.search(r"\*\*([1-5]\d\d)\*\*", after)
        found.append(Example(script, int(status[1]) if status else 200, shown[1] if shown else ""))
    return found


def matches(shown: object, got: object) -> bool:
    """Whether an answer has the fields shown, and their values but for ids, times and scores."""
    if shown in (ANYTHING, [ANYTHING]):
        return True
    if isinstance(shown, dict) and isinstance(got, dict):
        return shown.keys() == got.keys() and all(matches(shown[k], got[k]) for k in shown)
    if isinstance(shown, list) and isinstance(got, list):
        return len(shown) == len(got) and all(map(matches, shown, got))
    if isinstance(shown, float):
        return isinstance(got, float)
    if isinstance(shown, str) and isinstance(got, str):
        alike = any(p.fullmatch(shown) and p.fullmatch(got) for p in PATTERNS)
        return alike or shown == got
    return shown == got


@dataclass
class Terminal:
    """A shell in which the examples of a page are typed, one after the other."""

    service: Service
    directory: Path

    def __post_init__(self) -> None:
        (self.directory / ".curlrc").write_text('silent\nwrite-out = "\\n%{http_code}"\n')
        self.variables = {"PATH": os.environ["PATH"], "CURL_HOME": str(self.directory)}

    def type(self, script: str) -> str:
        """Run a block, with our own host, port, program and data directory put in."""
        script = script.replace(HOST, self.service.url)
        script = script.replace(COMMAND, f"{sys.executable} -m service")
        script = script.replace(DATA, f"--data-dir {self.service.data_dir}")
        done = subprocess.run(
            ["bash", "-euc", script],
            cwd=ROOT, env=self.variables, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stderr}"
        return done.stdout

    def run(self, example: Example) -> None:
        """Run an example and hold its answer against what the page shows."""
        if assigned := re.match(r"([A-Z_]+)=\$\(", example.script):
            name = assigned[1]
            printed = self.type(f'{example.script}\necho "${name}"')
            self.variables[name] = printed.splitlines()[-1]
            return
        assert example.script.count("curl ") == 1, example.script
        text, _, status = self.type(example.script).rpartition("\n")
        assert int(status) == example.status, f"{example.script}\n{text}"
        if not example.body:
            return
        shown, got = json.loads(example.body.replace(HOST, self.service.url)), json.loads(text)
        assert matches(shown, got), f"{example.script}\nshown: {shown}\ngot: {got}"
        self.variables |= {VARIABLES[k]: v for k, v in got.items() if k in VARIABLES and v}


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal beside a running service with the demo site."""
    if shutil.which("curl") is None and not os.environ.get("CI"):
        pytest.skip("curl is not installed")
    assert shutil.which("curl"), "curl is not installed"
    (tmp_path / "data").mkdir()
    with running_service(tmp_path / "data", "--demo") as service:
        yield Terminal(service, tmp_path)


@pytest.mark.parametrize("name", ["README.md", "docs/api.md"])
def test_the_examples_answer_what_the_page_shows(name: str, terminal: Terminal) -> None:
    runnable = [e for e in examples(name) if not e.script.startswith("make ")]

    assert len(runnable) >= 4
    for example in runnable:
        terminal.run(example)


def test_the_readme_is_short_and_says_how_to_start() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()

    assert len(lines) <= 150
    assert "make run" in lines
    assert any(re.search(r"!\[.+\]\(docs/images/", line) for line in lines), "no screenshot"


def test_the_quickstarts_backup_is_whole_while_the_service_writes(
    sqlite: Database, tmp_path: Path
) -> None:
    text = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
    block = re.search(r"^```\n(\S+ -c 'import sqlite3.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    script = block[1].replace(".venv/bin/python", sys.executable).replace("$(date +%F)", "copy")
    desk(tmp_path, "site", "add", "news", "--origin", "https://news.example")  # beside `sqlite`

    subprocess.run(
        ["bash", "-euc", script],
        cwd=tmp_path, env={"COMMENT_DESK_DATA_DIR": str(tmp_path)}, timeout=30, check=True,
    )  # fmt: skip

    (tmp_path / "restored").mkdir()
    (tmp_path / "comments-copy.db").rename(tmp_path / "restored" / "comments.db")
    assert desk(tmp_path / "restored", "site", "list").startswith("news\t")
