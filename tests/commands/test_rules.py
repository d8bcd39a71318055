"""Rules on the command line: tried, added, listed, ended, and restored."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.store.database import Database, sqlite_url
from service.vocabulary import Status
from tests.factories import a_comment
from tests.serving import desk, run_command


@pytest.fixture
def place(tmp_path: Path) -> Path:
    desk(tmp_path, "site", "add", "news", "--origin", "https://news.example")
    database = Database(sqlite_url(tmp_path))
    with database.transaction() as conn:
        now = datetime.now(UTC)
        a_comment(conn, comment="A casino, they say.", status=Status.PUBLISHED, now=now)
        a_comment(conn, comment="A specialist.", now=now)
    database.stop()
    return tmp_path


def test_a_dry_run_says_what_a_rule_would_have_met_and_adds_none(place: Path) -> None:
    said = desk(place, "rule", "dry-run", "word", "casino", "cialis", "--site", "news")

    assert "casino: met by 1 published, 0 held, 0 rejected, of 2 comments" in said
    assert "cialis: met by 0 published" in said
    assert "'A casino, they say.'" in said
    assert desk(place, "rule", "list") == ""


def test_rules_are_added_listed_ended_and_restored(place: Path) -> None:
    ids = desk(
        place, "rule", "add", "word", "cheap pills", "casino", "--hold", "--for", "7d",
    ).split()  # fmt: skip
    domain = desk(place, "rule", "add", "domain", "pills.example", "--site", "news").strip()

    first, *others = [line.split("\t") for line in desk(place, "rule", "list").splitlines()]
    assert first[:6] == [domain, "block", "domain", "pills.example", "news", "system"]
    assert first[6:] == ["for good", "0"]
    assert [line[:5] for line in others[::-1]] == [
        [ids[0], "hold", "word", "cheap pills", "every site"],
        [ids[1], "hold", "word", "casino", "every site"],
    ]

    desk(place, "rule", "end", domain)
    assert domain not in desk(place, "rule", "list")
    assert domain in desk(place, "rule", "list", "--past")
    desk(place, "rule", "end", domain, "--restore")
    assert domain in desk(place, "rule", "list")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("add", "address", "nowhere"), "Write an address or a network"),
        (("add", "word", "x", "--site", "blog"), "No such site"),
        (("dry-run", "word", "x", "--days", "91"), "--days: expected 1 to 90"),
        (("end", "7"), "no rule's id"),
        (("end", "01a20be3-4a16-751e-83cd-eae239362edc"), "No such rule"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_2(
    words: tuple[str, ...], complaint: str, place: Path
) -> None:
    done = run_command(place, "rule", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
