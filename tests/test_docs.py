"""The manual and the code say the same."""

import re
from enum import StrEnum

import pytest

from service import domain
from tests.conftest import ROOT

ENUMS = [
    value
    for value in vars(domain).values()
    if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum
]


def glossary_section(title: str) -> str:
    """The text under one second-level heading of the glossary."""
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert title in sections, f"docs/glossary.md has no section {title!r}"
    return str(sections[title])


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_the_glossary_explains_every_enum_value_and_no_other(enum: type[StrEnum]) -> None:
    explained = re.findall(r"^\| `([a-z-]+)` \| .+\. \|$", glossary_section(enum.__name__), re.M)

    assert sorted(explained) == sorted(value.value for value in enum)


def test_the_glossary_defines_no_word_twice() -> None:
    words = re.findall(r"^\| \*\*(.+?)\*\* \|", glossary_section("Words"), re.M)
    defined = [word for entry in words for word in entry.split(", ")]

    assert sorted(set(defined)) == sorted(defined)


def test_links_between_pages_of_the_manual_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
        if ":" not in target
    ]

    broken = [
        f"{page.name}: {target}" for page, target in links if not (page.parent / target).exists()
    ]

    assert broken == []
