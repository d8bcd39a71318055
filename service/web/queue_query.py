"""What a query string asks of the queue: which comments, in which order, from where on."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from service.errors import FieldError, InvalidSubmission
from service.intake.submission import parse_page_url
from service.store.filters import Filter
from service.store.orders import Cursor
from service.tokens import first_id
from service.vocabulary import Band, Code, Order, Status
from service.web.query import choice_of, id_of, is_id

Query = Mapping[str, str]
FILTERS = (
    "status", "site", "reason", "page_url", "q", "lang", "band", "author", "reported", "from", "to",
)  # fmt: skip
_LANG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,3}")
_KEY = {Order.UNCERTAIN: re.compile(r"[01]\.[0-9]{1,20}(?:e-[0-9]{1,2})?|1|[0-9]e-[0-9]{1,2}")}
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_YEARS = range(1970, 10_000)


def queue_filter(query: Query) -> Filter:
    """Which comments a query string asks for. Raises InvalidSubmission."""
    statuses = (Status.HELD, *(s for s in Status if s is not Status.HELD))
    start, end = _day(query, "from"), _day(query, "to")
    since = id_of(query, "since") or ""
    if start:
        since = max(since, first_id(start))
    through = id_of(query, "through") or ""
    last = first_id(end + timedelta(days=1)) if end else ""
    return Filter(
        site_ids=None,  # the verb fills in the actor's own
        status=Status(choice_of(query, "status", statuses)),
        site_key=query.get("site", ""),
        reason=choice_of(query, "reason", ("", *Code)),
        text=_text(query, "q", 200),
        page_url=parse_page_url(query["page_url"]) if query.get("page_url") else "",
        lang=_lang(query),
        band=choice_of(query, "band", ("", *Band)),
        author=_text(query, "author", 254),
        reported=choice_of(query, "reported", ("", "1")) == "1",
        since=since,
        until=min(filter(None, (through, last)), default=""),
    )


def order_of(query: Query) -> Order:
    """The order a query string asks for. Raises InvalidSubmission."""
    return Order(choice_of(query, "order", tuple(Order)))


def cursor_of(query: Query, order: Order) -> Cursor | None:
    """Where a page begins, as `spell_cursor` spells it. Raises InvalidSubmission."""
    text = query.get("cursor", "")
    if not text:
        return None
    *before, comment_id = text.split(":")
    stretch, keys = (before[0], before[1:]) if before else ("0", [])
    wanted = _KEY.get(order, _WHOLE)
    if (
        not is_id(comment_id)
        or stretch not in _STRETCHES[order]
        or len(keys) != _STRETCHES[order][stretch]
        or not all(wanted.fullmatch(key) for key in keys)
    ):
        raise _invalid("cursor", "cursor is not a place in this order.")
    number = float if order in _KEY else int
    return Cursor(comment_id, int(stretch), tuple(number(key) for key in keys))


def spell_cursor(cursor: Cursor | None) -> str:
    """A cursor as text: a comment's id, with what the order needs to know before it."""
    if cursor is None:
        return ""
    if not cursor.stretch and not cursor.keys:
        return cursor.id
    return ":".join((str(cursor.stretch), *(f"{key!r}" for key in cursor.keys), cursor.id))


_STRETCHES = {  # and how many keys each has
    Order.OLDEST: {"0": 0, "1": 0},
    Order.NEWEST: {"0": 0},
    Order.UNCERTAIN: {"0": 1, "1": 1},
    Order.REPORTED: {"0": 1, "1": 0, "2": 1, "3": 0},
    Order.REACH: {"0": 2, "1": 2},
}


def _text(query: Query, name: str, most: int) -> str:
    text = query.get(name, "").strip()
    if len(text) > most or "\x00" in text:
        raise _invalid(name, f"{name} is a text of at most {most} characters.")
    return text


def _lang(query: Query) -> str:
    lang = query.get("lang", "").strip().lower()
    if lang and not _LANG.fullmatch(lang):
        raise _invalid("lang", "lang is a language tag, such as de or pt-BR.")
    return lang


def _day(query: Query, name: str) -> datetime | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS or day.year == _YEARS[-1]:
        raise _invalid(name, f"{name} is a day, such as 2026-03-01.")
    return day


def _invalid(name: str, message: str) -> InvalidSubmission:
    return InvalidSubmission([FieldError(name, "invalid", message)])
