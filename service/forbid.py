"""What moderators forbid: rules of their sites, tried on past comments first, and bans."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from service.domain import Comment, Decision
from service.errors import FieldError, Forbidden, InvalidSubmission, NotFound
from service.intake.address import prefixes
from service.persons import Actor
from service.rulebook import Rule, RuleBook, Traits, parse_value
from service.store import comments, decisions, dry_run, rules, sites
from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Choice, Effect, Reason, Role, RuleKind, Status

LASTING = {"1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30), "": None}
LONGEST_TRIAL = 90  # days
MOST_READ = 20_000  # comments that a trial reads
MOST_SHOWN = 1_000
MOST_REJECTED = 500  # comments that a ban rejects with it
_NOTE_LIMIT = 500


class Draft(Struct, frozen=True):
    """A rule as somebody asks for it; `site_key` "" means every site, `lasts` None for good."""

    kind: RuleKind
    effect: Effect
    value: str
    site_key: str
    lasts: timedelta | None
    note: str


class Trial(Struct, frozen=True):
    """What a draft would have met: `totals` by the status of today, `met` published ones first.

    `read` comments were looked at; `is_capped` says that there were more.
    """

    totals: dict[Status, int]
    met: tuple[Comment, ...]
    read: int
    is_capped: bool


class Ban(Struct, frozen=True):
    """A ban that was made, and how many waiting comments were rejected with it."""

    rule: Rule
    rejected: int


def parse_draft(fields: Mapping[str, str]) -> Draft:
    """What a form or a command line says. Raises InvalidSubmission naming every bad field."""
    errors: list[FieldError] = []
    kind, effect = fields.get("kind", ""), fields.get("effect", "")
    if kind not in list(RuleKind):
        errors.append(FieldError("kind", "invalid", "Choose what the rule names."))
    if effect not in list(Effect):
        errors.append(FieldError("effect", "invalid", "Choose whether the rule blocks or holds."))
    lasting = fields.get("lasts", "")
    if lasting not in LASTING:
        errors.append(FieldError("lasts", "invalid", "Choose how long the rule lasts."))
    value = fields.get("value", "").replace("\x00", "").strip()
    try:
        if not value:
            raise ValueError("Write what the rule names.")
        value = parse_value(RuleKind(kind), value) if kind in list(RuleKind) else value
    except ValueError as error:
        errors.append(FieldError("value", "invalid", str(error)))
    if errors:
        raise InvalidSubmission(errors)
    note = " ".join(fields.get("note", "").replace("\x00", "").split())[:_NOTE_LIMIT]
    return Draft(
        RuleKind(kind), Effect(effect), value, fields.get("site", ""), LASTING[lasting], note
    )


async def try_out(
    actor: Actor, draft: Draft, days: int, *, store: Database, now: datetime
) -> Trial:
    """What the draft would have met in the last days, on its site or on all of the actor's.

    Changes nothing. Raises NotFound for a site that is not theirs.
    """
    return await store.read(try_in, actor, draft, days, now)


async def list_rules(
    actor: Actor, *, is_past: bool, text: str, limit: int, after: str | None, store: Database,
    now: datetime,
) -> list[Rule]:  # fmt: skip
    """Rules of the actor's sites and those of every site, newest first."""
    site_ids = actor.site_ids()
    return await store.read(
        rules.list_rules, site_ids, now, is_past=is_past, text=text, limit=limit, after=after
    )


async def add(actor: Actor, draft: Draft, *, store: Database, now: datetime) -> Rule:
    """Let a rule count from the next submission on; one that says the same already is returned.

    Moderators add rules to their sites, an admin of every site adds one for all. Raises Forbidden,
    NotFound.
    """
    return await store.write(add_in, actor, draft, now)


async def end(actor: Actor, rule_id: str, *, store: Database, now: datetime) -> Rule:
    """End a rule, from the next submission on; `restore` takes that back."""
    return await store.write(set_ended_in, actor, rule_id, now)


async def restore(actor: Actor, rule_id: str, *, store: Database) -> Rule:
    """Let a rule that was ended count again."""
    return await store.write(set_ended_in, actor, rule_id, None)


async def ban(
    actor: Actor, comment_id: str, fields: Mapping[str, str], *, store: Database, now: datetime
) -> Ban:
    """Block further comments of whoever wrote this one; `fields` say by what and for how long.

    `scope` is e-mail, address (the network that the desk shows) or domain, then with `domain`.
    With `waiting` what of theirs waits is rejected too, as one decision. Raises NotFound,
    InvalidSubmission.
    """
    return await store.write(_ban, actor, comment_id, fields, now)


def add_in(conn: Connection, actor: Actor, draft: Draft, now: datetime) -> Rule:
    """As `add`, in a transaction that there is already."""
    site_id = _site_id(conn, actor, draft.site_key, Role.MODERATOR)
    if site_id is None and not actor.rules:
        raise Forbidden("It takes an admin of every site to make a rule for all of them.")
    return _keep(conn, _rule_of(draft, site_id, actor, now), now)


def try_in(conn: Connection, actor: Actor, draft: Draft, days: int, now: datetime) -> Trial:
    """As `try_out`, in a transaction that there is already."""
    site_id = _site_id(conn, actor, draft.site_key, Role.VIEWER)
    site_ids = actor.site_ids() if site_id is None else frozenset({site_id})
    book = RuleBook([replace(_rule_of(draft, site_id, actor, now), expires_at=None)])
    since = now - timedelta(days=days)
    met, read = dry_run.find_met(conn, book, site_ids, since=since, now=now, most=MOST_READ + 1)
    totals: dict[Status, int] = {status: 0 for status in Status if status is not Status.REMOVED}
    for _id, status in met:
        totals[status] += 1
    order = list(totals)
    ids = [i for i, _s in sorted(met, key=lambda one: order.index(one[1]))[:MOST_SHOWN]]
    found = comments.list_comments(conn, ids)
    shown = tuple(found[comment_id] for comment_id in ids)
    return Trial(totals, shown, min(read, MOST_READ), read > MOST_READ)


def set_ended_in(conn: Connection, actor: Actor, rule_id: str, ended_at: datetime | None) -> Rule:
    """As `end` and `restore`, in a transaction that there is already."""
    rule = rules.find(conn, rule_id)
    if rule is None:
        raise NotFound("No such rule, or not one of your sites'.")
    if rule.site_id is None and not actor.rules:
        raise Forbidden("It takes an admin of every site to change a rule for all of them.")
    if rule.site_id is not None and not actor.may(Role.MODERATOR, rule.site_id):
        raise NotFound("No such rule, or not one of your sites'.")
    if (rule.ended_at is None) == (ended_at is None):
        return rule
    rules.set_ended(conn, rule, ended_at)
    return rule


def _site_id(conn: Connection, actor: Actor, key: str, role: Role) -> int | None:
    if not key:
        return None
    site = sites.find_site(conn, key)
    if site is None or not actor.may(role, site.id):
        raise NotFound("No such site, or not one of yours.")
    return site.id


def _rule_of(draft: Draft, site_id: int | None, actor: Actor, now: datetime) -> Rule:
    return Rule(
        id=new_id(now), kind=draft.kind, effect=draft.effect, value=draft.value, site_id=site_id,
        actor=actor.name, note=draft.note, created_at=now,
        expires_at=None if draft.lasts is None else now + draft.lasts,
    )  # fmt: skip


def _keep(conn: Connection, rule: Rule, now: datetime) -> Rule:
    """Store a rule, unless one in force says the same and lasts as long or longer."""
    known = rules.find_same(conn, rule, now)
    if known is not None and (
        known.expires_at is None or (rule.expires_at and known.expires_at >= rule.expires_at)
    ):
        return known
    rules.add(conn, rule)
    return rule


def _ban(
    conn: Connection, actor: Actor, comment_id: str, fields: Mapping[str, str], now: datetime
) -> Ban:
    comment = comments.find_comment(conn, comment_id)
    if comment is None or not actor.may(Role.MODERATOR, comment.site_id):
        raise NotFound
    kind, value = _banned(comment, fields)
    draft = parse_draft({
        "kind": kind, "value": value, "effect": Effect.BLOCK, "site": comment.site,
        "lasts": fields.get("lasts", "30d"), "note": fields.get("note", ""),
    })  # fmt: skip
    rule = _rule_of(draft, comment.site_id, actor, now)
    rejected = 0
    if fields.get("waiting"):
        decision_id, rejected = _reject_waiting(conn, actor, rule, now)
        rule = replace(rule, decision_id=decision_id)
    if not rejected:
        return Ban(_keep(conn, rule, now), 0)
    rules.add(conn, rule)  # even beside one that says the same: it takes its decision back
    return Ban(rule, rejected)


def _banned(comment: Comment, fields: Mapping[str, str]) -> tuple[RuleKind, str]:
    """What of this comment the ban names."""
    scope = fields.get("scope", "")
    if scope == RuleKind.EMAIL:
        return RuleKind.EMAIL, comment.email
    if scope == RuleKind.ADDRESS and comment.address:
        return RuleKind.ADDRESS, prefixes(comment.address)[-1]
    domain = scope.removeprefix("domain:")
    traits = Traits(
        comment=comment.comment, name=comment.name, website=comment.website, email="", address=""
    )
    if domain and domain in traits.hosts:
        return RuleKind.DOMAIN, domain
    message = "Choose what of this comment to ban."
    raise InvalidSubmission([FieldError("scope", "invalid", message)])


def _reject_waiting(
    conn: Connection, actor: Actor, rule: Rule, now: datetime
) -> tuple[str | None, int]:
    """Reject what waits and meets the rule, as one decision."""
    assert rule.site_id is not None
    met, _read = dry_run.find_met(
        conn, RuleBook([rule]), {rule.site_id}, now=now, most=MOST_READ, only_held=True
    )
    decision_id = new_id(now)
    changed: list[decisions.MadeItem] = []
    for comment_id, _status in sorted(met[:MOST_REJECTED]):  # in one order, as decisions lock
        comment = comments.find_comment(conn, comment_id, lock=True)
        if comment is None or comment.status is not Status.HELD:
            continue
        if comments.change_status(
            conn, comment, Status.REJECTED, actor=actor.name, action=Choice.REJECT,
            detail=Reason.SPAM, decision_id=decision_id, now=now,
        ):  # fmt: skip
            was = (comment.status, comment.decision_id)
            changed.append(decisions.MadeItem(comment_id, *was, comment.version + 1))
    if not changed:
        return None, 0
    ids = tuple(item.comment_id for item in changed)
    decisions.add(conn, decision_id, Decision(ids, Choice.REJECT, Reason.SPAM), actor.name, now)
    for item in changed:
        decisions.add_item(conn, decision_id, item)
    return decision_id, len(changed)
