"""The desk's page on the classifier: what is in use, what could be, and an admin's buttons."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from starlette.responses import Response

from service import promote, watch
from service.errors import Forbidden, UsageError
from service.intake.body import parse_urlencoded
from service.persons import Actor
from service.scoring.artifact import ModelUnusable
from service.vocabulary import Outcome, Role
from service.web.auth import require_actor
from service.web.desk_page import desk_page, redirect, signed_in
from service.web.drift_chart import band_bars, contradiction_bars
from service.web.model_words import (
    ModelCard,
    alarms,
    course_words,
    cuts_of,
    model_cards,
    retraining_words,
    site_rows,
)
from service.web.state import DeskRequest, clock

CLASSIFIER = "/desk/classifier"
_LONGEST = 500  # characters of a reason, and of a model's name
_DONE = {
    "retraining": "Retraining has begun. It takes a minute or so; load this page again.",
    "promoted": "The model is in use, in every process within a second or two.",
    "rolled-back": "The model before is in use again, in every process within a second or two.",
    "shadow": "It scores in the shadow from now on.",
    "no-shadow": "Nothing scores in the shadow any more.",
}


async def get_classifier(request: DeskRequest) -> Response:
    """What scores the comments, since when, how well, and what could take its place."""
    return await _page(request, await signed_in(request, Role.MODERATOR))


async def post_retrain(request: DeskRequest) -> Response:
    """Learn a candidate from the decisions, in a process of its own; one at a time."""
    actor, _fields = await _admin(request)
    if not await request.state["retrainer"].start(actor.name):
        return await _page(request, actor, "A retraining is under way already.")
    return redirect(request, CLASSIFIER, done="retraining")


async def post_promote(request: DeskRequest) -> Response:
    """Use a model from now on; one found worse takes a tick and a reason."""
    actor, fields = await _admin(request)
    reason, force = fields.get("reason", ""), fields.get("even_so", "") == "1"
    name = None if fields.get("shipped", "") == "1" else fields.get("model", "")
    if force and not reason:
        return await _page(request, actor, "Say why it is to be used even so.")
    find = partial(promote.find_usable, name=name)
    change = partial(promote.promote, force=force, reason=reason)
    return await _change(request, actor, find, change, "promoted")


async def post_rollback(request: DeskRequest) -> Response:
    """Use the model before this one again."""
    actor, fields = await _admin(request)
    change = partial(promote.roll_back, reason=fields.get("reason", ""))
    return await _change(request, actor, promote.find_usable_before, change, "rolled-back")


async def post_shadow(request: DeskRequest) -> Response:
    """Let a model score in the shadow of the one in use; without a name, none."""
    actor, fields = await _admin(request)
    name = fields.get("model", "") or None
    if name is None:
        return await _change(request, actor, lambda _conn: None, promote.shade, "no-shadow")
    find = partial(promote.find_usable, name=name)
    return await _change(request, actor, find, promote.shade, "shadow")


async def _admin(request: DeskRequest) -> tuple[Actor, Mapping[str, str]]:
    """Who sent this form, and its fields. Raises Forbidden for all but admins of every site."""
    sent = parse_urlencoded(await request.body())
    actor = await require_actor(request, Role.ADMIN, csrf=sent.get("csrf", ""))
    if not actor.rules:
        raise Forbidden("It takes an admin of every site: all of them share the model.")
    clean = {name: text.replace("\x00", "").strip()[:_LONGEST] for name, text in sent.items()}
    return actor, clean


async def _change(
    request: DeskRequest,
    actor: Actor,
    find: Callable[..., promote.Usable | None],
    change: Callable[..., None],
    done: str,
) -> Response:
    """Put a model to use in one transaction, then back to the page; it says what cannot be done.

    The model is loaded before: nobody who writes waits for that.
    """
    store = request.state["store"]
    try:
        model = await store.read(find)
        await store.write(change, model, actor=actor.name, now=clock())
    except (UsageError, ModelUnusable) as error:
        return await _page(request, actor, f"{error}.")
    return redirect(request, CLASSIFIER, done=done)


async def _page(request: DeskRequest, actor: Actor, slip: str = "") -> Response:
    state, now = request.state, clock()
    standing = await promote.read_standing(actor, store=state["store"])
    cards = model_cards(standing)
    used = next((card for card in cards if card.is_used), None)
    context: dict[str, Any] = {
        "slip": slip,
        "done": "" if slip else _DONE.get(request.query_params.get("done", ""), ""),
        "cards": cards,
        "used": used,
        "serving": state["serving"].name,
        "promotions": standing.promotions,
        "sites": site_rows(standing, used),
        "retraining": standing.retraining,
        "retraining_words": retraining_words(standing.retraining, now),
        "is_under_way": standing.retraining is not None and standing.retraining.is_under_way(now),
        "now": now,
        **await _course(request, actor, standing, now),
        **await _shadow(request, actor, standing, cards),
    }
    return desk_page(request, "desk/classifier.html", actor, context, 409 if slip else 200)


async def _course(
    request: DeskRequest, actor: Actor, standing: promote.Standing, now: datetime
) -> dict[str, Any]:
    """How scores went on the actor's sites, as the page has it."""
    site_ids = actor.site_ids(Role.MODERATOR)
    course = await watch.read_course(site_ids, store=request.state["store"], now=now)
    return {
        "days": course.days,
        "alarms": alarms(course, standing, now),
        "course_words": course_words(course),
        "band_bars": band_bars(course.days),
        "contradiction_bars": contradiction_bars(course.days),
        "most": watch.MOST,
    }


async def _shadow(
    request: DeskRequest, actor: Actor, standing: promote.Standing, cards: list[ModelCard]
) -> dict[str, Any]:
    """How the model in the shadow does, where there is one."""
    shadow, report = standing.shadow, None
    used = cuts_of(next((card for card in cards if card.is_used), None))
    shaded = cuts_of(next((card for card in cards if card.is_shadow), None))
    if shadow is not None and used is not None and shaded is not None:
        store = request.state["store"]
        report = await watch.read_shadow(actor, used, shaded, shadow.at, store=store)
    is_on = shadow is not None and shadow.model is not None
    outcomes = [outcome.value for outcome in Outcome]
    return {"shadow": shadow if is_on else None, "report": report, "outcomes": outcomes}
