"""What commands share: the settings, and the database they stand on, migrated first."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from service.config import Config
from service.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from service.store.database import Database


_ADDRESS = "address"  # a file in the data directory


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Let `--data-dir` stand after the command as well as before it."""
    parser.add_argument("--data-dir", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def read_config(args: argparse.Namespace) -> Config:
    """The settings, from the environment and `--data-dir`. Raises UsageError."""
    return Config.from_environ(os.environ, data_dir=args.data_dir)


def open_database(config: Config) -> "Database":
    """The database of these settings, migrated. Raises UsageError, Unavailable."""
    database, _done = migrated_database(config)
    return database


def migrated_database(config: Config) -> "tuple[Database, str]":
    """The database and what was done to its schema. Raises UsageError, Unavailable."""
    from service.store.database import Database, migrate, sqlite_url

    try:
        config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"COMMENT_DESK_DATA_DIR: {error}") from None
    database = Database(config.database_url or sqlite_url(config.data_dir))
    try:
        return database, migrate(database)
    except BaseException:
        database.stop()
        raise


def data_dir_of(args: argparse.Namespace) -> Path:
    """The data directory, without making it."""
    from platformdirs import user_data_path

    named = args.data_dir or os.environ.get("COMMENT_DESK_DATA_DIR", "").strip()
    return Path(named or user_data_path("comment-desk", appauthor=False)).expanduser()


def has_database(args: argparse.Namespace) -> bool:
    """Whether a database was set up, as far as can be told without opening it."""
    from service.store.database import sqlite_url

    named = os.environ.get("DATABASE_URL", "").strip()
    return bool(named) or Path(sqlite_url(data_dir_of(args)).database or "").exists()


@contextmanager
def opened(args: argparse.Namespace) -> "Iterator[Database]":
    """The database of these arguments, migrated; closed again."""
    database = open_database(read_config(args))
    try:
        yield database
    finally:
        database.stop()


@contextmanager
def transaction(args: argparse.Namespace) -> Iterator["Connection"]:
    """One transaction on the database of these arguments."""
    with opened(args) as database, database.transaction() as conn:
        yield conn


def served_at(config: Config) -> str:
    """The address in links: the setting's, else where the service was last started."""
    if config.public_url:
        return config.public_url
    try:
        return (config.data_dir / _ADDRESS).read_text("utf-8").strip()
    except FileNotFoundError:
        return "http://127.0.0.1:8000"


def note_served_at(config: Config) -> None:
    """Let commands beside the running service know its address."""
    (config.data_dir / _ADDRESS).write_text(config.public_url, "utf-8")


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
