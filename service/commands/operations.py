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

    from service.store.outbox import Standing

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
    findings += [_check_redis(config.redis_url), _check_mail_server(config)]
    for works, part, text in findings:
        print(f"{'ok  ' if works else 'BAD '} {part:<12} {text}")
    return 0 if all(works for works, *_rest in findings) else 1


def _check_content(conn: "Connection", config: Config) -> list[Finding]:
    from service.store import outbox, people, sites

    known = [site.key for site in sites.list_sites(conn)]
    moderators = people.count_moderators(conn)
    mail = outbox.standing(conn)
    return [
        (True, "database", "PostgreSQL" if config.database_url else f"SQLite in {config.data_dir}"),
        (bool(known), "sites", ", ".join(known) or "none: comment-desk site add KEY …"),
        (moderators > 0, "moderators", str(moderators or "none: comment-desk moderator add …")),
        _check_outbox(mail, outbox.list_faults(conn), bool(config.smtp_url)),
    ]


def _check_model(conn: "Connection") -> Finding:
    from service.promote import current_model
    from service.scoring.artifact import ModelUnusable

    try:
        return True, "model", current_model(conn).name
    except ModelUnusable as error:
        return False, "model", f"{error}; every new comment is held as unscored"


def _check_outbox(mail: "Standing", faults: list[tuple[str, int]], is_sent: bool) -> Finding:
    parts = [f"{mail.waiting} mails wait"]
    if mail.troubled:
        parts.append(f"{mail.troubled} of them failed before")
    if mail.failed:
        parts.append(f"{mail.failed} were given up")
    parts += [f"{number} × {fault}" for fault, number in faults]
    if mail.waiting and not is_sent:
        parts.append("they go out once COMMENT_DESK_SMTP_URL is set")
    works = not (mail.troubled or mail.failed or (mail.waiting and not is_sent))
    return works, "outbox", "; ".join(parts)


def _check_mail_server(config: Config) -> Finding:
    from service.mail.carrier import Carrier, ServerAway
    from service.mail.server import parse_mail_server

    server = parse_mail_server(config.smtp_url, config.mail_from)
    if server is None:
        return True, "mail", "none is sent: COMMENT_DESK_SMTP_URL is not set"

    async def check() -> None:
        carrier = Carrier(server)
        await carrier.check()
        await carrier.aclose()

    try:
        asyncio.run(check())
    except ServerAway as error:
        return False, "mail", f"{server.host}:{server.port} cannot be used: {error.fault}"
    return True, "mail", f"{server.host}:{server.port}, from {server.sender}"


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
