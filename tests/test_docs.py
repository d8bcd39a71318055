"""The manual and the code say the same."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum

import pytest
from starlette.routing import Mount, Route

from service import errors, vocabulary
from service.__main__ import main
from service.config import Config
from service.settings import SETTINGS
from service.web import problems
from service.web.metrics import Metrics
from service.web.routes import ROUTES
from tests.conftest import ROOT

ENUMS = [
    value
    for value in vars(vocabulary).values()
    if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum
]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
COMMAND = re.compile(r"^    ([a-z-]+)(?: {2,}.*)?$", re.MULTILINE)


def section(page: str, title: str) -> str:
    """The text under one second-level heading of a page of the manual, up to the next one."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert title in sections, f"docs/{page} has no section {title!r}"
    return str(sections[title])


def rows(page: str, title: str) -> dict[str, list[str]]:
    """The tables of a section: the first cell, which is code, and the other cells of its row."""
    found: dict[str, list[str]] = {}
    for name, rest in re.findall(r"^\| `([^`|]+)` \| (.+) \|$", section(page, title), re.M):
        assert name not in found, f"docs/{page} lists {name} twice"
        found[name] = [cell.strip() for cell in rest.split(" | ")]
    return found


def defaults(page: str, title: str) -> dict[str, str]:
    """What a table of settings says is the default of each; "" where it says none."""
    cells = {name: cells[0].strip("`") for name, cells in rows(page, title).items()}
    return {name: "" if default == "none" else default for name, default in cells.items()}


def kinds_of(error: type[errors.DeskError]) -> Iterator[type[errors.DeskError]]:
    """Every error below this one in the tree."""
    for kind in error.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def help_of(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The commands that the command line lists below some words."""
    with pytest.raises(SystemExit):
        main([*words, "--help"])
    return COMMAND.findall(capsys.readouterr().out)


# --- glossary ---------------------------------------------------------------------------------


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_the_glossary_explains_every_enum_value_and_no_other(enum: type[StrEnum]) -> None:
    text = section("glossary.md", enum.__name__)

    explained = re.findall(r"^\| `([a-z-]+)` \| .+\. \|$", text, re.M)

    assert sorted(explained) == sorted(value.value for value in enum)


def test_the_glossary_defines_no_word_twice() -> None:
    words = re.findall(r"^\| \*\*(.+?)\*\* \|", section("glossary.md", "Words"), re.M)
    defined = [word for entry in words for word in entry.split(", ")]

    assert sorted(set(defined)) == sorted(defined)


# --- operations -------------------------------------------------------------------------------


def test_operations_lists_every_setting_of_the_process_with_its_default() -> None:
    wanted = {str(f.metadata["name"]): str(f.metadata["default"]) for f in fields(Config)}

    assert defaults("operations.md", "Settings of the process") == wanted


def test_operations_lists_every_setting_of_a_site_with_its_default() -> None:
    wanted = {setting.name: setting.default for setting in SETTINGS}

    assert defaults("operations.md", "Settings of a site") == wanted


def test_operations_lists_every_command_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    there = set()
    for word in help_of(capsys):
        actions = help_of(capsys, word)
        there |= {f"{word} {action}" for action in actions} or {word}

    assert set(rows("operations.md", "Commands")) == there


def test_operations_explains_every_metric_and_no_other() -> None:
    kinds = {
        family.name + ("_total" if family.type == "counter" else ""): family.type
        for family in Metrics().registry.collect()
    }

    explained = {name: cells[0] for name, cells in rows("operations.md", "Metrics").items()}

    assert explained == kinds


def test_operations_explains_every_event_in_the_log() -> None:
    logged = {
        text
        for path in (ROOT / "service").rglob("*.py")
        for text in re.findall(r'\blog\.\w+\(\s*"([^"]+)"', path.read_text("utf-8"))
    }

    explained = {name.removesuffix(" …") for name in rows("operations.md", "Logs")}

    assert logged
    assert {text for text in logged if not text.startswith(tuple(explained))} == set()


# --- API --------------------------------------------------------------------------------------


def test_the_api_page_lists_every_route_and_no_other() -> None:
    there = {"GET /static" for route in ROUTES if isinstance(route, Mount)}
    for route in ROUTES:
        if isinstance(route, Route):
            path = re.sub(r":\w+\}", "}", route.path)
            there |= {f"{method} {path}" for method in (route.methods or set()) - {"HEAD"}}
    text = (ROOT / "docs" / "api.md").read_text("utf-8")

    listed = re.findall(r"^(?:### |\| )`([A-Z]+ /\S*)`", text, re.MULTILINE)

    assert sorted(listed) == sorted(there)


def test_the_api_page_lists_every_error_with_its_status() -> None:
    wanted = {kind.code: str(kind.status) for kind in kinds_of(errors.DeskError)}
    wanted |= {code: str(status) for status, code in problems._CODES.items()}
    unforeseen, _ = problems.problem_of(RuntimeError())
    wanted |= {unforeseen.code: str(unforeseen.status), errors.UsageError.code: "–"}

    listed = {code: cells[0] for code, cells in rows("api.md", "Errors").items()}

    assert listed == wanted


def test_the_api_page_explains_every_code_of_a_field() -> None:
    pattern = r'(?:FieldError|_invalid)\(\s*[^,()]+,\s*"([a-z-]+)"'
    used = {
        code
        for path in (ROOT / "service").rglob("*.py")
        for code in re.findall(pattern, path.read_text("utf-8"))
    }

    assert set(rows("api.md", "Codes of a field")) == used


# --- all pages --------------------------------------------------------------------------------


def test_links_between_pages_of_the_manual_lead_somewhere() -> None:
    links = [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
        if ":" not in target
    ]

    broken = [
        f"{page.name}: {target}" for page, target in links if not (page.parent / target).exists()
    ]

    assert broken == []


def test_links_to_a_heading_lead_to_one() -> None:
    broken = []
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", page.read_text("utf-8")):
            text = (page.parent / target if target else page).read_text("utf-8")
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}
            broken += [] if anchor in anchors else [f"{page.name}: {target}#{anchor}"]

    assert broken == []


def test_json_in_the_manual_is_json() -> None:
    blocks = [
        block
        for page in PAGES
        for block in re.findall(
            r"^```json\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
    ]

    assert blocks
    for block in blocks:
        json.loads(block)


def test_the_manuals_first_page_leads_to_every_other() -> None:
    first = (ROOT / "docs" / "README.md").read_text("utf-8")
    others = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert {name for name in others if f"]({name})" not in first} == set()
