"""The second factor: the page that asks for a code after the password, and one's own set-up."""

from collections.abc import Mapping

import structlog
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from service import people, second_step
from service.errors import DeskError, Forbidden, RateLimited, Unauthorized, UsageError
from service.intake.address import prefixes
from service.intake.body import parse_urlencoded
from service.persons import Actor
from service.second_step import Setup
from service.web.api import address_of
from service.web.auth import check_same_origin, require_actor
from service.web.desk_page import desk_page, redirect, signed_in
from service.web.entering import ACCOUNT, clear_step, device_of, find_step, let_in
from service.web.pages import Pages, told
from service.web.problems import problem_of
from service.web.state import DeskRequest, clock

log = structlog.get_logger()

_REFUSED = (Unauthorized, RateLimited)


async def get_code(request: DeskRequest) -> Response:
    """The form for the code; without a password or a link before it, back to the beginning."""
    if find_step(request) is None:
        return _to_beginning(request)
    return _code_page(request, request.query_params.get("next", ""))


async def post_code(request: DeskRequest) -> Response:
    """Finish signing in by a code."""
    check_same_origin(request)
    fields = parse_urlencoded(await request.body())
    step, ahead = find_step(request), fields.get("next", "")
    if step is None:
        return _to_beginning(request)
    state, network = request.state, prefixes(address_of(request))[-1]
    try:
        secret = await second_step.enter(
            step, fields.get("code", ""), address_of(request), store=state["store"],
            limits=state["limits"], secret=state["secret"], now=clock(), device=device_of(request),
        )  # fmt: skip
    except _REFUSED as error:
        log.warning(
            "sign-in refused", code=error.code, moderator=step.moderator_id, network=network
        )
        return _code_page(request, ahead, error)
    return await let_in(request, secret, ahead, by="code")


async def get_second_factor(request: DeskRequest) -> Response:
    """One's own second factor: how to set it up, or how to turn it off."""
    actor = await signed_in(request)
    return await _page(request, actor)


async def post_second_factor(request: DeskRequest) -> Response:
    """Turn it on: the password, and a first code that shows that the device works."""
    actor, fields = await _sent(request)
    state = request.state
    sealed, now = fields.get("setup", ""), clock()
    setup = second_step.prepared(actor, sealed, secret=state["secret"], now=now)
    try:
        if setup is None:
            raise UsageError("This page is too old: here is a new picture for your device.")
        await _check_password(request, actor, fields)
        codes = await second_step.confirm(
            actor, setup, fields.get("code", ""), store=state["store"], secret=state["secret"],
            now=now,
        )  # fmt: skip
    except (*_REFUSED, UsageError) as error:
        return await _page(request, actor, error, setup)
    log.info("second factor changed", by=actor.name, of=actor.name, to="on")
    return _codes_page(request, actor, codes)


async def post_off(request: DeskRequest) -> Response:
    """Turn it off: the password and a code."""
    actor, fields = await _sent(request)
    try:
        await _check_both(request, actor, fields)
    except _REFUSED as error:
        return await _page(request, actor, error)
    await second_step.turn_off(actor, store=request.state["store"])
    log.info("second factor changed", by=actor.name, of=actor.name, to="off")
    return redirect(request, ACCOUNT, saved="off")


async def post_recovery_codes(request: DeskRequest) -> Response:
    """Ten new recovery codes in place of the old ones: the password and a code."""
    actor, fields = await _sent(request)
    try:
        await _check_both(request, actor, fields)
    except _REFUSED as error:
        return await _page(request, actor, error)
    codes = await second_step.renew_codes(actor, store=request.state["store"])
    log.info("second factor changed", by=actor.name, of=actor.name, to="new recovery codes")
    return _codes_page(request, actor, codes)


async def _sent(request: DeskRequest) -> tuple[Actor, Mapping[str, str]]:
    """Who sent a form about themself, and its fields. Raises Forbidden for a token."""
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, csrf=fields.get("csrf", ""))
    if actor.moderator_id is None:
        raise Forbidden("An API token has no second factor.")
    return actor, fields


async def _check_password(request: DeskRequest, actor: Actor, fields: Mapping[str, str]) -> None:
    await people.check_own_password(
        actor, fields.get("current", ""), address_of(request), store=request.state["store"],
        limits=request.state["limits"],
    )  # fmt: skip


async def _check_both(request: DeskRequest, actor: Actor, fields: Mapping[str, str]) -> None:
    state = request.state
    await _check_password(request, actor, fields)
    await second_step.check_code(
        actor, fields.get("code", ""), address_of(request), store=state["store"],
        limits=state["limits"], secret=state["secret"], now=clock(),
    )  # fmt: skip


def _to_beginning(request: DeskRequest) -> Response:
    response = RedirectResponse(f"{request.state['pages'].base}/desk/sign-in", 303)
    clear_step(request, response)
    return response


def _code_page(request: DeskRequest, ahead: str, error: DeskError | None = None) -> Response:
    pages: Pages = request.state["pages"]
    problem, headers = (None, {}) if error is None else problem_of(error)
    context = {"next": ahead, "error": told(problem, headers) if problem else ""}
    status = 200 if problem is None else problem.status
    return pages.page("desk/code.html", context, status=status, headers=headers)


async def _page(
    request: DeskRequest, actor: Actor, error: DeskError | None = None, setup: Setup | None = None
) -> Response:
    state, now = request.state, clock()
    standing = await second_step.read_standing(actor, store=state["store"])
    if setup is None and standing.since is None:
        setup = second_step.prepare(actor, secret=state["secret"], now=now)
    status = 422 if isinstance(error, UsageError) else 200 if error is None else error.status
    context = {
        "standing": standing,
        "setup": setup,
        "picture": "" if setup is None else _picture(setup.uri),
        "has_password": await people.has_password(actor, store=state["store"]),
        "error": "" if error is None else told(*problem_of(error)),
    }
    return desk_page(request, "desk/second-factor.html", actor, context, status)


def _codes_page(request: DeskRequest, actor: Actor, codes: list[str]) -> Response:
    return desk_page(request, "desk/recovery-codes.html", actor, {"codes": codes})


def _picture(uri: str) -> Markup:
    """A QR code as SVG, drawn by attributes alone: the desk's policy allows no styles in it."""
    import segno

    drawn = segno.make(uri, error="m").svg_inline(
        scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    return Markup(drawn)  # noqa: S704 - made of figures alone
