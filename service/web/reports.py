"""Reports of readers over HTTP."""

from starlette.responses import Response

from service import read, report
from service.errors import NotFound
from service.intake.address import prefixes
from service.intake.origin import check_origin
from service.web import wire
from service.web.api import address_of, foreign_origin, json_response
from service.web.body import wants_json
from service.web.pages import Pages
from service.web.query import id_of, page_of, path_id
from service.web.state import DeskRequest, clock


async def get_report(request: DeskRequest) -> Response:
    """Asks before a comment is reported, for browsers without scripts."""
    site_key, page_url = page_of(request.query_params)
    site = await read.read_site(site_key, store=request.state["store"])
    check_origin(site, page_url, "")
    comment_id = id_of(request.query_params, "id")
    if comment_id is None:
        raise NotFound
    context = {"comment_id": comment_id, "article": page_url}
    pages: Pages = request.state["pages"]
    return pages.page("report.html", context, origins=site.origins)


async def post_report(request: DeskRequest) -> Response:
    """A reader reports a comment; the answer is alike for every id. A body is not looked at.

    Whoever sends a form without asking for JSON is answered with a page.
    """
    await report.report(
        path_id(request),
        prefix=prefixes(address_of(request))[0],
        origin=foreign_origin(request),
        store=request.state["store"],
        limits=request.state["limits"],
        secret=request.state["secret"],
        now=clock(),
    )
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded") and not wants_json(request, True):
        pages: Pages = request.state["pages"]
        return pages.page("report.html", {"comment_id": "", "article": ""}, status=202)
    return json_response(wire.Reported(), 202, {"Cache-Control": "no-store"})
