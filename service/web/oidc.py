"""Signing in by an identity provider: there and back, and linking who came back to a person here.

Coming back changes nothing but a session: to link, or to accept an invitation, takes a button.
"""

import json
from collections.abc import Mapping

import structlog
from starlette.responses import RedirectResponse, Response

from service import identities, people
from service.errors import DeskError, Forbidden, NotFound, RateLimited, Unauthorized, UsageError
from service.intake.address import prefixes
from service.intake.body import parse_urlencoded
from service.persons import Actor
from service.provider import Begun, Provider
from service.second_step import STEP_GOOD_FOR
from service.store.identities import Identity
from service.tokens import digest, seal, unseal
from service.web.api import address_of
from service.web.auth import check_same_origin, is_secure, require_actor
from service.web.desk_page import desk_page, redirect, signed_in
from service.web.entering import ACCOUNT, device_of, let_in
from service.web.pages import Pages, told
from service.web.problems import problem_of
from service.web.state import DeskRequest, clock

log = structlog.get_logger()

CALLBACK = "/desk/oidc/callback"
_UNDER_WAY = "oidc"
_LINKING = "oidc-identity"


async def get_begin(request: DeskRequest) -> Response:
    """On to the provider; a cookie keeps what has to fit on the way back."""
    provider, query = _provider(request), request.query_params
    await request.state["limits"].admit_sign_in("", prefixes(address_of(request))[0])
    begun = await provider.begin()
    kept = {
        "state": begun.state, "nonce": begun.nonce, "verifier": begun.verifier,
        "for": query.get("for", ""), "link": query.get("link", "")[:100],
        "next": query.get("next", "")[:2000],
    }  # fmt: skip
    response = RedirectResponse(begun.url, 303, {"Cache-Control": "no-store"})
    response.set_cookie(
        _cookie(request), seal(request.state["secret"], _UNDER_WAY, json.dumps(kept), clock()),
        path="/", httponly=True, samesite="lax", secure=is_secure(request),
        max_age=int(STEP_GOOD_FOR.total_seconds()),
    )  # fmt: skip
    return response


async def get_callback(request: DeskRequest) -> Response:
    """Back from the provider. What was kept is good for one way back, right or wrong."""
    provider = _provider(request)
    kept = _kept(request)
    try:
        response = await _come_back(request, provider, kept)
    except (Unauthorized, RateLimited) as error:
        network = prefixes(address_of(request))[-1]
        log.warning("sign-in refused", code=error.code, name="by identity", network=network)
        response = _refusal(request, error)
    response.delete_cookie(_cookie(request), path="/", secure=is_secure(request))
    return response


async def post_link(request: DeskRequest) -> Response:
    """Link the identity that came back to whoever is signed in."""
    fields = parse_urlencoded(await request.body())
    actor = await _person(request, fields)
    provider, store = _provider(request), request.state["store"]
    who = _opened(request, provider, fields, f"account {actor.moderator_id}")
    try:
        await people.check_own_password(
            actor, fields.get("current", ""), address_of(request), store=store,
            limits=request.state["limits"],
        )  # fmt: skip
        await identities.link(actor, who, store=store, now=clock())
    except (Unauthorized, RateLimited, UsageError) as error:
        return await _link_page(request, actor, provider, who, error)
    log.info("identity linked", by=actor.name)
    return redirect(request, ACCOUNT, saved="linked")


async def post_accept(request: DeskRequest) -> Response:
    """Use an invitation up by the identity that came back, instead of a password."""
    check_same_origin(request)
    fields = parse_urlencoded(await request.body())
    provider, link = _provider(request), fields.get("link", "")
    who = _opened(request, provider, fields, _invitation(link))
    try:
        entered = await identities.accept(
            link, who, store=request.state["store"], now=clock(), device=device_of(request)
        )
    except (Unauthorized, UsageError) as error:
        return _refusal(request, error)
    return await let_in(request, entered, "", by="invitation")


async def post_unlink(request: DeskRequest) -> Response:
    """Forget one's identities: they do not sign in any more."""
    actor = await _person(request, parse_urlencoded(await request.body()))
    try:
        await identities.unlink(actor, store=request.state["store"])
    except UsageError as error:
        raise Forbidden(error.detail) from None
    log.info("identity unlinked", by=actor.name)
    return redirect(request, ACCOUNT, saved="unlinked")


async def _come_back(request: DeskRequest, provider: Provider, kept: Mapping[str, str]) -> Response:
    if not kept:
        raise Unauthorized("This took too long, or was begun elsewhere. Begin again.")
    store, now = request.state["store"], clock()
    begun = Begun("", kept["state"], kept["nonce"], kept["verifier"])
    subject = await provider.finish(request.query_params, begun, now)
    who = Identity(provider.issuer, subject)
    if kept["for"] == "account":
        return await _link_page(request, await signed_in(request), provider, who)
    if kept["link"]:
        return await _accept_page(request, provider, who, kept["link"])
    entered = await identities.sign_in(who, store=store, now=now, device=device_of(request))
    return await let_in(request, entered, kept["next"], by="identity")


def _provider(request: DeskRequest) -> Provider:
    provider = request.state["provider"]
    if provider is None:
        raise NotFound
    return provider


async def _person(request: DeskRequest, fields: Mapping[str, str]) -> Actor:
    actor = await require_actor(request, csrf=fields.get("csrf", ""))
    if actor.moderator_id is None:
        raise Forbidden("An API token has no identity.")
    return actor


def _cookie(request: DeskRequest) -> str:
    return "__Host-desk-oidc" if is_secure(request) else "desk-oidc"


def _kept(request: DeskRequest) -> dict[str, str]:
    """What was kept for the way back; nothing where it is too old or not ours."""
    opened = unseal(
        request.state["secret"], _UNDER_WAY, request.cookies.get(_cookie(request), ""),
        now=clock(), good_for=STEP_GOOD_FOR,
    )  # fmt: skip
    kept: dict[str, str] = {} if opened is None else json.loads(opened)
    return kept


def _invitation(link: str) -> str:
    return f"invitation {digest('invitation', link).hex()}"


def _sealed(request: DeskRequest, who: Identity, purpose: str) -> str:
    return seal(request.state["secret"], f"{_LINKING} {purpose}", who.subject, clock())


def _opened(
    request: DeskRequest, provider: Provider, fields: Mapping[str, str], purpose: str
) -> Identity:
    """The identity that came back for this purpose. Raises Forbidden."""
    subject = unseal(
        request.state["secret"], f"{_LINKING} {purpose}", fields.get("identity", ""), now=clock(),
        good_for=STEP_GOOD_FOR,
    )  # fmt: skip
    if subject is None:
        raise Forbidden("This page is out of date: begin again.")
    return Identity(provider.issuer, subject)


async def _link_page(
    request: DeskRequest, actor: Actor, provider: Provider, who: Identity,
    error: DeskError | None = None,
) -> Response:  # fmt: skip
    context = {
        "provider": provider,
        "who": who,
        "identity": _sealed(request, who, f"account {actor.moderator_id}"),
        "has_password": await people.has_password(actor, store=request.state["store"]),
        "error": "" if error is None else told(*problem_of(error)),
    }
    status = 200 if error is None else 422 if isinstance(error, UsageError) else error.status
    return desk_page(request, "desk/link-identity.html", actor, context, status)


async def _accept_page(
    request: DeskRequest, provider: Provider, who: Identity, link: str
) -> Response:
    name = await people.find_invited(link, store=request.state["store"], now=clock())
    if name is None:
        raise Unauthorized("This invitation was used already or has expired.")
    pages: Pages = request.state["pages"]
    context = {
        "provider": provider,
        "who": who,
        "identity": _sealed(request, who, _invitation(link)),
        "name": name,
        "link": link,
    }
    return pages.page("desk/accept.html", context)


def _refusal(request: DeskRequest, error: DeskError) -> Response:
    """The sign-in page, saying what was wrong."""
    pages: Pages = request.state["pages"]
    problem, headers = problem_of(error)
    context = {
        "link": "", "next": "", "name": "", "provider": request.state["provider"],
        "error": told(problem, headers),
    }  # fmt: skip
    status = 422 if isinstance(error, UsageError) else problem.status
    return pages.page("desk/sign-in.html", context, status=status, headers=headers)
