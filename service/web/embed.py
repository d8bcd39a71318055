"""The script that puts a thread on any page, and the article page that shows it at work."""

import gzip
import hashlib
import json
import re
from collections.abc import Callable
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from rcssmin import cssmin
from rjsmin import jsmin
from starlette.responses import RedirectResponse, Response

from service import read
from service.errors import NotFound
from service.intake.page import normalise_page_url
from service.web.api import form_token
from service.web.languages import choose
from service.web.pages import QUEUE, Pages
from service.web.state import DeskRequest

DEMO_SITE = "demo"
_STATIC = Path(__file__).parent / "static"
_PARTS = _STATIC / "embed"
PARTS = ("service", "nodes", "thread", "rows", "form", "start")  # in this order one script
STYLES = ("thread.css", "thread-form.css")


class Sent(NamedTuple):
    """What goes out, and its tag."""

    body: bytes
    etag: str


@cache
def languages() -> tuple[str, ...]:
    """The languages that the embed speaks (BCP 47), one for each file of words."""
    return tuple(sorted(path.stem for path in (_PARTS / "words").glob("*.json")))


async def get_script(request: DeskRequest) -> Response:
    """The script; browsers keep it for five minutes."""
    return _answer(request, _script, "text/javascript")


async def get_writing(request: DeskRequest) -> Response:
    """The part of the script that sends; fetched once somebody turns to the form."""
    return _answer(request, _writing, "text/javascript")


async def get_words(request: DeskRequest) -> Response:
    """The words of one language, for a script that speaks English without them."""
    language = request.path_params["language"]
    if language not in languages():
        raise NotFound
    return _answer(request, partial(_words, language), "application/json")


def _answer(request: DeskRequest, make: Callable[[str], Sent], media_type: str) -> Response:
    encoding = "gzip" if accepts_gzip(request.headers.get("accept-encoding", "")) else ""
    sent = make(encoding)
    headers = {
        "Cache-Control": "public, max-age=300",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": sent.etag,
        "Vary": "Accept-Encoding",
    }
    if encoding:
        headers["Content-Encoding"] = encoding
    if sent.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(sent.body, 200, headers, media_type)


async def get_start(request: DeskRequest) -> Response:
    """The address that people type first leads on: to the demo where there is one, or the desk."""
    pages: Pages = request.state["pages"]
    return RedirectResponse(f"{pages.base}{'/demo' if request.state['demo'] else QUEUE}", 303)


async def get_demo(request: DeskRequest) -> Response:
    """An article of our own with its thread and form under it."""
    store = request.state["store"]
    site = await read.find_site(DEMO_SITE, store=store) if request.state["demo"] else None
    if site is None:
        raise NotFound
    choose("en")  # as its article is
    pages: Pages = request.state["pages"]
    page_url = normalise_page_url(f"{site.origins[-1]}{pages.base}/demo")
    page = await read.read_page(site.key, page_url, store=store)
    ahead = {"site": site.key, "page_url": page_url, "cursor": page.next_cursor}
    links = [("Next page", urlencode(ahead))] if page.next_cursor else []
    return pages.demo(page, page_url, links, form_token(request, site.key, page_url))


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header takes gzip (RFC 9110, 12.5.3: not where it says q=0)."""
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "x-gzip", "*"):
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False


@lru_cache(maxsize=2)
def _script(encoding: str) -> Sent:
    """The script with words and style sheet in it, so that one request brings all."""
    script = "".join((_PARTS / f"{name}.js").read_text("utf-8") for name in PARTS)
    words = json.loads(_words("en", "").body)
    del words["writing"]
    filled = _filled(
        script,
        STYLE=cssmin("".join((_STATIC / name).read_text("utf-8") for name in STYLES)),
        ENGLISH=words,
        LANGUAGES=[name for name in languages() if name != "en"],
        WRITING=_writing("").etag.strip('"'),
    )
    return _sent(jsmin(f'(() => {{ "use strict";\n{filled}}})();'), encoding)


@lru_cache(maxsize=2)
def _writing(encoding: str) -> Sent:
    """The part of the script that sends, as a module."""
    script = (_PARTS / "writing.js").read_text("utf-8")
    words = json.loads(_words("en", "").body)["writing"]
    return _sent(jsmin(_filled(script, ENGLISH=words)), encoding)


def _filled(script: str, **values: object) -> str:
    """The script with these constants of it, which stand empty in the sources, filled in."""
    for name, value in values.items():
        before, empty, after = re.split(rf"(const {name} = .*?;)", script, maxsplit=1)
        script = f"{before}{empty.partition('=')[0]}= {_json(value)};{after}"
    return script


@lru_cache(maxsize=64)
def _words(language: str, encoding: str) -> Sent:
    """The words of one language, without the blanks."""
    return _sent(_json(json.loads((_PARTS / "words" / f"{language}.json").read_bytes())), encoding)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _sent(text: str, encoding: str) -> Sent:
    body = gzip.compress(text.encode(), 9, mtime=0) if encoding else text.encode()
    return Sent(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')
