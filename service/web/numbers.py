"""The desk's numbers: a page with charts and tables, and the same as CSV and JSON."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from starlette.responses import Response

from service import numbers, review
from service.errors import Forbidden, InvalidSubmission, NotFound
from service.numbers import Numbers, Span
from service.persons import Actor
from service.scoring.evaluation import Rate
from service.web import wording
from service.web.api import json_response
from service.web.desk_page import desk_page, signed_in
from service.web.drift_chart import WIDE, count_bars
from service.web.query import choice_of
from service.web.state import DeskRequest, clock

_PRIVATE = {"Cache-Control": "private, no-store"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet computes
_DEFAULT = Span.WEEK
_SPANS = (_DEFAULT, *(span for span in Span if span is not _DEFAULT))


class Line(NamedTuple):
    """One number as it is exported: `of` is the whole that `value` is counted from, if any."""

    number: str
    key: str
    value: int | float | str | None
    of: int | None = None


async def get_numbers(request: DeskRequest) -> Response:
    """The numbers of one's own sites over a span, with the charts."""
    actor = await signed_in(request)
    status, slip, chosen = 200, "", request.query_params.get("site", "")
    try:
        found = await _read(request, actor)
    except (InvalidSubmission, NotFound, Forbidden) as error:  # a slip is no end of the page
        status, slip, chosen = error.status, error.detail, ""
        found = await numbers.read_numbers(
            actor, "", _DEFAULT, store=request.state["store"], now=clock()
        )
    most = max((max(p.arrivals, p.decided) for p in found.periods), default=0)
    context = {
        "found": found,
        "slip": slip,
        "chosen": chosen,
        "sites": await review.list_sites(actor, store=request.state["store"]),
        "spans": wording.SPANS,
        "most": most,
        "capped": numbers.MOST,
        "width": len(found.periods) * WIDE,
        "arrival_bars": count_bars("arrived", [p.arrivals for p in found.periods], most),
        "decided_bars": count_bars("decided", [p.decided for p in found.periods], most),
        "is_hourly": found.span is Span.DAY,
        "query": {"site": found.site, "span": found.span.value},
    }
    return desk_page(request, "desk/numbers.html", actor, context, status)


async def get_numbers_csv(request: DeskRequest) -> Response:
    """The same numbers as CSV, one a line."""
    found = await _read(request, await signed_in(request))
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(Line._fields)
    for line in lines_of(found):
        rows.writerow([safe_cell(cell) for cell in line])
    headers = _PRIVATE | {"Content-Disposition": f'attachment; filename="{_name(found)}.csv"'}
    return Response(text.getvalue(), 200, headers, "text/csv; charset=utf-8")


async def get_numbers_json(request: DeskRequest) -> Response:
    """The same numbers as JSON, one an object."""
    found = await _read(request, await signed_in(request))
    body = {
        "site": found.site,
        "span": found.span,
        "since": found.since,
        "until": found.now,
        "numbers": [line._asdict() for line in lines_of(found)],
    }
    headers = _PRIVATE | {"Content-Disposition": f'attachment; filename="{_name(found)}.json"'}
    return json_response(body, headers=headers)


def lines_of(found: Numbers) -> Iterator[Line]:
    """Every number, in the order of the page; times are ISO 8601 in UTC."""
    yield Line("since", "", found.since.isoformat())
    yield Line("waiting", "", found.waiting)
    yield Line("oldest waiting", "", found.oldest.isoformat() if found.oldest else None)
    for period in found.periods:
        yield Line("came in", period.at.isoformat(), period.arrivals)
    for period in found.periods:
        yield Line("decided", period.at.isoformat(), period.decided)
    yield Line("seconds a decision", "everybody", found.seconds)
    yield Line("seconds a decision", "own", found.own_seconds)
    yield _line("decisions undone", "", found.undone)
    yield _line("decided automatically", "", found.automatic)
    for band, agreed in found.agreed.items():
        yield _line("agreement with the model", band.value, agreed)
    yield Line("rejected, then approved", "", found.reversals)
    for reason, count in found.reasons.items():
        yield Line("rejected by reason", reason.value if reason else "", count)
    for page in found.pages:
        yield Line("busiest page", page.url, page.comments, found.looked_at)


def _line(number: str, key: str, rate: Rate) -> Line:
    return Line(number, key, rate.count, rate.of)


async def _read(request: DeskRequest, actor: Actor) -> Numbers:
    query = request.query_params
    span = Span(choice_of(query, "span", tuple(span.value for span in _SPANS)))
    site = query.get("site", "")
    store = request.state["store"]
    return await numbers.read_numbers(actor, site, span, store=store, now=clock())


def safe_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _name(found: Numbers) -> str:
    return f"numbers-{found.span.value}-{found.now:%Y-%m-%d}"
