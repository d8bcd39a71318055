"""Every error as one shape, RFC 9457 `application/problem+json`, or a readable page for people."""

import math
import traceback
from pathlib import Path

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from service.errors import (
    DeskError,
    FieldError,
    Forbidden,
    InvalidSubmission,
    NotFound,
    Overloaded,
    RateLimited,
    Unauthorized,
    Unavailable,
)
from service.intake.body import parse_urlencoded

log = structlog.get_logger()

# What a handler raises once it has read the form; after anything else there may be none to read.
_ANSWERED = (InvalidSubmission, NotFound, Forbidden, Unauthorized)


class Problem(msgspec.Struct):
    """The body of every error."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError]


_CODES = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
}


def problem_of(error: Exception) -> tuple[Problem, dict[str, str]]:
    """What an exception becomes on the wire, with the headers that go along."""
    if isinstance(error, DeskError):
        errors = error.errors if isinstance(error, InvalidSubmission) else []
        problem = Problem(
            "about:blank", error.title, error.status, error.code, error.detail, errors
        )
        headers = {}
        if isinstance(error, (RateLimited, Unavailable)):
            headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
        if error.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return problem, headers
    if isinstance(error, HTTPException):
        code = _CODES.get(error.status_code, "error")
        title = code.replace("-", " ").capitalize()
        problem = Problem("about:blank", title, error.status_code, code, title, [])
        return problem, dict(error.headers or {})
    return Problem(
        "about:blank", "Something went wrong", 500, "internal",
        "The service met an error it did not expect. It has been logged.", [],
    ), {}  # fmt: skip


def problem_response(error: Exception) -> Response:
    """The JSON answer to an error."""
    problem, headers = problem_of(error)
    return Response(
        msgspec.json.encode(problem),
        problem.status,
        {"Cache-Control": "no-store", **headers},
        "application/problem+json",
    )


async def handle(request: Request, error: Exception) -> Response:
    """Starlette's exception handler for errors that are part of the contract."""
    if isinstance(error, RateLimited):
        log.info("limited", scope=error.scope, retry_after=round(error.retry_after, 1))
    elif isinstance(error, Unavailable) and not isinstance(error, Overloaded):
        log.warning("unavailable", detail=error.detail)  # the gate says the other, now and then
    if isinstance(error, HTTPException) and error.status_code == 405:
        error.headers = {"Allow": ", ".join(sorted(_methods(request)))}
    if wants_page(request):
        return await _page(request, error)
    return problem_response(error)


def _methods(request: Request) -> set[str]:
    """What every route at this path takes; the router names those of the first alone."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    found = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in found for method in route.methods or ()}


async def _page(request: Request, error: Exception) -> Response:
    pages = request.state["pages"]
    path = request.url.path.removeprefix(pages.base)
    page: Response
    if path == "/desk" or path.startswith("/desk/"):
        page = pages.desk_problem(*problem_of(error), await _back(request, error))
    else:
        page = pages.problem(*problem_of(error))
    return page


async def _back(request: Request, error: Exception) -> str:
    """Where a form of the desk, or the address of its page, says that the moderator was."""
    if request.method != "POST" or not isinstance(error, _ANSWERED):
        return request.query_params.get("back", "")
    try:
        return parse_urlencoded(await request.body()).get("back", "")
    except DeskError:  # no form at all: then the queue will do
        return ""


def unexpected_response(error: Exception) -> Response:
    """The last resort: log where it happened, never what was in the request, and say sorry."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
    log.error("internal", error=type(error).__name__, where=where)
    return problem_response(error)


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks: outside the API, or a form that does not ask for JSON."""
    accept = request.headers.get("accept", "")
    return "text/html" in accept and "application/json" not in accept
