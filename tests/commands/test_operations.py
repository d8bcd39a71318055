"""`migrate` and `doctor`: what state everything is in."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from tests.mail_server import running_mail_server
from tests.serving import desk, run_command


def test_migrate_says_what_it_did(tmp_path: Path) -> None:
    assert desk(tmp_path, "migrate") == "database: created\n"
    assert desk(tmp_path, "migrate") == "database: up to date\n"


def test_a_newer_database_is_refused_in_one_line(tmp_path: Path) -> None:
    desk(tmp_path, "migrate")
    with closing(sqlite3.connect(tmp_path / "comments.db")) as conn, conn:
        conn.execute("UPDATE alembic_version SET version_num = '9999'")

    done = run_command(tmp_path, "site", "list")

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "newer than this program's" in line
    assert "backup" in line


def test_a_damaged_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "comments.db").write_bytes(b"no database" * 1000)

    done = run_command(tmp_path, "site", "list")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_commands_that_start_together_on_nothing_all_work(tmp_path: Path) -> None:
    outcomes: list[int] = []

    def add(number: int) -> None:
        words = ["site", "add", f"s{number}", "--origin", "https://news.example"]
        outcomes.append(run_command(tmp_path / "new", *words).returncode)

    starting = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()

    assert outcomes == [0] * 4
    assert len(desk(tmp_path / "new", "site", "list").splitlines()) == 4


def test_doctor_names_what_needs_attention(tmp_path: Path) -> None:
    nothing = run_command(tmp_path, "doctor")
    assert nothing.returncode == 1
    assert "none yet" in nothing.stdout
    assert not (tmp_path / "comments.db").exists()

    desk(tmp_path, "migrate")
    first = run_command(tmp_path, "doctor")
    assert first.returncode == 1
    assert "comment-desk site add" in first.stdout
    assert "comment-desk moderator add" in first.stdout

    desk(tmp_path, "site", "add", "news", "--origin", "https://news.example")
    desk(tmp_path, "moderator", "add", "max", "--role", "admin")
    assert "BAD" not in desk(tmp_path, "doctor")
    away = run_command(tmp_path, "doctor", REDIS_URL=f"unix://{tmp_path}/nobody.sock")
    assert away.returncode == 1
    assert "does not answer at REDIS_URL" in away.stdout


def test_doctor_tells_of_the_mail_server_and_of_mails_that_do_not_go_out(tmp_path: Path) -> None:
    desk(tmp_path, "migrate")
    desk(tmp_path, "site", "add", "news", "--origin", "https://news.example")
    desk(tmp_path, "moderator", "add", "max", "--role", "admin")
    assert "COMMENT_DESK_SMTP_URL is not set" in desk(tmp_path, "doctor")
    with closing(sqlite3.connect(tmp_path / "comments.db")) as conn, conn:
        conn.executemany(
            "INSERT INTO outbox (id, site_id, kind, recipient, created_at, due_at, attempts,"
            " failed_at, fault) VALUES (?, 1, 'reply', 'ann@mail.example', 0, 0, 9, ?, ?)",
            [(b"1", None, None), (b"2", 1, "recipient refused (550)"), (b"3", None, "away")],
        )

    unset = run_command(tmp_path, "doctor")
    with running_mail_server() as server:
        url = f"{server.url}?from=desk@news.example"
        there = run_command(tmp_path, "doctor", COMMENT_DESK_SMTP_URL=url)
    gone = run_command(tmp_path, "doctor", COMMENT_DESK_SMTP_URL=url)

    assert unset.returncode == there.returncode == gone.returncode == 1
    assert "2 mails wait; 1 of them failed before; 1 were given up" in unset.stdout
    assert "1 × recipient refused (550)" in unset.stdout
    assert "once COMMENT_DESK_SMTP_URL is set" in unset.stdout
    assert f"ok   mail         127.0.0.1:{server.port}, from desk@news.example" in there.stdout
    assert f"BAD  mail         127.0.0.1:{server.port} cannot be used" in gone.stdout
    assert "ann@" not in unset.stdout + there.stdout + gone.stdout


def test_no_secret_is_printed(tmp_path: Path) -> None:
    desk(tmp_path, "migrate")
    secret = (tmp_path / "secret").read_text()

    for words in (["doctor"], ["--help"], ["site", "list"], ["serve", "--port", "70000"]):
        done = run_command(tmp_path, *words)
        assert secret not in done.stdout + done.stderr
