"""Where links in mails lead: looking shows a page, its button acts.

Neither asks for a session or a CSRF token: the link itself is what gives the right to act.
"""

from starlette.responses import Response

from service import confirm
from service.web.api import form_token
from service.web.body import read_fields
from service.web.pages import Pages, article_of
from service.web.state import DeskRequest, clock

_PRIVATE = {"Referrer-Policy": "no-referrer"}  # the address of these pages holds the link's token


async def get_confirm(request: DeskRequest) -> Response:
    """What a confirmation link would do, and the button for it."""
    token = request.query_params.get("token", "")
    asked = await confirm.look(
        token, store=request.state["store"], secret=request.state["secret"], now=clock()
    )
    article = article_of(asked.page_url, asked.site.origins)
    pages: Pages = request.state["pages"]
    return pages.page(
        "confirm.html", {"asked": asked, "article": article, "token": token}, headers=_PRIVATE
    )


async def post_confirm(request: DeskRequest) -> Response:
    """Confirm an address; the page leads back to the article with the browser's proof."""
    done = await confirm.confirm(
        await _token(request), store=request.state["store"], secret=request.state["secret"],
        now=clock(),
    )  # fmt: skip
    pages: Pages = request.state["pages"]
    return pages.confirmed(done, form_token(request, done.site.key, done.page_url))


async def get_unsubscribe(request: DeskRequest) -> Response:
    """Which mails a link would end, and the buttons for it."""
    token = request.query_params.get("token", "")
    comment = await confirm.look_at_unsubscribing(
        token, store=request.state["store"], secret=request.state["secret"]
    )
    page_url = comment.page_url if comment else ""
    return _unsubscribe_page(request, {"page_url": page_url, "token": token, "done": False})


async def post_unsubscribe(request: DeskRequest) -> Response:
    """End mails about replies; mail programs post here by themselves, too (RFC 8058)."""
    fields, _is_form = await read_fields(request)
    sent = fields if isinstance(fields, dict) else {}
    token = str(sent.get("token") or request.query_params.get("token", ""))
    await confirm.unsubscribe(
        token, everywhere=sent.get("everywhere") == "1", store=request.state["store"],
        secret=request.state["secret"],
    )  # fmt: skip
    return _unsubscribe_page(request, {"page_url": "", "token": "", "done": True})


async def _token(request: DeskRequest) -> str:
    fields, is_form = await read_fields(request)
    return str(fields.get("token", "")) if is_form and isinstance(fields, dict) else ""


def _unsubscribe_page(request: DeskRequest, context: dict[str, object]) -> Response:
    pages: Pages = request.state["pages"]
    return pages.page("unsubscribe.html", context, headers=_PRIVATE)
