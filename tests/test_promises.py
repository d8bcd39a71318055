"""The page of promises names every number once, and only tests that exist."""

import re
from collections import Counter

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "promises.md").read_text("utf-8")
NUMBERS = [*(f"S{n}" for n in range(1, 45)), *(f"R{n}" for n in range(1, 28))]
ROWS = re.findall(r"^\| ([SR][0-9]+) \| (.*) \|$", PAGE, re.MULTILINE)
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)))


def test_every_promise_is_listed_once() -> None:
    assert Counter(number for number, _ in ROWS) == Counter(NUMBERS)


def test_every_promise_said_to_be_held_names_a_test() -> None:
    held = PAGE.partition("## Open")[0]

    for number, text in re.findall(r"^\| ([SR][0-9]+) \| (.*) \|$", held, re.MULTILINE):
        assert "::test_" in text, number


@pytest.mark.parametrize(("path", "name"), TESTS, ids=[name for _, name in TESTS])
def test_the_test_exists(path: str, name: str) -> None:
    source = (ROOT / path).read_text("utf-8")

    assert re.search(rf"^(?:async )?def {name}\(", source, re.MULTILINE)
