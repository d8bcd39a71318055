"""`rule`: what sites block or hold by their own word."""

import argparse
from typing import TYPE_CHECKING

from service.commands.opened import add_data_dir, clock, opened, transaction
from service.errors import UsageError

if TYPE_CHECKING:
    from service.forbid import Draft
    from service.persons import Actor

_KINDS = ("word", "domain", "address", "email")
_LASTING = ("1d", "7d", "30d")
_SHOWN = 20


def add_to(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    actions = subparsers.add_parser("rule", help="what sites block or hold").add_subparsers(
        required=True, metavar="ACTION"
    )
    add = actions.add_parser("add", help="block or hold what meets a rule")
    _add_draft(add)
    add.add_argument("--note", default="", help="why, for other moderators")
    add.set_defaults(run=run_add)
    dry = actions.add_parser("dry-run", help="what a rule would have met; changes nothing")
    _add_draft(dry)
    dry.add_argument("--days", type=int, default=30, help="how far back, 1 to 90 (30)")
    dry.set_defaults(run=run_dry)
    shown = actions.add_parser("list", help="list rules in force")
    shown.add_argument("--past", action="store_true", help="those that have ended instead")
    shown.set_defaults(run=run_list)
    end = actions.add_parser("end", help="end a rule; --restore takes that back")
    end.add_argument("id")
    end.add_argument("--restore", action="store_true", help="let it count again")
    end.set_defaults(run=run_end)
    for parser in actions.choices.values():
        add_data_dir(parser)


def run_add(args: argparse.Namespace) -> int:
    """Add rules; they count from the next submission on."""
    from service import forbid

    with transaction(args) as conn:
        for draft in _drafts(args):
            print(forbid.add_in(conn, _operator(), draft, clock()).id)
    return 0


def run_dry(args: argparse.Namespace) -> int:
    """Say what rules would have met, published comments first."""
    from service import forbid

    if not 1 <= args.days <= forbid.LONGEST_TRIAL:
        raise UsageError(f"--days: expected 1 to {forbid.LONGEST_TRIAL}")
    for draft in _drafts(args):
        with opened(args) as database, database.snapshot() as conn:
            trial = forbid.try_in(conn, _operator(), draft, args.days, clock())
        totals = ", ".join(f"{count} {status}" for status, count in trial.totals.items())
        capped = " (the newest; there are more)" if trial.is_capped else ""
        print(f"{draft.value}: met by {totals}, of {trial.read} comments{capped}")
        for comment in trial.met[:_SHOWN]:
            print(f"{comment.status}\t{comment.id}\t{comment.comment[:80]!a}")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """List rules: id, effect, kind, value, site, who, until when, hits."""
    from service.store import rules, sites

    with transaction(args) as conn:
        keys = {site.id: site.key for site in sites.list_sites(conn)}
        after = None
        while page := rules.list_rules(conn, None, clock(), is_past=args.past, after=after):
            for rule in page:
                site = "every site" if rule.site_id is None else keys[rule.site_id]
                until = rule.expires_at.isoformat() if rule.expires_at else "for good"
                print(rule.id, rule.effect, rule.kind, rule.value, site, rule.actor, until,
                      rule.hits, sep="\t")  # fmt: skip
            after = page[-1].id
    return 0


def run_end(args: argparse.Namespace) -> int:
    """End a rule, or let it count again."""
    import uuid

    from service import forbid

    try:
        rule_id = str(uuid.UUID(args.id))
    except ValueError:
        raise UsageError(
            f"{args.id!r} is no rule's id; comment-desk rule list shows them"
        ) from None
    ended_at = None if args.restore else clock()
    with transaction(args) as conn:
        forbid.set_ended_in(conn, _operator(), rule_id, ended_at)
    return 0


def _add_draft(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=_KINDS)
    parser.add_argument("values", nargs="+", metavar="VALUE")
    parser.add_argument("--hold", action="store_true", help="hold what meets it; else reject it")
    parser.add_argument("--site", default="", metavar="KEY", help="one site; else every site")
    parser.add_argument("--for", dest="lasts", choices=_LASTING, default="", help="else for good")


def _drafts(args: argparse.Namespace) -> "list[Draft]":
    from service import forbid

    shared = {
        "kind": args.kind, "effect": "hold" if args.hold else "block", "site": args.site,
        "lasts": args.lasts, "note": getattr(args, "note", ""),
    }  # fmt: skip
    return [forbid.parse_draft(shared | {"value": value}) for value in args.values]


def _operator() -> "Actor":
    from service.persons import Actor
    from service.vocabulary import SYSTEM, Role

    return Actor(SYSTEM, {None: Role.ADMIN})
