"""The desk: plain pages and forms for moderators that work without scripts."""

from collections.abc import Mapping
from urllib.parse import urlencode

import structlog
from starlette.responses import RedirectResponse, Response

from service import people, review
from service.domain import Actor, Choice, Code, Decision, Reason, Role, Status
from service.errors import (
    DeskError,
    FieldError,
    InvalidPassword,
    InvalidSubmission,
    RateLimited,
    Unauthorized,
)
from service.intake.body import parse_urlencoded
from service.web.api import address_of
from service.web.auth import (
    check_same_origin,
    clear_session,
    cookie_name,
    csrf_token,
    require_actor,
    set_session,
)
from service.web.moderation import check_ids, queue_filter
from service.web.pages import Pages
from service.web.query import choice_of, id_of, limit_of
from service.web.state import DeskRequest, clock
from service.web.wire import QueueEntry

log = structlog.get_logger()

PAGE = 25  # items of one page of the desk


async def get_queue(request: DeskRequest) -> Response:
    """The queue: a page of comments, each with its reasons and its buttons."""
    actor = await _signed_in(request)
    store = request.state["store"]
    wanted = queue_filter(request)
    newest_first = choice_of(request, "order", ("oldest", "newest")) == "newest"
    limit = limit_of(request, default=PAGE, most=200)
    items = await review.list_queue(
        actor, wanted, newest_first=newest_first, limit=limit, after=id_of(request, "cursor"),
        store=store,
    )  # fmt: skip
    query = dict(request.query_params)
    query.pop("undo", None)
    context = {
        "entries": [QueueEntry.of(item) for item in items],
        "stats": await review.read_stats(actor, store=store, now=clock()),
        "latest": await review.latest_decisions(actor, store=store),
        "query": query,
        "next": urlencode(query | {"cursor": items[-1].comment.id}) if len(items) == limit else "",
        "back": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "statuses": list(Status),
        "codes": list(Code),
    }
    return _page(request, "desk/queue.html", actor, context)


async def get_comment(request: DeskRequest) -> Response:
    """One comment with its reasons, its author's history and its audit trail."""
    actor = await _signed_in(request)
    store = request.state["store"]
    item, entries = await review.read_comment(actor, request.path_params["id"], store=store)
    by_author = await review.list_by_author(item.comment, store=store)
    context = {
        "entry": QueueEntry.of(item),
        "history": entries,
        "by_author": by_author,
        "back": request.url.path,
    }
    return _page(request, "desk/comment.html", actor, context)


async def post_decision(request: DeskRequest) -> Response:
    """Decide one or many from a form, then go back to where the moderator was.

    The form ticks comments as `tick:ID` = version; the button says `decide` = CHOICE or
    CHOICE:REASON.
    """
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, Role.MODERATOR, csrf=fields.get("csrf", ""))
    decision = _decision(fields)
    result = await review.decide(actor, decision, store=request.state["store"], now=clock())
    request.state["metrics"].decisions.labels(decision.choice).inc(len(result.changed))
    if result.conflicts:
        context = {"result": result, "back": _own_path(request, fields.get("back", ""))}
        return _page(request, "desk/conflicts.html", actor, context, status=409)
    return _redirect(request, fields.get("back", ""))


async def post_undo(request: DeskRequest) -> Response:
    """Take one decision back, then go back to where the moderator was."""
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, Role.MODERATOR, csrf=fields.get("csrf", ""))
    decision_id = request.path_params["id"]
    result = await review.undo(actor, decision_id, store=request.state["store"], now=clock())
    if result.conflicts:
        context = {"result": result, "back": _own_path(request, fields.get("back", ""))}
        return _page(request, "desk/conflicts.html", actor, context, status=409)
    return _redirect(request, fields.get("back", ""))


async def get_sign_in(request: DeskRequest) -> Response:
    """The sign-in form; a one-time link shows a button first, since looking must not use it up."""
    return _sign_in_page(request, request.query_params.get("link", ""))


async def post_sign_in(request: DeskRequest) -> Response:
    """Sign in by name and password or by a one-time link."""
    check_same_origin(request)
    fields = parse_urlencoded(await request.body())
    store = request.state["store"]
    try:
        if link := fields.get("link", ""):
            secret = await people.sign_in_by_link(link, store=store, now=clock())
        else:
            secret = await people.sign_in(
                fields.get("name", ""), fields.get("password", ""), address_of(request),
                store=store, limits=request.state["limits"], now=clock(),
            )  # fmt: skip
    except (Unauthorized, RateLimited) as error:
        log.warning("sign-in refused", code=error.code)
        return _sign_in_page(request, "", error)
    log.info("signed in")
    response = _redirect(request, "")
    set_session(request, response, secret)
    return response


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
    """One's own account: set a password."""
    return _page(request, "desk/account.html", await _signed_in(request), {"error": None})


async def post_password(request: DeskRequest) -> Response:
    """Set one's own password; every other session ends."""
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, csrf=fields.get("csrf", ""))
    try:
        secret = await people.set_password(
            actor, fields.get("password", ""), store=request.state["store"], now=clock()
        )
    except InvalidPassword as error:
        return _page(request, "desk/account.html", actor, {"error": error}, status=422)
    response = _redirect(request, "")
    set_session(request, response, secret)
    return response


async def _signed_in(request: DeskRequest) -> Actor:
    return await require_actor(request, Role.VIEWER)


def _decision(fields: Mapping[str, str]) -> Decision:
    ticked = {
        name.removeprefix("tick:"): version
        for name, version in fields.items()
        if name.startswith("tick:")
    }
    choice, _, reason = fields.get("decide", "").partition(":")
    if choice not in list(Choice):
        raise InvalidSubmission([FieldError("decide", "invalid", "Choose what to decide.")])
    return Decision(
        ids=check_ids(list(ticked)),
        choice=Choice(choice),
        reason=Reason(reason) if reason in list(Reason) else None,
        note=fields.get("note", "")[:2000],
        versions={i: int(version) for i, version in ticked.items() if version.isdecimal()},
    )


def _page(
    request: DeskRequest, name: str, actor: Actor, context: Mapping[str, object], status: int = 200
) -> Response:
    pages: Pages = request.state["pages"]
    return pages.page(
        name,
        {"actor": actor, "csrf": csrf_token(request), "reasons": list(Reason), **context},
        status=status,
    )


def _sign_in_page(request: DeskRequest, link: str, error: DeskError | None = None) -> Response:
    pages: Pages = request.state["pages"]
    status = 200 if error is None else error.status
    return pages.page("desk/sign-in.html", {"link": link, "error": error}, status=status)


def _redirect(request: DeskRequest, back: str) -> Response:
    return RedirectResponse(_own_path(request, back), 303)


def _own_path(request: DeskRequest, back: str) -> str:
    """`back` where it is a path of the desk, else the queue: never another site's address."""
    base = request.state["pages"].base
    is_own = (
        back.startswith("/desk/")
        and not any(c in back for c in "\\\r\n\t")
        and ("//" not in back.partition("?")[0])
    )
    return f"{base}{back}" if is_own else f"{base}/desk/"
