"""Signing in and out of the desk, and one's own account."""

from collections.abc import Mapping

import structlog
from starlette.responses import RedirectResponse, Response

from service import people, review, second_step
from service.errors import DeskError, InvalidPassword, RateLimited, Unauthorized
from service.intake.address import prefixes
from service.intake.body import parse_urlencoded
from service.passwords import MIN_PASSWORD
from service.persons import Actor, Step
from service.web.api import address_of
from service.web.auth import (
    check_same_origin,
    clear_session,
    cookie_name,
    is_secure,
    require_actor,
    set_session,
)
from service.web.desk_page import desk_page, redirect, signed_in
from service.web.entering import ACCOUNT, clear_step, device_of, let_in
from service.web.languages import COOKIE, chosen_at_desk, known, languages_by_name, later
from service.web.pages import Pages, told
from service.web.problems import problem_of
from service.web.state import DeskRequest, clock
from service.web.worded import Worded

log = structlog.get_logger()

_REMEMBERED = 365 * 86400  # seconds that a browser keeps the language chosen for the desk
_TOLD = Worded(
    {
        "1": later("Your password is set. Every other session has ended."),
        "sessions": later("Ended: whoever had it open there has to sign in again."),
        "off": later("Your second factor is off. Your password alone signs you in."),
        "linked": later("Linked. From now on you can sign in by it."),
        "unlinked": later("Unlinked. It does not sign you in any more."),
        "language": later("From now on the desk speaks this language in this browser."),
    }
)


async def get_sign_in(request: DeskRequest) -> Response:
    """The sign-in form; a one-time link shows a button first, since looking must not use it up."""
    query = request.query_params
    return _sign_in_page(request, {"link": query.get("link", ""), "next": query.get("next", "")})


async def post_sign_in(request: DeskRequest) -> Response:
    """Sign in by name and password or by a one-time link."""
    check_same_origin(request)
    fields = parse_urlencoded(await request.body())
    try:
        entered = await _sign_in(request, fields)
    except (Unauthorized, RateLimited) as error:
        log.warning("sign-in refused", code=error.code, **_who(request, fields))
        return _sign_in_page(request, fields | {"link": ""}, error)
    by = "link" if fields.get("link") else "password"
    return await let_in(request, entered, fields.get("next", ""), by=by)


async def get_welcome(request: DeskRequest) -> Response:
    """Where an invitation leads: choose a password. Looking uses nothing up."""
    return await _welcome_page(request, request.query_params.get("link", ""))


async def post_welcome(request: DeskRequest) -> Response:
    """Use an invitation up by choosing a password; a password that is refused uses up nothing."""
    check_same_origin(request)
    fields = parse_urlencoded(await request.body())
    link = fields.get("link", "")
    try:
        entered = await people.welcome(
            link, fields.get("password", ""), store=request.state["store"], now=clock(),
            device=device_of(request),
        )  # fmt: skip
    except (InvalidPassword, Unauthorized) as error:
        log.warning("sign-in refused", code=error.code, **_who(request, fields))
        return await _welcome_page(request, link, error)
    return await let_in(request, entered, "", by="invitation")


async def _welcome_page(
    request: DeskRequest, link: str, error: DeskError | None = None
) -> Response:
    pages: Pages = request.state["pages"]
    name = await people.find_invited(link, store=request.state["store"], now=clock())
    problem, headers = (None, {}) if error is None else problem_of(error)
    context = {
        "link": link,
        "name": name,
        "error": told(problem, headers) if problem else "",
        "min_password": MIN_PASSWORD,
        "provider": request.state["provider"],
    }
    status = 200 if problem is None else problem.status
    return pages.page("desk/welcome.html", context, status=status, headers=headers)


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
    clear_step(request, response)
    return response


async def get_account(request: DeskRequest) -> Response:
    """One's own account: what one may do where, and a password."""
    return await _account_page(request, await signed_in(request))


async def post_password(request: DeskRequest) -> Response:
    """Set one's own password, which asks for the one before; every other session ends."""
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, csrf=fields.get("csrf", ""))
    store = request.state["store"]
    try:
        await people.check_own_password(
            actor, fields.get("current", ""), address_of(request), store=store,
            limits=request.state["limits"],
        )  # fmt: skip
        secret = await people.set_password(
            actor, fields.get("password", ""), store=store, now=clock(), device=device_of(request)
        )
    except (InvalidPassword, Unauthorized, RateLimited) as error:
        return await _account_page(request, actor, error)
    response = redirect(request, ACCOUNT, saved="1")
    set_session(request, response, secret)
    return response


async def post_language(request: DeskRequest) -> Response:
    """Choose which language the desk speaks in this browser; "" is what the browser asks for."""
    fields = parse_urlencoded(await request.body())
    await require_actor(request, csrf=fields.get("csrf", ""))
    path = f"{request.state['pages'].base}/desk"  # public pages are the same for everybody
    response = redirect(request, ACCOUNT, saved="language")
    if chosen := known(fields.get("language", "")):
        response.set_cookie(
            COOKIE, chosen, path=path, httponly=True, samesite="lax",
            secure=is_secure(request), max_age=_REMEMBERED,
        )  # fmt: skip
    else:
        response.delete_cookie(COOKIE, path=path, secure=is_secure(request))
    return response


async def post_end_sessions(request: DeskRequest) -> Response:
    """End one of one's own sessions, or all but this one."""
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, csrf=fields.get("csrf", ""))
    store, secret = request.state["store"], request.cookies.get(cookie_name(request), "")
    if fields.get("session"):
        await people.end_session(actor, fields["session"], store=store)
    else:
        await people.end_other_sessions(actor, secret, store=store)
    return redirect(request, ACCOUNT, saved="sessions")


async def _sign_in(request: DeskRequest, fields: dict[str, str]) -> str | Step:
    store = request.state["store"]
    if link := fields.get("link", ""):
        return await people.sign_in_by_link(
            link, store=store, now=clock(), device=device_of(request)
        )
    return await people.sign_in(
        fields.get("name", "").replace("\x00", "").strip(),
        fields.get("password", ""),
        address_of(request),
        store=store,
        limits=request.state["limits"],
        now=clock(),
        device=device_of(request),
    )


def _sign_in_page(
    request: DeskRequest, fields: dict[str, str], error: DeskError | None = None
) -> Response:
    pages: Pages = request.state["pages"]
    problem, headers = (None, {}) if error is None else problem_of(error)
    context = {
        "link": fields.get("link", ""),
        "next": fields.get("next", ""),
        "name": fields.get("name", ""),
        "provider": request.state["provider"],
        "error": told(problem, headers) if problem else "",
    }
    status = 200 if problem is None else problem.status
    return pages.page("desk/sign-in.html", context, status=status, headers=headers)


async def _account_page(
    request: DeskRequest, actor: Actor, error: DeskError | None = None
) -> Response:
    store, now = request.state["store"], clock()
    secret = request.cookies.get(cookie_name(request), "")
    sites = {site.id: site for site in await review.list_sites(actor, store=store)}
    is_person = actor.moderator_id is not None
    problem, headers = (None, {}) if error is None else problem_of(error)
    context = {
        "error": told(problem, headers) if problem else "",
        "bad": "current" if isinstance(error, Unauthorized) else "password",
        "has_password": await people.has_password(actor, store=store),
        "has_way_in": await people.has_way_in(actor, store=store),
        "done": _TOLD.get(request.query_params.get("saved", ""), ""),
        "everywhere": actor.grants.get(None),
        "roles": [(sites[i].key, role) for i, role in actor.grants.items() if i in sites],
        "min_password": MIN_PASSWORD,
        "factor": await second_step.read_standing(actor, store=store) if is_person else None,
        "sessions": await people.list_sessions(actor, secret, store=store, now=now),
        "identities": await people.list_identities(actor, store=store),
        "provider": request.state["provider"],
        "now": now,
        "languages": languages_by_name(),
        "chosen": chosen_at_desk(request.scope),
    }
    status = 200 if problem is None else problem.status
    return desk_page(request, "desk/account.html", actor, context, status)
