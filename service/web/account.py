"""Signing in and out of the desk, and one's own account."""

from collections.abc import Mapping

import structlog
from starlette.responses import RedirectResponse, Response

from service import people, review
from service.domain import Actor
from service.errors import DeskError, InvalidPassword, RateLimited, Unauthorized
from service.intake.address import prefixes
from service.intake.body import parse_urlencoded
from service.web.api import address_of
from service.web.auth import (
    check_same_origin,
    clear_session,
    cookie_name,
    require_actor,
    set_session,
)
from service.web.desk_page import desk_page, redirect, signed_in
from service.web.pages import Pages, told
from service.web.problems import problem_of
from service.web.state import DeskRequest, clock

log = structlog.get_logger()

ACCOUNT = "/desk/account"


async def get_sign_in(request: DeskRequest) -> Response:
    """The sign-in form; a one-time link shows a button first, since looking must not use it up."""
    query = request.query_params
    return _sign_in_page(request, {"link": query.get("link", ""), "next": query.get("next", "")})


async def post_sign_in(request: DeskRequest) -> Response:
    """Sign in by name and password or by a one-time link."""
    check_same_origin(request)
    fields = parse_urlencoded(await request.body())
    try:
        secret = await _sign_in(request, fields)
    except (Unauthorized, RateLimited) as error:
        log.warning("sign-in refused", code=error.code, **_who(request, fields))
        return _sign_in_page(request, fields | {"link": ""}, error)
    log.info("signed in", **_who(request, fields))
    response = redirect(request, await _first_page(request, fields, secret))
    set_session(request, response, secret)
    return response


def _who(request: DeskRequest, fields: Mapping[str, str]) -> dict[str, str]:
    """For the log: the name that was typed and the network it came from, never the address."""
    name = fields.get("name", "")[:100] if not fields.get("link") else "by link"
    return {"name": name, "network": prefixes(address_of(request))[-1]}


async def post_sign_out(request: DeskRequest) -> Response:
    """End the session, here and on the server."""
    fields = parse_urlencoded(await request.body())
    await require_actor(request, csrf=fields.get("csrf", ""))
    secret = request.cookies.get(cookie_name(request), "")
    await people.sign_out(secret, store=request.state["store"])
    response = RedirectResponse(f"{request.state['pages'].base}/desk/sign-in", 303)
    clear_session(request, response)
    return response


async def get_account(request: DeskRequest) -> Response:
    """One's own account: what one may do where, and a password."""
    return await _account_page(request, await signed_in(request))


async def post_password(request: DeskRequest) -> Response:
    """Set one's own password; every other session ends."""
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, csrf=fields.get("csrf", ""))
    try:
        secret = await people.set_password(
            actor, fields.get("password", ""), store=request.state["store"], now=clock()
        )
    except InvalidPassword as error:
        return await _account_page(request, actor, error)
    response = redirect(request, ACCOUNT, saved="1")
    set_session(request, response, secret)
    return response


async def _sign_in(request: DeskRequest, fields: dict[str, str]) -> str:
    store = request.state["store"]
    if link := fields.get("link", ""):
        return await people.sign_in_by_link(link, store=store, now=clock())
    return await people.sign_in(
        fields.get("name", "").replace("\x00", "").strip(),
        fields.get("password", ""),
        address_of(request),
        store=store,
        limits=request.state["limits"],
        now=clock(),
    )


async def _first_page(request: DeskRequest, fields: dict[str, str], secret: str) -> str:
    """Where to go after signing in: whoever has no password yet is led to set one."""
    store = request.state["store"]
    actor = await people.find_session(secret, store=store, now=clock())
    if actor is not None and not await people.has_password(actor, store=store):
        return ACCOUNT
    return fields.get("next", "")


def _sign_in_page(
    request: DeskRequest, fields: dict[str, str], error: DeskError | None = None
) -> Response:
    pages: Pages = request.state["pages"]
    problem, headers = (None, {}) if error is None else problem_of(error)
    context = {
        "link": fields.get("link", ""),
        "next": fields.get("next", ""),
        "name": fields.get("name", ""),
        "error": told(problem, headers) if problem else "",
    }
    status = 200 if problem is None else problem.status
    return pages.page("desk/sign-in.html", context, status=status, headers=headers)


async def _account_page(
    request: DeskRequest, actor: Actor, error: InvalidPassword | None = None
) -> Response:
    store = request.state["store"]
    sites = {site.id: site for site in await review.list_sites(actor, store=store)}
    context = {
        "error": error,
        "has_password": await people.has_password(actor, store=store),
        "saved": request.query_params.get("saved") == "1",
        "everywhere": actor.grants.get(None),
        "roles": [(sites[i].key, role) for i, role in actor.grants.items() if i in sites],
        "min_password": people.MIN_PASSWORD,
    }
    return desk_page(request, "desk/account.html", actor, context, 200 if error is None else 422)
