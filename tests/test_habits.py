"""The habits of the code that no linter knows."""

import ast
import re

from tests.test_repository import read_texts, tracked_files

NOUNS = (
    "domain",
    "persons",
    "rulebook",
    "pace",
    "vocabulary",
    "settings",
    "errors",
    "text",
    "likeness",
    "markup",
    "tokens",
    "searching",
)
PURE = (*NOUNS, "policy", "intake")


def test_every_python_file_says_what_it_is_for() -> None:
    silent = [
        name
        for name, text in read_texts("*.py").items()
        if text and not ast.get_docstring(ast.parse(text))
    ]

    assert silent == []


def test_no_file_of_the_service_is_longer_than_300_lines() -> None:
    long = {
        name: len(text.splitlines())
        for name, text in read_texts("service/*.py").items()
        if len(text.splitlines()) > 300
    }

    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "common", "core", "manager", "misc", "base"}

    assert [path for path in tracked_files("*.py") if path.stem in empty] == []


def test_nouns_intake_and_policy_open_nothing() -> None:
    paths = [f"service/{name}.py" for name in PURE] + [f"service/{name}/" for name in PURE]
    sources = read_texts(*paths)

    assert "service/domain.py" in sources
    fetching = r"^\s*(?:import|from) urllib(?:\.request| import .*\brequest)"
    assert [name for name, text in sources.items() if re.search(fetching, text, re.M)] == []


def test_outside_the_store_nothing_of_sqlalchemy_is_named_but_the_connection() -> None:
    names = {
        f"{path}: {name}"
        for path, text in read_texts("service/*.py").items()
        if not path.startswith("service/store/")
        for imported in re.findall(r"^\s*(?:from|import) (sqlalchemy.*)", text, re.M)
        for name in [imported.removeprefix("sqlalchemy import ")]
        if name != "Connection"
    }

    assert names == set()
