"""The desk: plain pages and forms for moderators that work without scripts."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from service import review, tally
from service.domain import Comment, Decision
from service.errors import FieldError, InvalidSubmission, NotFound
from service.intake.body import parse_urlencoded
from service.persons import Actor
from service.store.authors import LATEST
from service.store.decisions import Made
from service.store.filters import Filter
from service.store.items import QueueItem
from service.tokens import NO_ID
from service.vocabulary import OPEN, Choice, Order, Reason, Role, Status
from service.web.auth import require_actor
from service.web.cards import NOBODY, card, cut
from service.web.desk_page import desk_page, here, own_path, redirect, show_conflicts, signed_in
from service.web.known import known_names
from service.web.moderation import check_ids
from service.web.notes import notes_on
from service.web.pages import QUEUE
from service.web.query import limit_of, path_id
from service.web.queue_query import FILTERS, cursor_of, order_of, queue_filter, spell_cursor
from service.web.state import DeskRequest, clock

_REPORTED = Filter(None, status=Status.PUBLISHED, reported=True)
PAGE = 25  # comments of one page of the desk
_NOTE_LIMIT = 2000
_ENOUGH = 20  # decisions before a share of them says anything
_LEASE = 60  # seconds, of what is on a screen; its script renews it
_FULL = 10_000  # a comment's own page shows all of it


async def get_desk(request: DeskRequest) -> Response:
    """The desk's address as people type it, without the slash."""
    return redirect(request, QUEUE)


async def get_queue(request: DeskRequest) -> Response:
    """The queue: a page of comments, each with its reasons and its buttons."""
    actor = await signed_in(request)
    try:
        wanted = queue_filter(request.query_params)
        items = await _list(request, actor, wanted)
    except (InvalidSubmission, NotFound) as error:  # a slip in the filter is no end of the page
        wanted, items = Filter(None), []
        return await _queue_page(request, actor, wanted, items, error.detail, status=error.status)
    return await _queue_page(request, actor, wanted, items)


async def get_comment(request: DeskRequest) -> Response:
    """One comment with its reasons, its author's history and its audit trail."""
    actor = await signed_in(request)
    store = request.state["store"]
    item, entries = await review.read_comment(actor, path_id(request), store=store)
    back = request.query_params.get("back", QUEUE)
    context = {
        "card": card(item, actor, clock(), limit=_FULL, known=await known_names(request, actor)),
        "history": entries,
        "author": await review.find_author(item.comment, store=store),
        "latest": LATEST,
        "others": await _others(request, actor, item.comment),
        **await notes_on(request, actor, [item.comment]),
        "back": back,
        "to_queue": own_path(request, back),
    }
    return desk_page(request, "desk/comment.html", actor, context)


async def get_card(request: DeskRequest) -> Response:
    """One comment as the queue shows it, for the script to put in the place of an older one."""
    actor = await signed_in(request)
    item, _entries = await review.read_comment(
        actor, path_id(request), store=request.state["store"]
    )
    known = await known_names(request, actor)
    context = {
        "card": card(item, actor, clock(), known=known),
        "back": request.query_params.get("back", QUEUE),
        **await notes_on(request, actor, [item.comment]),
    }
    return desk_page(request, "desk/card.html", actor, context)


async def post_decision(request: DeskRequest) -> Response:
    """Decide one or many from a form, then go back to where the moderator was.

    The form ticks comments as `tick:ID` = version; the button says `decide` = CHOICE or
    CHOICE:REASON; without a reason there, the field `reason` counts.
    """
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, Role.MODERATOR, csrf=fields.get("csrf", ""))
    decision = _decision(fields)
    result = await review.decide(actor, decision, store=request.state["store"], now=clock())
    request.state["metrics"].decisions.labels(decision.choice).inc(len(result.changed))
    back = fields.get("back", "")
    if result.conflicts:
        return show_conflicts(request, actor, result, back)
    return redirect(request, back, at=fields.get("at", ""), decided=result.decision_id)


async def post_undo(request: DeskRequest) -> Response:
    """Take one decision back, then go back to where the moderator was."""
    fields = parse_urlencoded(await request.body())
    actor = await require_actor(request, Role.MODERATOR, csrf=fields.get("csrf", ""))
    decision_id = path_id(request)
    result = await review.undo(actor, decision_id, store=request.state["store"], now=clock())
    back = fields.get("back", "")
    if result.conflicts:
        return show_conflicts(request, actor, result, back)
    return redirect(request, back, undone=str(len(result.changed)))


async def _others(
    request: DeskRequest, actor: Actor, comment: Comment
) -> list[tuple[Comment, str]]:
    """The author's latest other comments, each with the beginning of its text."""
    store = request.state["store"]
    latest = await review.list_by_author(comment, store=store)
    ids = [comment_id for comment_id, _status, _at in latest if comment_id != comment.id]
    found = [(await review.read_comment(actor, i, store=store))[0].comment for i in ids]
    return [(other, cut(other.comment, 120)) for other in found]


async def _list(request: DeskRequest, actor: Actor, wanted: Filter) -> list[QueueItem]:
    """One comment more than a page, to know whether another page follows."""
    query = request.query_params
    order = order_of(query)
    return await review.list_queue(
        actor,
        wanted,
        order=order,
        limit=limit_of(query, default=PAGE, most=200) + 1,
        after=cursor_of(query, order),
        grouped=True,
        store=request.state["store"],
    )


async def _queue_page(
    request: DeskRequest,
    actor: Actor,
    wanted: Filter,
    items: Sequence[QueueItem],
    slip: str = "",
    status: int = 200,
) -> Response:
    store, query, now = request.state["store"], request.query_params, clock()
    latest = await review.latest_decisions(actor, store=store)
    known = await known_names(request, actor) if items else NOBODY
    page = items[: limit_of(request.query_params, default=PAGE, most=200)] if items else []
    filters = {name: query[name] for name in FILTERS if query.get(name)}
    chosen = filters | ({"order": query["order"]} if query.get("order") else {})
    has_more = len(items) > len(page)
    context = {
        "cards": [card(item, actor, now, known=known) for item in page],
        **await notes_on(request, actor, [item.comment for item in page]),
        "since": await _newest(request, actor, wanted, page, is_last=not has_more),
        "lease": _LEASE,
        "stats": await tally.read_stats(actor, store=store, now=now),
        "matching": await review.count_waiting(actor, wanted, store=store) if filters else None,
        "sites": await review.list_sites(actor, store=store),
        "latest": latest,
        "reported": await review.count_waiting(actor, _REPORTED, store=store),
        "decided": _find(latest, query.get("decided", "")),
        "undone": _number(query.get("undone", "")),
        "chosen": dict.fromkeys((*FILTERS, "order"), "") | chosen,
        "is_filtered": bool(filters),
        "first": urlencode(chosen),
        "slip": slip,
        "next": urlencode(chosen | {"cursor": spell_cursor(page[-1].cursor)}) if has_more else "",
        "is_first": not query.get("cursor"),
        "back": here(request),
        "enough": _ENOUGH,
        "now": now,
    }
    return desk_page(request, "desk/queue.html", actor, context, status)


async def _newest(
    request: DeskRequest,
    actor: Actor,
    wanted: Filter,
    page: Sequence[QueueItem],
    *,
    is_last: bool,
) -> str:
    """The id after which a comment is new to this page, or "" where none is: not what waits."""
    if wanted.status not in OPEN:
        return ""
    if is_last and page and request.query_params.get("order", "oldest") == "oldest":
        return max(c.id for item in page for c in (item.comment, *item.alike))
    store = request.state["store"]
    newest = await review.list_queue(actor, wanted, order=Order.NEWEST, limit=1, store=store)
    return newest[0].comment.id if newest else NO_ID


def _find(latest: Sequence[Made], decision_id: str) -> Made | None:
    return next((made for made in latest if made.id == decision_id), None)


def _decision(fields: Mapping[str, str]) -> Decision:
    ticked = {
        name.removeprefix("tick:"): version
        for name, version in fields.items()
        if name.startswith("tick:")
    }
    choice, _, reason = fields.get("decide", "").partition(":")
    reason = reason or fields.get("reason", "")
    if choice not in list(Choice):
        raise InvalidSubmission([FieldError("decide", "invalid", "Choose what to decide.")])
    if not ticked:
        raise InvalidSubmission([FieldError("ids", "required", "Tick at least one comment.")])
    return Decision(
        ids=check_ids(list(ticked)),
        choice=Choice(choice),
        reason=Reason(reason) if choice == Choice.REJECT and reason in list(Reason) else None,
        note="" if choice == Choice.APPROVE else _note(fields),
        versions={i: number for i, text in ticked.items() if (number := _number(text)) is not None},
    )


def _note(fields: Mapping[str, str]) -> str:
    """What was typed, else the snippet that was chosen."""
    typed = fields.get("note", "").strip() or fields.get("snippet", "")
    return typed.replace("\x00", "").strip()[:_NOTE_LIMIT]


def _number(text: str) -> int | None:
    return int(text) if len(text) < 10 and text.isascii() and text.isdigit() else None
