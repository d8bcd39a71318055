"""What readers get: a page's comments as JSON and as HTML, counts, and the form on its own."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.responses import Response

from service import markup, read
from service.domain import Comment
from service.errors import CommentsClosed, FieldError, InvalidSubmission
from service.intake.origin import check_origin
from service.intake.submission import parse_page_url
from service.store.database import Database
from service.web import wire
from service.web.api import form_token, json_response
from service.web.auth import bearer_token
from service.web.languages import choose, gettext, known, spoken
from service.web.pages import Pages
from service.web.query import choice_of, id_of, limit_of, page_of
from service.web.state import DeskRequest, clock

_MAX_PAGES = 100
_PAGE = 100  # comments at once
_SHARED = {  # shared caches may keep it, and ask each time whether it stands
    "Cache-Control": "public, no-cache",
    "Vary": "Authorization",
}
_SHARED_PAGE = _SHARED | {"Vary": "Accept-Language"}

_HELD_A_WHILE = "public, max-age=10, stale-while-revalidate=60"


@dataclass(frozen=True, slots=True)
class _View:
    """Which stretch of which thread somebody wants to see."""

    site: str
    page_url: str
    newest_first: bool
    limit: int
    cursor: str | None
    lang: str  # the language that a page is asked for in, "" where the browser's will do


async def get_comments(request: DeskRequest) -> Response:
    """Published comments as JSON; with an edit token also the author's own waiting one."""
    view = _view(request.scope["query_string"])
    if token := bearer_token(request):
        store = request.state["store"]
        shown = wire.ThreadPage.of(await _read(view, store))
        own = await read.read_own(
            view.site,
            view.page_url,
            token,
            secret=request.state["secret"],
            store=store,
            now=clock(),
        )
        shown.own = [] if own is None else [_own(own)]
        return json_response(shown, headers={"Cache-Control": "private, no-store"})
    return await _cached(
        request, ("json", view), view,
        lambda page: json_response(wire.ThreadPage.of(page)),
    )  # fmt: skip


async def get_thread(request: DeskRequest) -> Response:
    """The thread with its form as a page of HTML, for browsers without scripts and for frames.

    With `part=fragment` the thread alone, for a server to put into its own page.
    """
    pages: Pages = request.state["pages"]
    if choice_of(request.query_params, "part", ("page", "fragment")) == "fragment":
        return await _fragment(request)
    view = _view(request.scope["query_string"])
    choose(view.lang)
    site = await read.read_site(view.site, store=request.state["store"])
    check_origin(site, view.page_url, "")
    return await _cached(
        request, ("html", view, site.origins, spoken()), view,
        lambda page: pages.thread(page, view.page_url, _links(view, page), view.lang),
    )  # fmt: skip


async def _fragment(request: DeskRequest) -> Response:
    """Thread and form without a page around them; any cache may hold them for a while."""
    pages: Pages = request.state["pages"]
    view = _view(request.scope["query_string"])
    choose(view.lang)
    site = await read.read_site(view.site, store=request.state["store"])
    check_origin(site, view.page_url, "")
    answer = await _cached(
        request, ("fragment", view, spoken()), view,
        lambda page: pages.fragment(page, view.page_url, _links(view, page), view.lang),
    )  # fmt: skip
    answer.headers["Cache-Control"] = _HELD_A_WHILE
    return answer


async def get_thread_form(request: DeskRequest) -> Response:
    """The form alone, with a fresh token: never cached."""
    lang = known(request.query_params.get("lang", ""))
    choose(lang)
    site_key, page_url = page_of(request.query_params)
    site = await read.read_site(site_key, store=request.state["store"])
    check_origin(site, page_url, "")
    if site.policy.comments == "closed":
        raise CommentsClosed
    parent = id_of(request.query_params, "parent_id")
    fields = {
        "site": site.key, "page_url": page_url, "parent_id": parent or "", "lang": lang,
        "form_token": form_token(request, site_key, page_url),
    }  # fmt: skip
    pages: Pages = request.state["pages"]
    return pages.form(fields, site)


async def get_counts(request: DeskRequest) -> Response:
    """How many comments each page has, by the URL as it was asked for."""

    async def make() -> Response:
        site = request.query_params.get("site", "")
        urls = request.query_params.getlist("page_url")
        if not site or not 0 < len(urls) <= _MAX_PAGES:
            message = f"Name a site and 1 to {_MAX_PAGES} pages: ?site=…&page_url=…"
            raise InvalidSubmission([FieldError("page_url", "required", message)])
        normal = {url: parse_page_url(url) for url in urls}
        pages = list(normal.values())
        found = await read.count_comments(site, pages, store=request.state["store"])
        counts = {url: found[page_url] for url, page_url in normal.items()}
        headers = {"Cache-Control": "public, max-age=10"}
        return json_response(wire.Counts(counts), headers=headers)

    key = ("counts", request.scope["query_string"])
    return await request.state["cache"].get_unchanged(key, make)


@lru_cache(maxsize=512)  # of 64 KB at most, as the server takes no longer head
def _view(query_string: bytes) -> _View:
    query = QueryParams(query_string)
    site, page_url = page_of(query)
    newest_first = choice_of(query, "order", ("oldest", "newest")) == "newest"
    limit = limit_of(query, default=_PAGE, most=200)
    return _View(
        site, page_url, newest_first, limit, id_of(query, "cursor"), known(query.get("lang", ""))
    )


def _links(view: _View, page: read.PublicPage) -> list[tuple[str, str]]:
    """Where else in the thread to go: what to say, and the query string that leads there."""
    order = "newest" if view.newest_first else "oldest"
    here = {"site": view.site, "page_url": view.page_url, "order": order}
    if view.limit != _PAGE:
        here["limit"] = str(view.limit)
    if view.lang:
        here["lang"] = view.lang
    links = []
    if page.next_cursor is not None:
        links.append((gettext("Next page"), urlencode(here | {"cursor": page.next_cursor})))
    if view.cursor is not None:
        links.append((gettext("First page"), urlencode(here)))
    if len(page.comments) > 1:
        other = "oldest" if view.newest_first else "newest"
        words = gettext("Oldest first") if view.newest_first else gettext("Newest first")
        links.append((words, urlencode(here | {"order": other})))
    return links


async def _cached(
    request: DeskRequest,
    key: tuple[object, ...],
    view: _View,
    render: Callable[[read.PublicPage], Response],
) -> Response:
    """The finished answer from the cache, or 304 when the client has it already."""
    store = request.state["store"]

    async def make() -> Response:
        answer = render(await _read(view, store))
        answer.headers.update(_SHARED if key[0] == "json" else _SHARED_PAGE)
        tag = hashlib.blake2b(answer.body, digest_size=12).hexdigest()
        answer.headers["ETag"] = f'"{tag}"'
        return answer

    answer = await request.state["cache"].get(
        key, lambda: read.read_revision(view.site, view.page_url, store=store), make
    )
    known = request.headers.get("if-none-match")
    if known is None or (known.strip() != "*" and answer.headers["etag"] not in known):
        return answer
    kept = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return Response(None, 304, kept)


async def _read(view: _View, store: Database) -> read.PublicPage:
    return await read.read_page(
        view.site, view.page_url, newest_first=view.newest_first, limit=view.limit,
        cursor=view.cursor, store=store,
    )  # fmt: skip


def _own(comment: Comment) -> wire.OwnComment:
    return wire.OwnComment(
        id=comment.id,
        parent_id=comment.parent_id,
        name=comment.name,
        website=comment.website,
        html=markup.render(comment.comment),
        created_at=comment.created_at,
        edited_at=comment.edited_at,
        status=comment.verdict.told,
    )
