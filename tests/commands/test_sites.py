"""`site`: added, listed, shown and set, with each mistake named."""

import re
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.serving import desk, run_command

COMMANDS = [
    [], ["serve"], ["site"], ["site", "add"], ["site", "list"], ["site", "show"], ["site", "set"],
    ["moderator"], ["moderator", "add"], ["moderator", "disable"], ["token"], ["token", "add"],
    ["rule"], ["rule", "add"], ["rule", "dry-run"], ["rule", "list"], ["rule", "end"],
    ["migrate"], ["doctor"],
]  # fmt: skip


@pytest.fixture(scope="module")
def with_news(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory with one site, which no test of it may change."""
    data_dir = tmp_path_factory.mktemp("news")
    desk(data_dir, "site", "add", "news", "--origin", "https://news.example")
    before = desk(data_dir, "site", "list"), desk(data_dir, "site", "show", "news")
    yield data_dir
    assert (desk(data_dir, "site", "list"), desk(data_dir, "site", "show", "news")) == before


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_answers_at_once_and_touches_nothing(tmp_path: Path, words: list[str]) -> None:
    data_dir = tmp_path / "data"

    began = time.monotonic()
    done = run_command(data_dir, *words, "--help")
    spent = time.monotonic() - began

    assert done.returncode == 0
    assert done.stdout.startswith("usage: ")
    assert spent < 3  # the aim is 0.3 s on a machine that does nothing else
    assert not data_dir.exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["frobnicate"], "frobnicate"),
        (["site", "add"], "KEY"),
        (["serve", "--port", "x"], "--port"),
    ],
    ids=["no such command", "an argument left out", "no number"],
)
def test_a_bad_line_is_answered_with_one(tmp_path: Path, words: list[str], named: str) -> None:
    done = run_command(tmp_path / "data", *words)

    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"comment-desk.*: .*\n", done.stderr)
    assert named.lower() in done.stderr.lower()
    assert "--help" in done.stderr


def test_the_version_is_that_of_the_distribution(tmp_path: Path) -> None:
    assert run_command(tmp_path / "data", "--version").stdout.strip() == version("comment-desk")
    assert not (tmp_path / "data").exists()


def test_a_site_is_added_listed_shown_and_set(tmp_path: Path) -> None:
    added = desk(
        tmp_path, "site", "add", "news", "--origin", "HTTPS://News.Example:443",
        "--origin", "https://www.news.example", "--name", "The News",
    )  # fmt: skip
    assert "https://news.example, https://www.news.example" in added
    assert desk(tmp_path, "site", "list").splitlines() == [
        "news\tThe News\thttps://news.example https://www.news.example"
    ]

    desk(tmp_path, "site", "set", "news", "limit.address=3/hour", "notify.email=a=b@mail.example")
    shown = dict(
        line.partition("#")[0].rstrip().split("=", 1)
        for line in desk(tmp_path, "site", "show", "news").splitlines()[1:]
    )
    assert shown["limit.address"] == "3/hour"
    assert shown["notify.email"] == "a=b@mail.example"
    assert shown["edit.window"] == "15m"


def test_what_show_prints_set_takes(tmp_path: Path) -> None:
    desk(tmp_path, "site", "add", "news", "--origin", "https://news.example")
    pairs = [
        line.partition("#")[0].rstrip()
        for line in desk(tmp_path, "site", "show", "news").splitlines()[1:]
    ]

    desk(tmp_path, "site", "set", "news", *pairs)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["add", "news", "--origin", "https://a.example"], "'news' exists already"),
        (["add", "News!", "--origin", "https://a.example"], "'News!'"),
        (["add", "x" * 64, "--origin", "https://a.example"], "63"),
        (["add", "blog", "--origin", "news.example"], "--origin"),
        (["add", "blog", "--origin", "https://a.example/path"], "--origin"),
        (["add", "blog", "--origin", "javascript:alert(1)"], "--origin"),
        (["show", "nowhere"], "'nowhere'"),
        (["set", "nowhere", "links.max=1"], "'nowhere'"),
        (["set", "news", "links.max"], "NAME=VALUE"),
        (["set", "news", "links.max=lots"], "links.max=lots"),
        (["set", "news", "limit.adress=1/hour"], "limit.adress"),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_2(
    with_news: Path, words: list[str], named: str
) -> None:
    done = run_command(with_news, "site", *words)

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("comment-desk: ")
    assert named in line


@pytest.mark.parametrize("before", [True, False])
def test_the_data_directory_may_be_named_before_or_after_the_command(
    tmp_path: Path, before: bool
) -> None:
    where = ["--data-dir", str(tmp_path / "elsewhere")]
    words = ["site", "list"]

    done = run_command(tmp_path / "not here", *(where + words if before else words + where))

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "elsewhere" / "comments.db").exists()
    assert not (tmp_path / "not here").exists()
