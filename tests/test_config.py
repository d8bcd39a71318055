"""Settings of the process: read once, each mistake named, secrets never shown (S42)."""

import os
import stat
import threading
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from service.config import Config
from service.errors import UsageError
from service.settings import Rate

SECRET = "0123456789abcdef0123456789abcdef"


def read(tmp_path: Path, **environ: str) -> Config:
    return Config.from_environ({"COMMENT_DESK_DATA_DIR": str(tmp_path / "data")} | environ)


def test_nothing_set_means_everything_embedded(tmp_path: Path) -> None:
    config = read(tmp_path)

    assert (config.database_url, config.redis_url, config.smtp_url) == ("", "", "")
    assert (config.trusted_proxies, config.global_limit) == ((), None)
    assert config.data_dir == tmp_path / "data"


def test_every_setting_is_read_from_its_variable(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        DATABASE_URL=" postgres://desk:pw@db.example:5432/desk ",
        REDIS_URL="rediss://cache.example:6380/1",
        COMMENT_DESK_TRUSTED_PROXIES="10.0.0.0/8, 2001:db8::/32,",
        COMMENT_DESK_PUBLIC_URL="https://desk.example/comments/",
        COMMENT_DESK_GLOBAL_LIMIT="100/second",
        COMMENT_DESK_SECRET=SECRET,
        COMMENT_DESK_METRICS_TOKEN="m",
        COMMENT_DESK_SMTP_URL="smtp://mail.example",
        COMMENT_DESK_MAIL_FROM="News <comments@news.example>",
    )

    assert config.database_url == "postgresql://desk:pw@db.example:5432/desk"
    assert config.redis_url == "rediss://cache.example:6380/1"
    assert config.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    assert config.public_url == "https://desk.example/comments"
    assert config.global_limit == Rate(100, 1)
    assert (config.secret, config.metrics_token) == (SECRET.encode(), "m")
    assert config.smtp_url == "smtp://mail.example"
    assert config.mail_from == "News <comments@news.example>"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://localhost/x"),
        ("DATABASE_URL", "/var/lib/desk.db"),
        ("DATABASE_URL", "postgresql://desk:pw@db.example:port/desk"),
        ("DATABASE_URL", "postgresql://[/desk"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://"),
        ("REDIS_URL", "redis://cache:port/0"),
        ("REDIS_URL", "redis+sentinel://a:1,b:2"),
        ("COMMENT_DESK_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("COMMENT_DESK_TRUSTED_PROXIES", "everybody"),
        ("COMMENT_DESK_PUBLIC_URL", "desk.example"),
        ("COMMENT_DESK_PUBLIC_URL", "ftp://desk.example"),
        ("COMMENT_DESK_PUBLIC_URL", "https://"),
        ("COMMENT_DESK_PUBLIC_URL", "http://["),
        ("COMMENT_DESK_PUBLIC_URL", "http://desk.example:port"),
        ("COMMENT_DESK_SMTP_URL", "mail.example"),
        ("COMMENT_DESK_SMTP_URL", "smtp://"),
        ("COMMENT_DESK_SMTP_URL", "smtp://mail.example:port"),
        ("COMMENT_DESK_SMTP_URL", "smtp://desk:pw@mail.example"),  # a password in the clear
        ("COMMENT_DESK_GLOBAL_LIMIT", "many"),
        ("COMMENT_DESK_GLOBAL_LIMIT", "0/second"),
        ("COMMENT_DESK_SECRET", "short"),
        ("COMMENT_DESK_SECRET", "changeme-changeme-changeme-changeme"),
        ("COMMENT_DESK_SECRET", "this-is-an-Example-0123456789abcdef"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable_alone(
    tmp_path: Path, name: str, value: str
) -> None:
    environ = {"COMMENT_DESK_SECRET": SECRET} | {name: value}

    with pytest.raises(UsageError, match=f"^{name}: ") as refusal:
        read(tmp_path, **environ)

    assert "\n" not in refusal.value.detail
    assert "pw" not in refusal.value.detail


@pytest.mark.parametrize(
    "url",
    [
        "redis://h", "redis://:pw@h:6379/0", "rediss://h", "unix:///run/redis.sock?db=1",
        "redis+cluster://a:1,b:2", "rediss+sentinel://user:pw@a:1,b:2/primary/1",
    ],
)  # fmt: skip
def test_every_kind_of_redis_is_taken(tmp_path: Path, url: str) -> None:
    assert read(tmp_path, REDIS_URL=url).redis_url == url


def test_a_shared_database_needs_a_shared_secret(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="COMMENT_DESK_SECRET: required with DATABASE_URL"):
        read(tmp_path, DATABASE_URL="postgresql://db.example/desk")


def test_a_secret_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    first, second = read(tmp_path), read(tmp_path)

    path = tmp_path / "data" / "secret"
    assert first.secret == second.secret == path.read_bytes()
    assert len(first.secret) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["secret"]


def test_all_who_start_together_have_the_same_secret(tmp_path: Path) -> None:
    together, found = threading.Barrier(16), list[bytes]()

    def start() -> None:
        together.wait(10)
        found.append(read(tmp_path).secret)

    starting = [threading.Thread(target=start) for _ in range(16)]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()

    assert len(found) == 16
    assert len(set(found)) == 1
    assert os.listdir(tmp_path / "data") == ["secret"]


@pytest.mark.parametrize("content", [b"", b"\n", b"0123456789"])
def test_a_secret_cut_short_is_refused_rather_than_used(tmp_path: Path, content: bytes) -> None:
    read(tmp_path)
    (tmp_path / "data" / "secret").write_bytes(content)

    with pytest.raises(UsageError, match="holds no secret"):
        read(tmp_path)


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a directory")

    for path in (tmp_path / "data", tmp_path / "data" / "below"):
        with pytest.raises(UsageError, match=r"^COMMENT_DESK_DATA_DIR: .*data"):
            Config.from_environ({}, data_dir=str(path))


def test_the_argument_wins_over_the_environment(tmp_path: Path) -> None:
    config = Config.from_environ(
        {"COMMENT_DESK_DATA_DIR": str(tmp_path / "a")}, data_dir=str(tmp_path / "b")
    )

    assert config.data_dir == tmp_path / "b"
    assert not (tmp_path / "a").exists()


def test_no_secret_is_in_what_is_printed_of_the_settings(tmp_path: Path) -> None:
    hidden = {
        "DATABASE_URL": "postgresql://desk:db-pw@db.example/desk",
        "REDIS_URL": "redis://:redis-pw@cache.example",
        "COMMENT_DESK_SECRET": SECRET,
        "COMMENT_DESK_METRICS_TOKEN": "metrics-token",
        "COMMENT_DESK_SMTP_URL": "smtps://desk:mail-pw@mail.example?from=a@mail.example",
    }
    config = read(tmp_path, **hidden)

    printed = repr(config) + str(config)
    for word in ("db-pw", "redis-pw", SECRET, "metrics-token", "mail-pw"):
        assert word not in printed


def test_every_field_says_its_variable_default_and_meaning() -> None:
    names = [field.metadata["name"] for field in fields(Config)]

    assert len(set(names)) == len(names)
    assert all(field.metadata["help"] for field in fields(Config))


def test_a_command_of_ours_is_given_the_same_database_and_no_place_for_numbers(
    tmp_path: Path,
) -> None:
    config = read(tmp_path, DATABASE_URL="postgres://db.example/desk", COMMENT_DESK_SECRET=SECRET)
    ours = {"PATH": "/bin", "PROMETHEUS_MULTIPROC_DIR": "numbers", "DATABASE_URL": "another"}

    child = config.for_child(ours)

    assert child["PATH"] == "/bin"
    assert "PROMETHEUS_MULTIPROC_DIR" not in child
    again = Config.from_environ(child)
    assert (again.database_url, again.data_dir) == (config.database_url, config.data_dir)
    assert again.secret == config.secret
