"""The script that puts a thread on any page, and the article page that shows it at work."""

import gzip
import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from starlette.responses import Response

from service import read
from service.errors import NotFound
from service.intake.page import normalise_page_url
from service.web.api import form_token
from service.web.pages import Pages
from service.web.state import DeskRequest

DEMO_SITE = "demo"
_STATIC = Path(__file__).parent / "static"
_STYLE = 'const STYLE = "";'  # the line of embed.js that takes the style sheet


async def get_script(request: DeskRequest) -> Response:
    """The script; browsers keep it for five minutes."""
    encoding = "gzip" if accepts_gzip(request.headers.get("accept-encoding", "")) else ""
    body, etag = _script(encoding)
    headers = {
        "Cache-Control": "public, max-age=300",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "ETag": etag,
        "Vary": "Accept-Encoding",
    }
    if encoding:
        headers["Content-Encoding"] = encoding
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, "text/javascript")


async def get_demo(request: DeskRequest) -> Response:
    """An article of our own with its thread and form under it."""
    store = request.state["store"]
    site = await read.find_site(DEMO_SITE, store=store) if request.state["demo"] else None
    if site is None:
        raise NotFound
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
def _script(encoding: str) -> tuple[bytes, str]:
    """The script with the thread's style sheet in it, so that one request brings both.

    Comments and indentation are left out. That is no parser: neither file may hold `/*` in a
    string, and nothing but a comment may begin a line with `//`.
    """
    script = (_STATIC / "embed.js").read_text("utf-8")
    style = (_STATIC / "thread.css").read_text("utf-8")
    assert _STYLE in script
    body = _stripped(script).replace(_STYLE, f"const STYLE = {json.dumps(_stripped(style))};", 1)
    sent = gzip.compress(body.encode(), 9, mtime=0) if encoding else body.encode()
    return sent, f'"{hashlib.blake2b(sent, digest_size=12).hexdigest()}"'


def _stripped(source: str) -> str:
    return re.sub(r"/\*.*?\*/|^ *//.*?$|^\s+", "", source, flags=re.DOTALL | re.MULTILINE)
