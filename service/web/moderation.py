"""The moderators' API: queue, claims, decisions, undo, history, numbers."""

from datetime import timedelta
from enum import StrEnum
from typing import TypeVar, get_args, get_type_hints

import msgspec
from starlette.responses import Response

from service import review, tally
from service.domain import Decision, DecisionResult
from service.errors import FieldError, InvalidSubmission
from service.intake.submission import parse_idempotency_key
from service.store.queue import LEASE
from service.tokens import digest
from service.vocabulary import Role
from service.web import wire_desk
from service.web.api import json_response
from service.web.auth import require_actor
from service.web.body import read_json
from service.web.query import id_of, is_id, limit_of, path_id
from service.web.queue_query import cursor_of, order_of, queue_filter, spell_cursor
from service.web.state import DeskRequest, clock

MOST = 200  # items of one page, one claim or one decision
_PRIVATE = {"Cache-Control": "private, no-store"}

T = TypeVar("T")


async def get_queue(request: DeskRequest) -> Response:
    """A page of the queue: what matches, in the order asked for."""
    actor = await require_actor(request)
    query = request.query_params
    limit, order = limit_of(query, default=50, most=MOST), order_of(query)
    items = await review.list_queue(
        actor,
        queue_filter(query),
        order=order,
        limit=limit,
        after=cursor_of(query, order),
        store=request.state["store"],
    )
    entries = [wire_desk.QueueEntry.of(item) for item in items]
    cursor = spell_cursor(items[-1].cursor) if len(entries) == limit else None
    return json_response(wire_desk.QueuePage(entries, cursor), headers=_PRIVATE)


async def get_watch(request: DeskRequest) -> Response:
    """How comments on a screen stand, what waits, and what has come in; with an ETag."""
    actor = await require_actor(request)
    listed = [text for text in request.query_params.get("ids", "").split(",") if text]
    watched = await review.look_again(
        actor,
        queue_filter(request.query_params),
        check_ids(listed) if listed else (),
        id_of(request.query_params, "since"),
        store=request.state["store"],
        now=clock(),
    )
    body = msgspec.json.encode(watched)
    headers = _PRIVATE | {"ETag": f'"{digest(body.decode()).hex()}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    return Response(body, 200, headers, "application/json")


async def post_claim(request: DeskRequest) -> Response:
    """Lease the next held comments, or those of `ids` that are free, to whoever asks."""
    actor = await require_actor(request, Role.MODERATOR)
    wanted = _parse(await read_json(request), wire_desk.ClaimRequest)
    if not 1 <= wanted.limit <= MOST:
        raise _invalid("limit", f"limit is a number from 1 to {MOST}.")
    if not 1 <= wanted.seconds <= LEASE.seconds:
        raise _invalid("seconds", f"seconds is a number from 1 to {LEASE.seconds}.")
    ids = check_ids(wanted.ids) if wanted.ids else ()
    items = await review.claim(
        actor,
        wanted.limit,
        ids=ids,
        lease=timedelta(seconds=wanted.seconds),
        store=request.state["store"],
        now=clock(),
    )
    request.state["events"].note(item.comment.site for item in items)
    entries = [wire_desk.QueueEntry.of(item) for item in items]
    return json_response(wire_desk.QueuePage(entries, None), headers=_PRIVATE)


async def post_release(request: DeskRequest) -> Response:
    """Give claims back."""
    actor = await require_actor(request, Role.MODERATOR)
    wanted = _parse(await read_json(request), wire_desk.ReleaseRequest)
    ids = check_ids(wanted.ids)
    released = await review.release(actor, ids, store=request.state["store"])
    return json_response(wire_desk.Released(released), headers=_PRIVATE)


async def post_decision(request: DeskRequest) -> Response:
    """Approve or reject one or many; 409 when nothing could be changed. A key makes it safe to
    send again."""
    actor = await require_actor(request, Role.MODERATOR)
    wanted = _parse(await read_json(request), wire_desk.DecisionRequest)
    if len(wanted.note) > 2000:
        raise _invalid("note", "A note has 2,000 characters at most.")
    key = parse_idempotency_key(request.headers.get("idempotency-key", ""))
    decision = Decision(
        check_ids(wanted.ids), wanted.outcome, wanted.reason, wanted.note, wanted.versions, key
    )
    result = await review.decide(actor, decision, store=request.state["store"], now=clock())
    request.state["metrics"].decisions.labels(wanted.outcome).inc(len(result.changed))
    return _decided(result)


async def post_undo(request: DeskRequest) -> Response:
    """Take a decision back, whole."""
    actor = await require_actor(request, Role.MODERATOR)
    decision_id = path_id(request)
    result = await review.undo(actor, decision_id, store=request.state["store"], now=clock())
    return _decided(result)


async def get_history(request: DeskRequest) -> Response:
    """The audit trail of one comment."""
    actor = await require_actor(request)
    comment_id = path_id(request)
    _item, entries = await review.read_comment(actor, comment_id, store=request.state["store"])
    history = wire_desk.History([wire_desk.HistoryLine.of(entry) for entry in entries])
    return json_response(history, headers=_PRIVATE)


async def get_stats(request: DeskRequest) -> Response:
    """What waits, what was decided, and how far people and model agree."""
    actor = await require_actor(request)
    stats = await tally.read_stats(actor, store=request.state["store"], now=clock())
    shown = wire_desk.StatsShown(
        stats.waiting, stats.oldest, stats.decided_today, stats.agreement, stats.by_reason
    )
    return json_response(shown, headers=_PRIVATE)


def check_ids(ids: list[str]) -> tuple[str, ...]:
    """Comment ids in their one spelling. Raises InvalidSubmission."""
    if not 1 <= len(ids) <= MOST:
        raise _invalid("ids", f"ids lists 1 to {MOST} comments.")
    if not all(is_id(comment_id) for comment_id in ids):
        raise _invalid("ids", "ids holds something that is not a comment's id.")
    return tuple(ids)


def _decided(result: DecisionResult) -> Response:
    return json_response(wire_desk.Decided.of(result), 200 if result.changed else 409, _PRIVATE)


def _parse(fields: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        name = path.strip("`.")
        members = _members(kind, name)
        if members:
            message = f"{name} is one of {', '.join(members)}"
        raise _invalid(name, message + ".") from None
    except UnicodeEncodeError:  # a lone surrogate, as a name or where one of a few values belongs
        raise _invalid("", "The body is not all text.") from None


def _members(kind: type[object], name: str) -> list[str]:
    """What a field may say that takes a value of an enum; nothing for other fields."""
    hint = get_type_hints(kind).get(name)
    kinds = get_args(hint) or (hint,)
    return [m for k in kinds if isinstance(k, type) and issubclass(k, StrEnum) for m in k]


def _invalid(name: str, message: str) -> InvalidSubmission:
    return InvalidSubmission([FieldError(name, "invalid", message)])
