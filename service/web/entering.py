"""Coming in, whichever way: a session in the browser, or first the step where a code is owed."""

from urllib.parse import urlencode

import structlog
from starlette.responses import RedirectResponse, Response

from service import people
from service.errors import Unauthorized
from service.intake.address import prefixes
from service.persons import Device, Step
from service.second_step import STEP_GOOD_FOR
from service.tokens import seal, unseal
from service.web.api import address_of
from service.web.auth import is_secure, set_session
from service.web.browsers import browser_of
from service.web.desk_page import redirect
from service.web.state import DeskRequest, clock

log = structlog.get_logger()

ACCOUNT = "/desk/account"
CODE = "/desk/sign-in/code"
_PURPOSE = "sign-in-step"


async def let_in(request: DeskRequest, entered: str | Step, ahead: str, *, by: str) -> Response:
    """On to `ahead` with a session, or to the page that asks for the code.

    `by` is for the log: what it was that opened.
    """
    if isinstance(entered, Step):
        return _to_code(request, entered, ahead)
    store = request.state["store"]
    actor = await people.find_session(entered, store=store, now=clock())
    if actor is None:  # shut out in this very moment
        raise Unauthorized
    log.info("signed in", name=actor.name, by=by, network=prefixes(address_of(request))[-1])
    if not await people.has_way_in(actor, store=store):
        ahead = ACCOUNT  # to set a password
    response = redirect(request, ahead)
    set_session(request, response, entered)
    clear_step(request, response)
    return response


def device_of(request: DeskRequest) -> Device:
    """The browser in a few words and its network: what a person is told of their sessions."""
    browser = browser_of(request.headers.get("user-agent", ""))
    address = address_of(request)
    return Device(browser, prefixes(address)[-1] if address else "")


def find_step(request: DeskRequest) -> Step | None:
    """The step that this browser has still to take, or None."""
    opened = unseal(
        request.state["secret"], _PURPOSE, request.cookies.get(_step_cookie(request), ""),
        now=clock(), good_for=STEP_GOOD_FOR,
    )  # fmt: skip
    if opened is None:
        return None
    number, _, standing = opened.partition(" ")
    return Step(int(number), standing)


def clear_step(request: DeskRequest, response: Response) -> None:
    """Take a step out of the browser, where there is one."""
    name = _step_cookie(request)
    if name in request.cookies:
        response.delete_cookie(name, path="/", secure=is_secure(request))


def _to_code(request: DeskRequest, step: Step, ahead: str) -> Response:
    query = f"?{urlencode({'next': ahead})}" if ahead else ""
    response = RedirectResponse(f"{request.state['pages'].base}{CODE}{query}", 303)
    sealed = seal(
        request.state["secret"], _PURPOSE, f"{step.moderator_id} {step.standing}", clock()
    )
    # Not `strict`: that is not sent where a link at an identity provider leads back here.
    response.set_cookie(
        _step_cookie(request), sealed, path="/", httponly=True, samesite="lax",
        secure=is_secure(request), max_age=int(STEP_GOOD_FOR.total_seconds()),
    )  # fmt: skip
    return response


def _step_cookie(request: DeskRequest) -> str:
    return "__Host-desk-step" if is_secure(request) else "desk-step"
