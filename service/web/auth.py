"""Who asks on the moderators' side: a bearer token, or the desk's session cookie.

What a cookie may change needs a same-origin request and a CSRF token; a bearer token needs neither,
since no browser sends it by itself.
"""

from starlette.responses import Response

from service import people
from service.errors import Forbidden, Unauthorized
from service.persons import Actor
from service.tokens import is_signed, sign
from service.vocabulary import Role
from service.web.state import DeskRequest, clock

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def bearer_token(request: DeskRequest) -> str:
    """The token of an Authorization header, or "" where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def require_actor(
    request: DeskRequest, role: Role = Role.VIEWER, *, csrf: str | None = None
) -> Actor:
    """Who asks, with at least `role` somewhere. Raises Unauthorized, Forbidden.

    `csrf` is the form's token; without one the X-CSRF-Token header counts.
    """
    store = request.state["store"]
    if token := bearer_token(request):
        actor = await people.find_token_actor(token, store=store)
        if actor is None:
            raise Unauthorized("This token is not valid.")
    else:
        secret = request.cookies.get(cookie_name(request), "")
        found = await people.find_session(secret, store=store, now=clock()) if secret else None
        if found is None:
            raise Unauthorized
        actor = found
        if request.method not in SAFE:
            check_same_origin(request)
            sent = csrf if csrf is not None else request.headers.get("x-csrf-token", "")
            if not is_signed(sent, request.state["secret"], "csrf", secret):
                raise Forbidden("The form is out of date: reload the page and try again.")
    if not any(held.includes(role) for held in actor.grants.values()):
        raise Forbidden
    return actor


def csrf_token(request: DeskRequest) -> str:
    """The token that forms of this session carry."""
    secret = request.cookies.get(cookie_name(request), "")
    return sign(request.state["secret"], "csrf", secret)


def check_same_origin(request: DeskRequest) -> None:
    """Raise Forbidden unless the browser says that one of our own pages sent this."""
    if not is_own_origin(request):
        raise Forbidden("This request did not come from the desk.")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This request did not come from the desk.")


def is_own_origin(request: DeskRequest) -> bool:
    """Whether a page of our own sent this, by its Origin header."""
    host = request.headers.get("host", "")
    own = {f"https://{host}"} if is_secure(request) else {f"https://{host}", f"http://{host}"}
    return request.headers.get("origin", "") in own


def is_secure(request: DeskRequest) -> bool:
    """Whether browsers reach the service over https."""
    return request.state["public_url"].startswith("https:")


def cookie_name(request: DeskRequest) -> str:
    """The session cookie's name; the prefix makes browsers insist on https and on our host."""
    return "__Host-desk" if is_secure(request) else "desk"


def set_session(request: DeskRequest, response: Response, secret: str) -> None:
    """Put a session into the browser."""
    response.set_cookie(
        cookie_name(request), secret, path="/", httponly=True, samesite="lax",
        secure=is_secure(request),
    )  # fmt: skip


def clear_session(request: DeskRequest, response: Response) -> None:
    """Take the session out of the browser."""
    response.delete_cookie(cookie_name(request), path="/", secure=is_secure(request))
