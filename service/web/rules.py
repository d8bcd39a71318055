"""The desk's page of rules: what is blocked or held, a trial before a new one, bans."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from service import forbid, review
from service.domain import Site
from service.errors import Forbidden, InvalidSubmission, NotFound
from service.intake.body import parse_urlencoded
from service.persons import Actor
from service.rulebook import Rule
from service.vocabulary import Role
from service.web import wording
from service.web.auth import require_actor
from service.web.cards import cut
from service.web.desk_page import desk_page, redirect, signed_in
from service.web.query import choice_of, id_of, path_id
from service.web.state import DeskRequest, clock

RULES = "/desk/rules"
_PAGE = 100  # rules
_TRIAL_PAGE = 25  # comments
_FIELDS = ("kind", "effect", "value", "site", "lasts", "note", "days")
_EXCERPT = 240
_DAYS = ("7", "30", "90")


async def get_rules(request: DeskRequest) -> Response:
    """The rules in force, or those that are past, and the form for a new one.

    With a `value` the form was sent: then what such a rule would have met is shown.
    """
    actor = await signed_in(request)
    fields = _typed(dict(request.query_params))
    if not fields["value"]:
        return await _rules_page(request, actor, fields)
    try:
        return await _trial_page(request, actor, fields)
    except (InvalidSubmission, NotFound) as error:
        return await _rules_page(request, actor, fields, error.detail, error.status)


async def post_rule(request: DeskRequest) -> Response:
    """Add a rule; it counts from the next submission on."""
    actor, fields = await _moderator(request)
    draft = forbid.parse_draft(fields)
    rule = await forbid.add(actor, draft, store=request.state["store"], now=clock())
    return redirect(request, RULES, added=rule.id)


async def post_end(request: DeskRequest) -> Response:
    """End a rule; a ban takes back what it rejected, as far as nobody changed that since."""
    actor, fields = await _moderator(request)
    store = request.state["store"]
    rule = await forbid.end(actor, path_id(request), store=store, now=clock())
    told = {"ended": rule.id}
    if rule.decision_id is not None:
        with suppress(NotFound, Forbidden):  # taken back before, or somebody else's
            undone = await review.undo(actor, rule.decision_id, store=store, now=clock())
            told["undone"] = str(len(undone.changed))
    back = fields.get("back", "")
    return redirect(request, back or RULES, **told)


async def post_restore(request: DeskRequest) -> Response:
    """Let a rule that was ended count again."""
    actor, _fields = await _moderator(request)
    rule = await forbid.restore(actor, path_id(request), store=request.state["store"])
    return redirect(request, RULES, restored=rule.id)


async def post_ban(request: DeskRequest) -> Response:
    """Block further comments of whoever wrote this one, then back to where the moderator was."""
    actor, fields = await _moderator(request)
    made = await forbid.ban(
        actor, path_id(request), fields, store=request.state["store"], now=clock()
    )
    told = {"banned": made.rule.id, "rejected": str(made.rejected)}
    return redirect(request, fields.get("back", ""), **told)


async def _moderator(request: DeskRequest) -> tuple[Actor, Mapping[str, str]]:
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, Role.MODERATOR, csrf=fields.get("csrf", ""))
    return actor, fields


async def _rules_page(
    request: DeskRequest, actor: Actor, fields: Mapping[str, str], slip: str = "", status: int = 200
) -> Response:
    store, query, now = request.state["store"], request.query_params, clock()
    is_past = choice_of(query, "show", ("current", "past")) == "past"
    text = query.get("q", "").replace("\x00", "").strip()
    found = await forbid.list_rules(
        actor, is_past=is_past, text=text, limit=_PAGE + 1, after=id_of(query, "after"),
        store=store, now=now,
    )  # fmt: skip
    page, sites = found[:_PAGE], await review.list_sites(actor, store=store)
    ahead = {"show": "past" if is_past else "current", "q": text}
    context = _shared(actor, sites, fields) | {
        "rules": [(rule, _site_of(rule, sites), _may_change(actor, rule)) for rule in page],
        "is_past": is_past,
        "text": text,
        "slip": slip,
        "done": "" if slip else _done(query),
        "now": now,
        "next": urlencode(ahead | {"after": page[-1].id}) if len(found) > len(page) else "",
    }
    return desk_page(request, "desk/rules.html", actor, context, status)


async def _trial_page(request: DeskRequest, actor: Actor, fields: Mapping[str, str]) -> Response:
    store = request.state["store"]
    draft = forbid.parse_draft(fields)
    days = int(choice_of(request.query_params, "days", (fields["days"], *_DAYS)))
    trial = await forbid.try_out(actor, draft, days, store=store, now=clock())
    number = request.query_params.get("page", "1")
    first = (int(number) - 1) * _TRIAL_PAGE if number in map(str, range(1, 41)) else 0
    shown = trial.met[first : first + _TRIAL_PAGE]
    sites = await review.list_sites(actor, store=store)
    is_own = draft.site_key == "" or any(
        site.key == draft.site_key and actor.may(Role.MODERATOR, site.id) for site in sites
    )
    context = _shared(actor, sites, fields) | {
        "draft": draft,
        "trial": trial,
        "met": sum(trial.totals.values()),
        "shown": [(comment, cut(comment.comment, _EXCERPT)) for comment in shown],
        "may_add": actor.moderates and is_own and (actor.rules or draft.site_key != ""),
        "next": urlencode(dict(fields) | {"page": first // _TRIAL_PAGE + 2})
        if first + _TRIAL_PAGE < len(trial.met)
        else "",
        "most_shown": forbid.MOST_SHOWN,
    }
    return desk_page(request, "desk/rule-trial.html", actor, context)


def _shared(actor: Actor, sites: list[Site], fields: Mapping[str, str]) -> dict[str, Any]:
    return {
        "fields": fields,
        "sites": [site for site in sites if actor.may(Role.MODERATOR, site.id)],
        "kinds": wording.RULE_KINDS,
        "effects": wording.EFFECTS,
        "lasting": wording.LASTING,
        "day_choices": _DAYS,
    }


def _typed(query: Mapping[str, str]) -> dict[str, str]:
    """The form's fields as they were typed; `days` is one of its choices."""
    typed = {name: query.get(name, "").replace("\x00", "").strip() for name in _FIELDS}
    if typed["days"] not in [str(days) for days in range(1, forbid.LONGEST_TRIAL + 1)]:
        typed["days"] = "30"
    return typed


def _site_of(rule: Rule, sites: list[Site]) -> str:
    return next((site.key for site in sites if site.id == rule.site_id), "")


def _may_change(actor: Actor, rule: Rule) -> bool:
    return actor.rules if rule.site_id is None else actor.may(Role.MODERATOR, rule.site_id)


def _done(query: Mapping[str, str]) -> str:
    told = ("added", "ended", "restored")
    return next((wording.RULE_DONE[name] for name in told if query.get(name)), "")
