"""Reports of readers over HTTP."""

from starlette.responses import Response

from service import report
from service.intake.address import prefixes
from service.web import wire
from service.web.api import address_of, foreign_origin, json_response
from service.web.query import path_id
from service.web.state import DeskRequest, clock


async def post_report(request: DeskRequest) -> Response:
    """A reader reports a comment; the answer is alike for every id. A body is not looked at."""
    await report.report(
        path_id(request),
        prefix=prefixes(address_of(request))[0],
        origin=foreign_origin(request),
        store=request.state["store"],
        limits=request.state["limits"],
        secret=request.state["secret"],
        now=clock(),
    )
    return json_response(wire.Reported(), 202, {"Cache-Control": "no-store"})
