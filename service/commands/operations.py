"""`migrate` and `doctor`: look after a running service."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from service.commands.opened import (
    add_data_dir,
    has_database,
    migrated_database,
    read_config,
    transaction,
)
from service.config import Config
from service.errors import DeskError, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

Finding = tuple[bool, str, str]  # whether it is well, what, and in words


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    migrate = subparsers.add_parser("migrate", help="bring the database to the newest schema")
    migrate.set_defaults(run=run_migrate)
    doctor = subparsers.add_parser("doctor", help="check every part and say what is wrong")
    doctor.set_defaults(run=run_doctor)
    for parser in (migrate, doctor):
        add_data_dir(parser)


def run_migrate(args: argparse.Namespace) -> int:
    """Migrate and say what was done."""
    database, done = migrated_database(read_config(args))
    database.stop()
    print(f"database: {done}")
    return 0


def run_doctor(args: argparse.Namespace) -> int:
    """Check every part; 0 when all is well, 1 when something needs attention."""
    config = read_config(args)
    try:
        if not has_database(args):
            raise UsageError(f"none yet in {config.data_dir}: `serve` makes one")
        with transaction(args) as conn:
            findings = [*_check_content(conn, config), _check_model(conn)]
    except DeskError as error:
        findings = [(False, "database", error.detail)]
    findings.append(_check_redis(config.redis_url))
    for works, part, text in findings:
        print(f"{'ok  ' if works else 'BAD '} {part:<12} {text}")
    return 0 if all(works for works, *_rest in findings) else 1


def _check_content(conn: "Connection", config: Config) -> list[Finding]:
    from service.store import outbox, people, sites

    known = [site.key for site in sites.list_sites(conn)]
    moderators = people.count_moderators(conn)
    waiting = outbox.count_waiting(conn)
    return [
        (True, "database", "PostgreSQL" if config.database_url else f"SQLite in {config.data_dir}"),
        (bool(known), "sites", ", ".join(known) or "none: comment-desk site add KEY …"),
        (moderators > 0, "moderators", str(moderators or "none: comment-desk moderator add …")),
        (not waiting, "outbox", _mail(waiting)),
    ]


def _check_model(conn: "Connection") -> Finding:
    from service.promote import current_model
    from service.scoring.artifact import ModelUnusable

    try:
        return True, "model", current_model(conn).name
    except ModelUnusable as error:
        return False, "model", f"{error}; every new comment is held as unscored"


def _mail(waiting: int) -> str:
    return f"{waiting} messages wait; this version writes mail down and does not send it yet"


def _check_redis(url: str) -> tuple[bool, str, str]:
    if not url:
        from service.embedded import find_server

        try:
            return True, "redis", f"embedded Valkey, started by serve ({find_server().name})"
        except DeskError as error:
            return False, "redis", error.detail

    from service.link import open_link

    async def ping() -> bool:
        link = open_link(url)
        try:
            return await link.ping()
        finally:
            await link.aclose()

    works = asyncio.run(ping())
    return works, "redis", "answers" if works else "does not answer at REDIS_URL"
