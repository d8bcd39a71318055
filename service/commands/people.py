"""`moderator` and `token`: who may sign in to the desk and who may call its API."""

import argparse
import sys
from typing import TYPE_CHECKING

from service.commands.opened import (
    add_data_dir,
    clock,
    read_config,
    served_at,
    transaction,
)
from service.errors import UnknownSite, UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    actions = subparsers.add_parser("moderator", help="people").add_subparsers(
        required=True, metavar="ACTION"
    )
    add = actions.add_parser("add", help="add a moderator; prints a one-time sign-in link")
    _add_grant(add)
    add.add_argument(
        "--password-stdin", action="store_true", help="read a password from standard input"
    )
    add.set_defaults(run=run_add)
    link = actions.add_parser("link", help="print a new one-time sign-in link")
    link.add_argument("name")
    link.set_defaults(run=run_link)
    disable = actions.add_parser("disable", help="shut a moderator out at once")
    disable.add_argument("name")
    disable.set_defaults(run=run_disable)
    enable = actions.add_parser("enable", help="let a moderator in again who was shut out")
    enable.add_argument("name")
    enable.set_defaults(run=run_enable)
    rights = actions.add_parser("rights", help="give a moderator this role in place of all others")
    _add_grant(rights)
    rights.set_defaults(run=run_rights)
    reset = actions.add_parser("reset-second-factor", help="turn somebody's second factor off")
    reset.add_argument("name")
    reset.set_defaults(run=run_reset_second_factor)
    actions.add_parser("list", help="list moderators").set_defaults(run=run_list)
    tokens = subparsers.add_parser("token", help="API tokens").add_subparsers(
        required=True, metavar="ACTION"
    )
    token = tokens.add_parser("add", help="add a token; printed once, on the last line")
    _add_grant(token)
    token.set_defaults(run=run_token)
    remove = tokens.add_parser("remove", help="take every token of a name back at once")
    remove.add_argument("name")
    remove.set_defaults(run=run_remove_tokens)
    tokens.add_parser("list", help="list tokens, not what they are").set_defaults(run=run_tokens)
    for parser in (*actions.choices.values(), *tokens.choices.values()):
        add_data_dir(parser)


def run_add(args: argparse.Namespace) -> int:
    """Add a person, with a password from standard input or a one-time link to sign in by."""
    from service.passwords import check_password, hash_password
    from service.store import people
    from service.team import check_name
    from service.vocabulary import Role

    password = sys.stdin.readline().rstrip("\n") if args.password_stdin else ""
    if args.password_stdin:
        check_password(password, args.name)
    password_hash = hash_password(password) if password else ""
    with transaction(args) as conn:
        moderator_id = people.add_moderator(
            conn, check_name(args.name), Role(args.role), _site_ids(conn, args.site), clock()
        )
        if password_hash:
            people.set_password(conn, moderator_id, password_hash)
            print(f"moderator {args.name} added")
            return 0
        link = people.add_sign_in_link(conn, moderator_id, clock())
    print(f"moderator {args.name} added; one-time link to sign in, good for a day:")
    print(f"{served_at(read_config(args))}/desk/sign-in?link={link}")
    return 0


def run_link(args: argparse.Namespace) -> int:
    """Print a new one-time link, for who lost theirs or their password."""
    from service.store import people

    with transaction(args) as conn:
        found = people.find_moderator(conn, args.name)
        if found is None or found.disabled:
            raise UsageError(f"no moderator is called {args.name!r}, or they are shut out")
        link = people.add_sign_in_link(conn, found.id, clock())
    print(f"{served_at(read_config(args))}/desk/sign-in?link={link}")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """List moderators with their roles."""
    from service.store import people

    with transaction(args) as conn:
        for moderator, grants in people.list_moderators(conn):
            roles = ", ".join(f"{role} on {site or 'every site'}" for role, site in grants)
            print(f"{moderator.name}\t{'disabled' if moderator.disabled else roles}")
    return 0


def run_disable(args: argparse.Namespace) -> int:
    """Shut a person out; their sessions end at once."""
    from service.store import people

    with transaction(args) as conn:
        people.disable_moderator(conn, args.name, clock())
    return 0


def run_enable(args: argparse.Namespace) -> int:
    """Let a person in again."""
    from service.store import team

    with transaction(args) as conn:
        team.enable(conn, _person(conn, args.name))
    return 0


def run_rights(args: argparse.Namespace) -> int:
    """Give a person one role on some sites or on all, and no other; their sessions end."""
    from service.store import people, team
    from service.vocabulary import Role

    with transaction(args) as conn:
        moderator_id = _person(conn, args.name)
        role = Role(args.role)
        team.set_grants(conn, moderator_id, dict.fromkeys(_site_ids(conn, args.site), role))
        people.end_sessions(conn, moderator_id)
    return 0


def run_reset_second_factor(args: argparse.Namespace) -> int:
    """Turn a second factor off whose device and recovery codes are lost; sessions end."""
    from service.store import people, second_factors

    with transaction(args) as conn:
        moderator_id = _person(conn, args.name)
        if not second_factors.remove_factor(conn, moderator_id):
            raise UsageError(f"{args.name!r} has no second factor")
        people.end_sessions(conn, moderator_id)
    return 0


def run_token(args: argparse.Namespace) -> int:
    """Add a token and print it alone on the last line."""
    from service.store import people
    from service.team import check_name
    from service.vocabulary import Role

    with transaction(args) as conn:
        sites = _site_ids(conn, args.site)
        if len(sites) > 1:
            raise UsageError("a token covers one --site, or without it every site")
        token = people.add_token(conn, check_name(args.name), Role(args.role), sites[0], clock())
    print(token)
    return 0


def run_remove_tokens(args: argparse.Namespace) -> int:
    """Take tokens back; whoever holds one is out from the next request on."""
    from service.store import people

    with transaction(args) as conn:
        if not people.remove_tokens(conn, args.name):
            raise UsageError(f"no token is called {args.name!r}: see comment-desk token list")
    return 0


def run_tokens(args: argparse.Namespace) -> int:
    """List tokens: name, role, site, when made."""
    from service.store import people

    with transaction(args) as conn:
        for name, role, site, created_at in people.list_tokens(conn):
            print(f"{name}\t{role} on {site or 'every site'}\t{created_at:%Y-%m-%d}")
    return 0


def _add_grant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--role", required=True, choices=["admin", "moderator", "viewer"])
    parser.add_argument(
        "--site", action="append", help="a site's key, may be repeated; without it every site"
    )


def _person(conn: "Connection", name: str) -> int:
    from service.store import people

    found = people.find_moderator(conn, name)
    if found is None:
        raise UsageError(f"no moderator is called {name!r}: see comment-desk moderator list")
    return found.id


def _site_ids(conn: "Connection", keys: list[str] | None) -> list[int | None]:
    from service.store import sites

    if not keys:
        return [None]
    ids: list[int | None] = []
    for key in keys:
        site = sites.find_site(conn, key)
        if site is None:
            raise UnknownSite(f"no site has the key {key!r}; comment-desk site list shows them")
        ids.append(site.id)
    return ids
