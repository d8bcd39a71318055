"""Deciding all that match a filter: a page that says how many, then one decision with one undo."""

from urllib.parse import urlencode

from starlette.responses import Response

from service import review, sweep
from service.domain import Decision
from service.errors import FieldError, InvalidSubmission
from service.intake.body import parse_urlencoded
from service.persons import Actor
from service.store.filters import Filter
from service.vocabulary import Choice, Reason, Role
from service.web.auth import require_actor
from service.web.desk_page import desk_page, own_path, redirect, show_conflicts, signed_in
from service.web.pages import QUEUE
from service.web.queue_query import FILTERS, queue_filter
from service.web.state import DeskRequest, clock

_Fields = dict[str, str]


async def get_all(request: DeskRequest) -> Response:
    """How many match, and the question what to do with them."""
    actor = await signed_in(request, Role.MODERATOR)
    return await _ask(request, actor, dict(request.query_params))


async def post_all(request: DeskRequest) -> Response:
    """Decide what matched when the page was shown; asks again where that is another number now."""
    fields = dict(parse_urlencoded(await request.body()))
    actor = await require_actor(request, Role.MODERATOR, csrf=fields.get("csrf", ""))
    wanted = _filter(fields)
    found = await sweep.find_all(actor, wanted, store=request.state["store"])
    shown = fields.get("shown", "")
    if shown != str(found.total) or not wanted.until:
        return await _ask(request, actor, fields, before=shown, status=409)
    decision = _decision(fields, found.versions)
    result = await review.decide(actor, decision, store=request.state["store"], now=clock())
    request.state["metrics"].decisions.labels(decision.choice).inc(len(result.changed))
    back = _back(fields)
    if result.conflicts:
        return show_conflicts(request, actor, result, back)
    return redirect(request, back, decided=result.decision_id)


async def _ask(
    request: DeskRequest, actor: Actor, fields: _Fields, *, before: str = "", status: int = 200
) -> Response:
    """`before` is the number that was shown last time."""
    wanted = queue_filter(_chosen(fields))
    found = await sweep.find_all(actor, wanted, store=request.state["store"])
    back = _back(fields)
    context = {
        "found": found,
        "most": sweep.MOST,
        "before": int(before) if before.isdigit() and len(before) < 10 else None,
        "chosen": _chosen(fields),
        "back": back,
        "to_queue": own_path(request, back),
    }
    return desk_page(request, "desk/all.html", actor, context, status)


def _filter(fields: _Fields) -> Filter:
    """What was shown: nothing that came in later."""
    chosen = _chosen(fields)
    return queue_filter(chosen | {"through": fields.get("through", "")})


def _chosen(fields: _Fields) -> _Fields:
    return {name: fields[name] for name in FILTERS if fields.get(name)}


def _back(fields: _Fields) -> str:
    query = urlencode(_chosen(fields))
    return f"{QUEUE}?{query}" if query else QUEUE


def _decision(fields: _Fields, versions: dict[str, int]) -> Decision:
    choice, _, reason = fields.get("decide", "").partition(":")
    reason = reason or fields.get("reason", "")
    if choice not in list(Choice):
        raise InvalidSubmission([FieldError("decide", "invalid", "Choose what to decide.")])
    has_reason = choice == Choice.REJECT and reason in list(Reason)
    return Decision(
        tuple(versions), Choice(choice), Reason(reason) if has_reason else None, versions=versions
    )
