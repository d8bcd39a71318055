"""The contract as OpenAPI 3.1, made from the routes, their handlers and the types on the wire."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from service import review
from service.vocabulary import Band, Code, Order, Status
from service.web import wire, wire_desk
from service.web.problems import Problem
from service.web.state import DeskRequest

_COMPONENTS = "#/components/schemas/{name}"
_PAGE = {"site": "the site's key", "page_url": "the page's address"}
_WINDOW = {"order": ["oldest", "newest"], "limit": (1, 200), "cursor": "`next_cursor` of the last"}
_FORMS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
_UNREADABLE = (400, 413, 415)  # what any body may get


@dataclass(frozen=True, slots=True)
class _Call:
    """What one handler takes and gives, beyond what its route and docstring say."""

    answer: Any = None  # a type, or a media type where it is not JSON
    status: int = 200
    body: Any = None
    media: tuple[str, ...] = ("application/json",)
    query: tuple[tuple[str, Any], ...] = ()
    security: str = ""
    refusals: tuple[int, ...] = ()
    others: tuple[tuple[int, Any], ...] = ()  # statuses whose body is of a type of their own
    stored: bool = True  # asks the database, and so may have to answer 503


def _query(*parts: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, kind) for part in parts for name, kind in part.items())


_QUEUE = {
    "site": "only this site",
    "status": [status.value for status in Status],
    "reason": ["", *(code.value for code in Code)],  # "" for any
    "q": "words of the comment, name, e-mail or links; the last may be unfinished",
    "page_url": "only this page",
    "lang": "only this language, with its regions",
    "band": ["", *(band.value for band in Band)],
    "author": "only under this e-mail address",
    "reported": ["", "1"],
    "from": "came in on this day or later (UTC)",
    "to": "came in on this day or before (UTC)",
}
_ORDERED = {**_WINDOW, "order": [order.value for order in Order]}

_WATCH = {
    "ids": "up to 200 comments' ids, with commas between them",
    "since": "the id after which comments are `newer`",
}

# By handler name: a route without a line here is a page for people, not part of the API.
_CALLS: dict[str, _Call] = {
    "post_comment": _Call(
        wire.Receipt, 201, wire.Submission, _FORMS,
        refusals=(403, 404, 409, 422, 429),
    ),
    "get_comments": _Call(
        wire.ThreadPage, query=_query(_PAGE, _WINDOW), security="author", refusals=(404, 422)
    ),
    "patch_comment": _Call(
        wire.Receipt, body=wire.NewText, security="author",
        refusals=(401, 403, 404, 409, 422, 429),
    ),
    "delete_comment": _Call(None, 204, security="author", refusals=(401, 403, 404, 409)),
    "post_report": _Call(wire.Reported, 202, refusals=(404, 429)),
    "get_form": _Call(wire.Form, query=_query(_PAGE), refusals=(403, 404, 422)),
    "post_preview": _Call(wire.Preview, body=wire.PreviewRequest, refusals=(404, 422, 429)),
    "get_counts": _Call(wire.Counts, query=_query(_PAGE), refusals=(404, 422)),
    "get_queue": _Call(
        wire_desk.QueuePage, query=_query(_QUEUE, _ORDERED), security="moderator",
        refusals=(401, 403, 404, 422),
    ),
    "get_watch": _Call(
        review.Watched, query=_query(_WATCH, _QUEUE), security="moderator",
        refusals=(401, 403, 404, 422),
    ),
    "post_claim": _Call(
        wire_desk.QueuePage, body=wire_desk.ClaimRequest, security="moderator",
        refusals=(401, 403, 422),
    ),
    "post_release": _Call(
        wire_desk.Released, body=wire_desk.ReleaseRequest, security="moderator",
        refusals=(401, 403, 422),
    ),
    "post_decision": _Call(
        wire_desk.Decided, body=wire_desk.DecisionRequest, security="moderator",
        refusals=(401, 403, 409, 422),
        others=((409, wire_desk.Decided),),
    ),
    "post_undo": _Call(
        wire_desk.Decided, security="moderator", refusals=(401, 403, 404),
        others=((409, wire_desk.Decided),),
    ),
    "get_history": _Call(wire_desk.History, security="moderator", refusals=(401, 404)),
    "get_stats": _Call(wire_desk.StatsShown, security="moderator", refusals=(401,)),
    "get_thread": _Call("text/html", query=_query(_PAGE, _WINDOW), refusals=(404, 422)),
    "get_thread_form": _Call(
        "text/html", query=_query(_PAGE, {"parent_id": "the comment replied to"}),
        refusals=(404, 422),
    ),
    "get_script": _Call("text/javascript", stored=False),
    "livez": _Call("text/plain", stored=False),
    "readyz": _Call({"type": "object"}, others=((503, {"type": "object"}),), stored=False),
    "get_metrics": _Call("text/plain", refusals=(401,), stored=False),
    "get_openapi": _Call({"type": "object"}, stored=False),
}  # fmt: skip


async def get_openapi(request: DeskRequest) -> Response:
    """The whole of the contract, as OpenAPI 3.1."""
    body = msgspec.json.encode(describe(request.app.routes))
    return Response(body, 200, {"Cache-Control": "public, max-age=300"}, "application/json")


async def get_docs(request: DeskRequest) -> Response:
    """The contract as a page to read."""
    contract = describe(request.app.routes)
    page: Response = request.state["pages"].page("docs.html", {"contract": contract})
    return page


def describe(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if not isinstance(route, Route):
            continue
        call = _CALLS.get(route.endpoint.__name__) if not _is_page(route) else None
        if call is None:
            continue
        path = route.path.replace(":uuid}", "}")
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(path, {})[method.lower()] = _operation(route, call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Comment Desk",
            "version": version("comment-desk"),
            "description": "Takes comments in, publishes them, and lets moderators decide. "
            "Errors are RFC 9457 problems; `code` is stable.",
        },
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": _SECURITY},
    }


_SECURITY = {
    "moderator": {"type": "http", "scheme": "bearer", "description": "`comment-desk token add`"},
    "author": {"type": "http", "scheme": "bearer", "description": "the receipt's edit token"},
}


def _is_page(route: Route) -> bool:
    return route.path.startswith("/desk")


def _operation(route: Route, call: _Call) -> dict[str, Any]:
    doc = " ".join((route.endpoint.__doc__ or "").split())
    operation: dict[str, Any] = {
        "operationId": route.endpoint.__name__,
        "summary": doc,
        "parameters": [*_path_parameters(route), *(_parameter(n, k) for n, k in call.query)],
        "responses": _responses(call),
    }
    if route.endpoint.__name__ in ("post_comment", "post_decision"):
        operation["parameters"].append(
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}
        )
    if call.body is not None:
        content = {media: {"schema": _reference(call.body)} for media in call.media}
        operation["requestBody"] = {"required": True, "content": content}
    if call.security:  # an author's token is optional where anybody may read
        optional: list[dict[str, Any]] = [{}] if route.endpoint.__name__ == "get_comments" else []
        operation["security"] = [{call.security: []}, *optional]
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": n, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
        for n in route.param_convertors
    ]


def _parameter(name: str, kind: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    text = kind if isinstance(kind, str) else ""
    if isinstance(kind, list):
        schema["enum"] = kind
    elif isinstance(kind, tuple):
        schema = {"type": "integer", "minimum": kind[0], "maximum": kind[1]}
    required = kind is _PAGE.get(name)
    return {
        "name": name, "in": "query", "required": required, "description": text, "schema": schema,
    }  # fmt: skip


def _responses(call: _Call) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "done"}
    if isinstance(call.answer, str):
        answer["content"] = {call.answer: {"schema": {"type": "string"}}}
    elif call.answer is not None:
        answer["content"] = {"application/json": {"schema": _reference(call.answer)}}
    refusals = {
        *call.refusals,
        *(_UNREADABLE if call.body else ()),
        *([503] if call.stored else []),
    }
    problem = {"application/problem+json": {"schema": _reference(Problem)}}
    back: dict[str, Any] = {}
    if call.media == _FORMS:  # which browsers may post as they are
        problem["text/html"] = {"schema": {"type": "string"}}
        back = {"303": {"description": "done, for a form: back to the page"}}
    refused = {str(s): {"description": "refused", "content": problem} for s in sorted(refusals)}
    others = {
        str(status): {
            "description": "not done",
            "content": {"application/json": {"schema": _reference(kind)}}
            | (problem if status in refusals else {}),
        }
        for status, kind in call.others
    }
    return {str(call.status): answer, **back, **refused, **others}


def _reference(kind: Any) -> dict[str, Any]:
    if isinstance(kind, dict):
        return kind
    return {"$ref": _COMPONENTS.format(name=kind.__name__)}


def _schemas() -> dict[str, Any]:
    kinds = {
        kind
        for call in _CALLS.values()
        for kind in (call.answer, call.body)
        if kind is not None and not isinstance(kind, str | dict)
    }
    _, components = msgspec.json.schema_components(
        sorted({*kinds, Problem}, key=lambda kind: kind.__name__), ref_template=_COMPONENTS
    )
    return components
