"""Feeds of published comments in Atom (RFC 4287): of one page, or of a whole site."""

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from starlette.responses import Response

from service import read
from service.intake.origin import check_origin
from service.intake.submission import parse_page_url
from service.web.state import DeskRequest

_ATOM = "http://www.w3.org/2005/Atom"
_NEWEST = 50  # comments of a feed
_MEDIA_TYPE = "application/atom+xml"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # when a feed with nothing in it was updated


async def get_feed(request: DeskRequest) -> Response:
    """The newest comments that readers see, newest first; `page_url` narrows it to one page."""
    site_key = request.path_params["site"]
    asked = request.query_params.get("page_url", "")
    page_url = parse_page_url(asked) if asked else ""
    store, public_url = request.state["store"], request.state["public_url"]
    site = await read.read_site(site_key, store=store)
    if page_url:
        check_origin(site, page_url, "")

    async def make() -> Response:
        found = await read.read_latest(site_key, page_url, limit=_NEWEST, store=store)
        query = f"?{urlencode({'page_url': page_url})}" if page_url else ""
        body = _feed(found, f"{public_url}/feeds/{site_key}.atom{query}", page_url)
        tag = hashlib.blake2b(body, digest_size=12).hexdigest()
        headers = {"Cache-Control": "public, max-age=60", "ETag": f'"{tag}"'}
        return Response(body, 200, headers, _MEDIA_TYPE)

    answer = await request.state["cache"].get_unchanged(("feed", site_key, page_url), make)
    if answer.headers["etag"] in request.headers.get("if-none-match", ""):
        kept = {name: value for name, value in answer.headers.items() if name != "content-length"}
        return Response(None, 304, kept)
    return answer


def _feed(found: read.Latest, own_url: str, page_url: str) -> bytes:
    """The feed as XML; all text is escaped, and HTML stands in it as text (RFC 4287, 3.1.1.2)."""
    feed = ET.Element("feed", xmlns=_ATOM)
    title = f"Comments · {found.site.name}"
    if page_url and found.comments and found.comments[0].page_title:
        title = f"Comments · {found.comments[0].page_title}"
    ET.SubElement(feed, "title").text = _xml(title)
    ET.SubElement(feed, "id").text = own_url
    ET.SubElement(feed, "link", rel="self", type=_MEDIA_TYPE, href=own_url)
    ET.SubElement(feed, "link", rel="alternate", href=page_url or found.site.origins[0])
    changes = [entry.comment.edited_at or entry.comment.created_at for entry in found.comments]
    ET.SubElement(feed, "updated").text = _moment(max(changes, default=_NEVER))
    for entry in found.comments:
        feed.append(_entry(entry))
    body: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return body


def _entry(entry: read.LatestComment) -> ET.Element:
    comment = entry.comment
    made = ET.Element("entry")
    if comment.lang:
        made.set("xml:lang", comment.lang)
    about = f" · {entry.page_title}" if entry.page_title else ""
    ET.SubElement(made, "title").text = _xml(f"{comment.name}{about}")
    ET.SubElement(made, "id").text = f"urn:uuid:{comment.id}"
    link = f"{entry.page_url}#comment-{comment.id}"
    ET.SubElement(made, "link", rel="alternate", href=link)
    ET.SubElement(made, "published").text = _moment(comment.created_at)
    ET.SubElement(made, "updated").text = _moment(comment.edited_at or comment.created_at)
    author = ET.SubElement(made, "author")
    ET.SubElement(author, "name").text = _xml(comment.name)
    if comment.website.startswith(("https://", "http://")):
        ET.SubElement(author, "uri").text = _xml(comment.website)
    ET.SubElement(made, "content", type="html").text = _xml(comment.html)
    return made


def _moment(at: datetime) -> str:
    """A time as RFC 3339 has it."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _xml(text: str) -> str:
    """Text without the characters that XML 1.0 does not know (section 2.2)."""
    return "".join(
        character
        for character in text
        if character in "\t\n" or "\x20" <= character < "\ufffe" or character >= "\U00010000"
    )
