"""Everything that is shown as HTML: templates filled in, with the headers each page needs."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from service.confirm import Confirmed
from service.domain import Site
from service.errors import DeskError, InvalidSubmission
from service.intake.page import is_allowed_origin, origin_of
from service.read import PublicComment, PublicPage
from service.web import wording
from service.web.languages import gettext, spoken
from service.web.problems import Problem, problem_of
from service.web.slips import slip
from service.web.speaking import environment_of

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action {form_action}; frame-ancestors {frame_ancestors}"
)
QUEUE = "/desk/"  # where the desk begins
_VISIBLE = ("comment", "name", "email", "website")
_CARRIED = (
    "site", "page_url", "page_title", "page_text", "lang", "parent_id", "form_token",
    "author_token", "proof", "consent",
)  # fmt: skip
_BOXES = ("confirm", "notify")
_NOTHING_TYPED = dict.fromkeys((*_VISIBLE, *_CARRIED, *_BOXES), "")
PROOF = "comment-desk-proof="  # embed.js looks for it
_STATIC = Path(__file__).parent / "static"
_DEEPEST = 4  # replies further down are shown at this depth

Links = Sequence[tuple[str, str]]  # (words, query string of /threads)


@dataclass(frozen=True, slots=True)
class Shown:
    """A comment in its place: `depth` 0 at the top, `parent` what it answers, `body` safe HTML."""

    comment: PublicComment
    depth: int
    parent: PublicComment | None
    website: str
    body: Markup


class Pages:
    """The templates, and answers made from them. `public_url` gives the path prefix of links."""

    def __init__(self, public_url: str, *, mails: bool = False) -> None:
        self._templates: dict[str, Environment] = {}  # by language, each from its first use on
        self._public_url = public_url.rstrip("/")
        self.base = urlsplit(public_url).path.rstrip("/")
        self.mails = mails  # whether any is sent, and so may be asked for

    def _in(self, language: str) -> Environment:
        """The templates in one language."""
        if language not in self._templates:
            templates = environment_of(language)
            templates.globals |= {
                "base": self.base,
                "language": language,
                "comment_count": wording.comments,
                "static": self._static,
                "carried": _CARRIED,
                "visible": _VISIBLE,
            }
            templates.filters |= {
                "iso": datetime.isoformat,
                "moment": wording.moment,
                "number": wording.number,
                "coded": coded,
                "initial": wording.initial,
            }
            self._templates[language] = templates
        return self._templates[language]

    def _static(self, name: str) -> str:
        """The address of a file of ours; another one whenever the file has changed."""
        return f"{self.base}/static/{name}?v={_version(name)}"

    def render(self, name: str, /, **context: Any) -> str:
        """A template filled in; everything is escaped unless it is Markup."""
        return self._in(spoken()).get_template(name).render(context)

    def page(
        self,
        name: str,
        context: Mapping[str, Any],
        *,
        status: int = 200,
        origins: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A page that nobody may cache; only a site's `origins` may frame it and be led back to."""
        extra = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy(origins),
            **(headers or {}),
        }
        return HTMLResponse(self.render(name, **context), status, extra)

    def thread(self, page: PublicPage, page_url: str, links: Links, lang: str) -> Response:
        """A thread with its form, fit for the cache: no token in it."""
        context = _thread_context(page, page_url, links, "", lang) | {"level": 1, "form_level": 2}
        context["boxes"] = self._boxes(page.site)
        return self.page("thread.html", context, origins=page.site.origins)

    def fragment(self, page: PublicPage, page_url: str, links: Links, lang: str) -> Response:
        """A thread with its form, without a page around them; its links and form name us."""
        context = _thread_context(page, page_url, links, "", lang) | {"level": 2, "form_level": 2}
        context["boxes"] = self._boxes(page.site)
        body = self.render("_thread.html", **context, base=self._public_url)
        return HTMLResponse(body)

    def demo(self, page: PublicPage, page_url: str, links: Links, form_token: str) -> Response:
        """The demo article, with thread and form in the page itself."""
        context = _thread_context(page, page_url, links, form_token)
        context |= {"level": 2, "form_level": 2, "boxes": self._boxes(page.site)}
        return self.page("demo.html", context, origins=page.site.origins)

    def form(
        self, fields: dict[str, str], site: Site | None, error: DeskError | None = None
    ) -> Response:
        """The form alone; after an error, with what is wrong and everything that was typed."""
        problem, headers = (None, {}) if error is None else problem_of(error)
        wrong = error.errors if isinstance(error, InvalidSubmission) else []
        listed = [replace(one, message=slip(one)) for one in wrong]
        known = site.origins if site else ()
        context = {
            "boxes": self._boxes(site),
            "fields": _NOTHING_TYPED | fields,
            "errors": _NOTHING_TYPED | {e.field: e.message for e in reversed(listed)},
            "problem": problem,
            "title": gettext(problem.title) if problem else "",
            "listed": listed,
            "told": told(problem, headers) if problem else "",
            "article": article_of(fields.get("page_url", ""), known),
            "form_level": 2 if problem else 1,
        }
        status = 200 if problem is None else problem.status
        return self.page("form.html", context, status=status, origins=known, headers=headers)

    def confirmed(self, done: Confirmed, form_token: str) -> Response:
        """An address is confirmed: the way back with its proof, and a form that carries it, too.

        The proof stands in the part of the address that browsers send to nobody.
        """
        fields = {
            "site": done.site.key, "page_url": done.page_url, "form_token": form_token,
            "author_token": done.author_token, "name": done.name, "email": done.email,
        }  # fmt: skip
        article = article_of(done.page_url, done.site.origins)
        context = {
            "done": done,
            "article": article,
            "back": f"{article}#{PROOF}{done.author_token}" if done.author_token else article,
            "boxes": (),
            "fields": _NOTHING_TYPED | fields,
            "errors": _NOTHING_TYPED,
            "form_level": 2,
            "is_open": done.site.policy.comments == "open",
        }
        return self.page("confirmed.html", context, origins=done.site.origins)

    def _boxes(self, site: Site | None) -> tuple[str, ...]:
        """The boxes of the form: what may be asked for by mail."""
        if site is None or not self.mails:
            return ()
        return ("confirm", "notify") if site.policy.publish_proven else ("notify",)

    def problem(self, problem: Problem, headers: Mapping[str, str]) -> Response:
        """An error as a readable page."""
        context = {
            "problem": problem,
            "title": gettext(problem.title),
            "told": told(problem, headers),
        }
        return self.page("problem.html", context, status=problem.status, headers=headers)

    def desk_problem(self, problem: Problem, headers: Mapping[str, str], back: str) -> Response:
        """An error at the desk, in the desk's frame, with the way back to `back`."""
        to_queue = self.own_path(back)
        context = {
            "problem": problem,
            "title": gettext(problem.title),
            "told": told(problem, headers),
            "to_queue": to_queue,
            "next": to_queue.removeprefix(self.base),
        }
        return self.page("desk/problem.html", context, status=problem.status, headers=headers)

    def own_path(self, back: str) -> str:
        """`back` where it is a path of the desk, else the queue: never another site's address."""
        path, mark, query = back.partition("?")
        is_own = path.startswith(QUEUE) and "//" not in path and "\\" not in path
        if not is_own or not back.isprintable():
            return f"{self.base}{QUEUE}"
        return f"{self.base}{quote(path, safe='/-')}{mark}{quote(query, safe='=&+%/:?-_.~')}"


@lru_cache(maxsize=64)
def _version(name: str) -> str:
    return hashlib.blake2b((_STATIC / name).read_bytes(), digest_size=6).hexdigest()


def policy(origins: Iterable[str]) -> str:
    """The Content-Security-Policy of our pages: own parts only, framed by these origins only.

    Browsers hold `form-action` against the redirect that follows a form, too, and ours leads back
    to the article: so a page that holds the form names the site's origins there.
    """
    known = " ".join(origins)
    return _POLICY.format(form_action=f"'self' {known}".rstrip(), frame_ancestors=known or "'none'")


def coded(text: str) -> Markup:
    """Plain text as HTML, with what stands in backticks as code."""
    pieces = re.split(r"`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if place % 2 else piece
        for place, piece in enumerate(pieces)
    )


def told(problem: Problem, headers: Mapping[str, str]) -> str:
    """What an error means for a person, with the time to wait where there is one."""
    detail = " ".join(slip(one) for one in problem.errors) or gettext(problem.detail)
    if "Retry-After" not in headers:
        return detail
    first = detail.partition(". ")[0].rstrip(".")
    span = wording.span(int(headers["Retry-After"]))
    return gettext("{what}. Try again in {span}.").format(what=first, span=span)


def article_of(page_url: str, origins: Iterable[str]) -> str:
    """`page_url` where it is a page of the site, else "": we link to nobody else's pages."""
    try:
        return page_url if is_allowed_origin(origin_of(page_url), origins) else ""
    except ValueError:
        return ""


def in_place(comments: Iterable[PublicComment]) -> list[Shown]:
    """Comments with replies under what they answer, in one list; linear in their number.

    A reply whose parent is not among them stands at the top.
    """
    listed = list(comments)
    known = {comment.id: comment for comment in listed}
    replies: dict[str | None, list[PublicComment]] = {}
    for comment in listed:
        parent_id = comment.parent_id if comment.parent_id in known else None
        replies.setdefault(parent_id, []).append(comment)
    shown: list[Shown] = []
    waiting = [(comment, 0) for comment in reversed(replies.get(None, []))]
    while waiting:
        comment, depth = waiting.pop()
        parent = known.get(comment.parent_id or "")
        shown.append(_shown(comment, min(depth, _DEEPEST), parent))
        waiting += [(reply, depth + 1) for reply in reversed(replies.get(comment.id, []))]
    return shown


def _shown(comment: PublicComment, depth: int, parent: PublicComment | None) -> Shown:
    website = comment.website if comment.website.startswith(("https://", "http://")) else ""
    return Shown(comment, depth, parent, website, Markup(comment.html))  # noqa: S704 - markup.py


def _thread_context(
    page: PublicPage, page_url: str, links: Links, form_token: str, lang: str = ""
) -> dict[str, Any]:
    filled = {"site": page.site.key, "page_url": page_url, "form_token": form_token, "lang": lang}
    return {
        "page": page,
        "page_url": page_url,
        "count": page.thread.published if page.thread else 0,
        "comments": in_place(page.comments),
        "links": links,
        "article": article_of(page_url, page.site.origins),
        "is_open": page.site.policy.comments == "open",
        "fields": _NOTHING_TYPED | filled,
        "errors": _NOTHING_TYPED,
    }
