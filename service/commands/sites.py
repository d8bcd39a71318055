"""`site`: add, list, show and set up sites."""

import argparse
import re
from typing import TYPE_CHECKING

from service.commands.opened import add_data_dir, clock, transaction
from service.errors import UnknownSite, UsageError

if TYPE_CHECKING:
    from service.domain import Site

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    actions = subparsers.add_parser("site", help="sites and their policy").add_subparsers(
        required=True, metavar="ACTION"
    )
    add = actions.add_parser("add", help="add a site")
    add.add_argument("key")
    add.add_argument("--origin", action="append", required=True, help="https://news.example")
    add.add_argument("--name", default="")
    add.set_defaults(run=run_add)
    actions.add_parser("list", help="list sites").set_defaults(run=run_list)
    show = actions.add_parser("show", help="show a site's settings")
    show.add_argument("key")
    show.set_defaults(run=run_show)
    change = actions.add_parser("set", help="change settings")
    change.add_argument("key")
    change.add_argument("settings", nargs="+", metavar="NAME=VALUE")
    change.set_defaults(run=run_set)
    for parser in actions.choices.values():
        add_data_dir(parser)


def run_add(args: argparse.Namespace) -> int:
    """Add a site with default settings."""
    from service.intake.page import normalise_origin
    from service.store import sites

    if not _KEY.fullmatch(args.key):
        raise UsageError(f"site key {args.key!r}: use a-z, 0-9 and hyphens, 63 at most")
    try:
        origins = [normalise_origin(origin) for origin in args.origin]
    except ValueError:
        raise UsageError("--origin: expected a scheme and host, as https://news.example") from None
    with transaction(args) as conn:
        sites.add_site(conn, args.key, args.name or args.key, origins, clock())
    print(f"site {args.key} added for {', '.join(origins)}")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """List every site."""
    from service.store import sites

    with transaction(args) as conn:
        for site in sites.list_sites(conn):
            print(f"{site.key}\t{site.name}\t{' '.join(site.origins)}")
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Show a site and all its settings, as `site set` takes them."""
    from service.settings import BY_NAME
    from service.store import sites

    with transaction(args) as conn:
        site = _known(sites.find_site(conn, args.key), args.key)
        stored = sites.stored_settings(conn, args.key)
    print(f"# {site.name}: {' '.join(site.origins)}")
    for name, value in stored.items():
        print(f"{name}={value}".ljust(36) + f"# {BY_NAME[name].help}")
    return 0


def run_set(args: argparse.Namespace) -> int:
    """Change settings; a running service follows from the next request on."""
    from service.store import sites

    changes: dict[str, str] = {}
    for text in args.settings:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"{text!r}: expected NAME=VALUE")
        changes[name] = value
    with transaction(args) as conn:
        _known(sites.find_site(conn, args.key), args.key)
        sites.set_settings(conn, args.key, changes)
    return 0


def _known(site: "Site | None", key: str) -> "Site":
    if site is None:
        raise UnknownSite(f"no site has the key {key!r}; comment-desk site list shows them")
    return site
