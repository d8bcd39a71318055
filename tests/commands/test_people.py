"""`moderator` and `token`: who may sign in, and with what."""

import re
from pathlib import Path

import pytest

from service.store import people, second_factors
from service.store.database import Database, sqlite_url
from tests.factories import NOW
from tests.serving import desk, run_command


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one site; each test adds people of its own."""
    place = tmp_path_factory.mktemp("news")
    desk(place, "site", "add", "news", "--origin", "https://news.example")
    return place


def test_a_moderator_gets_a_link_to_sign_in_once(data_dir: Path) -> None:
    printed = desk(
        data_dir, "moderator", "add", "max", "--role", "admin",
        COMMENT_DESK_PUBLIC_URL="https://desk.example/",
    )  # fmt: skip

    link = printed.splitlines()[-1]
    assert re.fullmatch(r"https://desk\.example/desk/sign-in\?link=[\w-]{43}", link)


def test_a_password_is_read_from_standard_input_and_never_printed(data_dir: Path) -> None:
    password = "correct horse battery staple"

    printed = desk(
        data_dir, "moderator", "add", "ida", "--role", "viewer", "--site", "news",
        "--password-stdin", stdin=password + "\n",
    )  # fmt: skip

    assert printed == "moderator ida added\n"


def test_a_token_stands_alone_on_the_last_line(data_dir: Path) -> None:
    for words in ([], ["--site", "news"]):
        printed = desk(data_dir, "token", "add", "bot", "--role", "moderator", *words)
        assert re.fullmatch(r"cd_[\w-]{43}", printed.splitlines()[-1])


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["moderator", "add", "max", "--role", "viewer", "--site", "nowhere"], "'nowhere'"),
        (["moderator", "add", "", "--role", "viewer"], "name"),
        (["moderator", "add", "x" * 101, "--role", "viewer"], "name"),
        (["moderator", "add", "a\nb", "--role", "viewer"], "name"),
        (["moderator", "add", "max", "--role", "viewer", "--password-stdin"], "password"),
        (["moderator", "disable", "nobody"], "'nobody'"),
        (["moderator", "link", "nobody"], "'nobody'"),
        (["moderator", "enable", "nobody"], "'nobody'"),
        (["moderator", "rights", "nobody", "--role", "viewer"], "'nobody'"),
        (["moderator", "reset-second-factor", "nobody"], "'nobody'"),
        (["token", "remove", "nobody"], "'nobody'"),
        (["token", "add", "bot", "--role", "viewer", "--site", "nowhere"], "'nowhere'"),
        (["token", "add", "bot", "--role", "viewer", "--site", "news", "--site", "news"], "--site"),
    ],
)
def test_a_mistake_is_one_clear_line_and_status_2(
    data_dir: Path, words: list[str], named: str
) -> None:
    done = run_command(data_dir, *words, stdin="short\n")

    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert named in line


def test_a_name_is_taken_once_and_shut_out_once(data_dir: Path) -> None:
    words = ["moderator", "add", "eva", "--role", "viewer"]
    desk(data_dir, *words)

    again = run_command(data_dir, *words)
    desk(data_dir, "moderator", "disable", "eva")

    assert (again.returncode, "'eva' exists already" in again.stderr) == (2, True)


def test_a_role_that_does_not_exist_is_refused_with_those_that_do(data_dir: Path) -> None:
    done = run_command(data_dir, "token", "add", "bot", "--role", "owner")

    assert done.returncode == 2
    assert "moderator" in done.stderr.splitlines()[-1]


def test_a_lost_link_is_made_anew_and_leads_to_where_the_service_runs(data_dir: Path) -> None:
    desk(data_dir, "moderator", "add", "lea", "--role", "moderator", "--site", "news")
    (data_dir / "address").write_text("http://127.0.0.1:9123")

    printed = desk(data_dir, "moderator", "link", "lea")

    assert re.fullmatch(r"http://127\.0\.0\.1:9123/desk/sign-in\?link=[\w-]{43}\n", printed)


def test_moderators_are_listed_with_their_roles_and_disabled_ones_marked(data_dir: Path) -> None:
    desk(data_dir, "moderator", "add", "uma", "--role", "viewer", "--site", "news")
    desk(data_dir, "moderator", "add", "zoe", "--role", "admin")
    desk(data_dir, "moderator", "disable", "zoe")

    lines = desk(data_dir, "moderator", "list").splitlines()

    assert "uma\tviewer on news" in lines
    assert "zoe\tdisabled" in lines


def test_a_person_gets_other_rights_and_is_let_in_again(data_dir: Path) -> None:
    desk(data_dir, "moderator", "add", "kit", "--role", "admin")
    desk(data_dir, "moderator", "disable", "kit")

    desk(data_dir, "moderator", "rights", "kit", "--role", "viewer", "--site", "news")
    desk(data_dir, "moderator", "enable", "kit")

    assert "kit\tviewer on news" in desk(data_dir, "moderator", "list").splitlines()


def test_a_second_factor_is_turned_off_where_there_is_one(data_dir: Path) -> None:
    desk(data_dir, "moderator", "add", "lou", "--role", "viewer")
    database = Database(sqlite_url(data_dir))
    with database.transaction() as conn:
        lou = people.find_moderator(conn, "lou")
        assert lou is not None
        second_factors.set_factor(conn, lou.id, "sealed", 0, NOW)
    database.stop()

    desk(data_dir, "moderator", "reset-second-factor", "lou")
    again = run_command(data_dir, "moderator", "reset-second-factor", "lou")

    assert (again.returncode, "no second factor" in again.stderr) == (2, True)


def test_s24_a_common_password_is_refused_with_the_reason(data_dir: Path) -> None:
    done = run_command(
        data_dir, "moderator", "add", "pat", "--role", "viewer", "--password-stdin",
        stdin="iloveyou\n",
    )  # fmt: skip

    assert (done.returncode, "most common" in done.stderr) == (2, True)


def test_tokens_are_listed_without_what_they_are_and_taken_back_by_name(data_dir: Path) -> None:
    token = desk(data_dir, "token", "add", "leaked", "--role", "admin").strip()

    listed = desk(data_dir, "token", "list")
    desk(data_dir, "token", "remove", "leaked")

    assert "leaked\tadmin on every site\t" in listed
    assert token not in listed
    assert "leaked" not in desk(data_dir, "token", "list")
