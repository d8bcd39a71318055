"""`serve`: run the service, with the embedded parts unless the environment names others."""

import argparse
import os
import signal
import socket
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from service.commands.opened import (
    add_data_dir,
    clock,
    note_served_at,
    open_database,
    read_config,
)
from service.errors import UsageError

if TYPE_CHECKING:
    import uvicorn

    from service.config import Config
    from service.store.database import Database

_GRACE = 10  # seconds that requests under way get after SIGTERM


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("serve", help="run the service")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes (%(default)s)")
    parser.add_argument("--demo", action="store_true", help="add a demo site with an article page")
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; requests under way are finished first."""
    from service import logs

    logs.configure()
    if args.workers < 1:
        raise UsageError("--workers: expected 1 or more")
    config = read_config(args)
    listener = _listen(args.host, args.port)
    if not config.public_url:
        config = replace(config, public_url=_own_url(args.host, args.port))
    with ExitStack() as parts:
        parts.callback(listener.close)
        if not config.redis_url:
            from service.embedded import EmbeddedValkey

            valkey = parts.enter_context(EmbeddedValkey(config.data_dir / "valkey"))
            config = replace(config, redis_url=valkey.url)
        database = open_database(config)
        note_served_at(config)
        lines = _prepare(database, config, demo=args.demo)
        database.stop()
        if args.workers > 1:  # where they add their numbers up; named before any of them starts
            numbers = tempfile.TemporaryDirectory(prefix="comment-desk-metrics-")
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = parts.enter_context(numbers)
        print("\n".join(lines), flush=True)
        _run_server(config, listener, demo=args.demo, workers=args.workers)
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Raises UsageError when it is taken."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"cannot listen on {host}:{port} ({error}): choose another with --port"
        ) from None
    listener.set_inheritable(True)
    return listener


def _own_url(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _prepare(database: "Database", config: "Config", *, demo: bool) -> list[str]:
    """Add what the demo needs; the lines that say where to look."""
    from service.store import people, sites
    from service.vocabulary import Role
    from service.web.embed import DEMO_SITE

    lines = [f"Comment Desk: {config.public_url}"]
    with database.transaction() as conn:
        if demo:
            sites.ensure_origin(conn, DEMO_SITE, _origin(config.public_url), clock())
            if people.count_moderators(conn) == 0:
                people.add_moderator(conn, "admin", Role.ADMIN, [None], clock())
            lines.append(f"  article page   {config.public_url}/demo")
        admin = people.find_moderator(conn, "admin")
        if demo and admin is not None and not admin.disabled:
            link = people.add_sign_in_link(conn, admin.id, clock())
            lines.append(f"  desk, sign in  {config.public_url}/desk/sign-in?link={link}")
        elif people.count_moderators(conn) == 0:
            lines.append("  nobody can sign in yet: comment-desk moderator add NAME --role admin")
    return lines


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _run_server(config: "Config", listener: socket.socket, *, demo: bool, workers: int) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from service.app import create_app, settle_memory

    if workers == 1:
        server = uvicorn.Server(_uvicorn(create_app(config, demo=demo)))
        # uvicorn raises the signal again once it has shut down; we want to leave with 0. One that
        # comes before uvicorn listens for it counts as well.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))
        settle_memory()
        server.run(sockets=[listener])
        return
    os.environ |= {
        "COMMENT_DESK_DATA_DIR": str(config.data_dir),
        "COMMENT_DESK_PUBLIC_URL": config.public_url,
        "COMMENT_DESK_DEMO": "1" if demo else "",
        "COMMENT_DESK_PARENT": str(os.getpid()),
        "REDIS_URL": config.redis_url,
    }
    settings = _uvicorn("service.commands.worker:app", factory=True, workers=workers)
    Multiprocess(settings, sockets=[listener]).run()


def _uvicorn(app: object, *, factory: bool = False, workers: int = 1) -> "uvicorn.Config":
    import uvicorn

    from service.commands.protocol import Bounded

    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        factory=factory,
        workers=workers,
        lifespan="on",
        http=Bounded,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # believed by our own setting only
        timeout_graceful_shutdown=_GRACE,
    )
