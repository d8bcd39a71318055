"""What every page of the desk shares: who is signed in, the frame around it, where to go next."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from service.domain import DecisionResult
from service.errors import Unauthorized
from service.persons import Actor
from service.vocabulary import Reason, Role
from service.web import wording
from service.web.auth import csrf_token, require_actor
from service.web.pages import QUEUE, Pages
from service.web.query import is_id
from service.web.state import DeskRequest


async def signed_in(request: DeskRequest, role: Role = Role.VIEWER) -> Actor:
    """Who looks at the desk, with at least `role` on some site.

    A browser without a session is led to the sign-in page. Raises Unauthorized, Forbidden.
    """
    try:
        return await require_actor(request, role)
    except Unauthorized:
        if "text/html" not in request.headers.get("accept", ""):
            raise
        ahead = urlencode({"next": here(request)})
        location = f"{request.state['pages'].base}/desk/sign-in?{ahead}"
        raise HTTPException(303, headers={"Location": location}) from None


def desk_page(
    request: DeskRequest, name: str, actor: Actor, context: Mapping[str, object], status: int = 200
) -> Response:
    """A page of the desk for whoever is signed in."""
    pages: Pages = request.state["pages"]
    shared = {
        "actor": actor,
        "csrf": csrf_token(request),
        "reasons": {r: words for r, words in wording.REASONS.items() if r is not Reason.SPAM},
        "wording": wording,
        "banned": banned if is_id(banned := request.query_params.get("banned", "")) else "",
        "rejected_too": request.query_params.get("rejected", "") not in ("", "0"),
        "undone_too": request.query_params.get("undone", "") not in ("", "0"),
        "ban_ended": bool(request.query_params.get("ended")),
        "here": here(request) if request.method == "GET" else QUEUE,
        "sites_held": [
            a for a in request.state["watch"].alarms if actor.may(Role.VIEWER, a.site_id)
        ],
    }
    return pages.page(name, {**shared, **context}, status=status)


def here(request: DeskRequest) -> str:
    """The path and query asked for, without what only told of the last decision."""
    told = ("decided", "undone", "banned", "rejected", "ended")
    query = urlencode([(n, v) for n, v in request.query_params.multi_items() if n not in told])
    path = request.url.path.removeprefix(request.state["pages"].base)
    return f"{path}?{query}" if query else path


def redirect(request: DeskRequest, back: str, *, at: str = "", **told: str) -> Response:
    """On to `back`, which `own_path` checks, with what there is to tell in its query; to the
    comment `at` on that page, where there is one."""
    target = own_path(request, back)
    if told:
        target += ("&" if "?" in target else "?") + urlencode(told)
    if is_id(at):
        target += f"#comment-{at}"
    return RedirectResponse(target, 303)


def show_conflicts(
    request: DeskRequest, actor: Actor, result: DecisionResult, back: str
) -> Response:
    """What a decision could not change, and who was faster."""
    context = {"result": result, "back": back, "to_queue": own_path(request, back)}
    return desk_page(request, "desk/conflicts.html", actor, context, status=409)


def own_path(request: DeskRequest, back: str) -> str:
    """`back` where it is a path of the desk, else the queue: never another site's address."""
    pages: Pages = request.state["pages"]
    return pages.own_path(back)
