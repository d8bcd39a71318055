"""Everything that is shown as HTML: templates filled in, with the headers each page needs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from service.errors import DeskError, InvalidSubmission
from service.read import PublicComment, PublicPage
from service.web.problems import Problem, problem_of

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors "
)
_FIELDS = ("site", "page_url", "parent_id", "form_token", "name", "email", "website", "comment")
_NOTHING_TYPED = dict.fromkeys(_FIELDS, "")
_DEEPEST = 4  # replies further down are shown at this depth


@dataclass(frozen=True, slots=True)
class Shown:
    """A comment in its place: `depth` 0 at the top, `body` the HTML that was made safe."""

    comment: PublicComment
    depth: int
    body: Markup


class Pages:
    """The templates, and answers made from them. `public_url` gives the path prefix of links."""

    def __init__(self, public_url: str) -> None:
        self._templates = Environment(
            loader=PackageLoader("service.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.base = urlsplit(public_url).path.rstrip("/")
        self._templates.globals["base"] = self.base
        self._templates.filters["iso"] = datetime.isoformat
        self._templates.filters["moment"] = _moment

    def render(self, name: str, **context: Any) -> str:
        """A template filled in; everything is escaped unless it is Markup."""
        return self._templates.get_template(name).render(context)

    def page(
        self,
        name: str,
        context: Mapping[str, Any],
        *,
        status: int = 200,
        framed_by: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A page that nobody may cache, and only `framed_by` origins may frame."""
        extra = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": policy(framed_by),
            **(headers or {}),
        }
        return HTMLResponse(self.render(name, **context), status, extra)

    def thread(self, page: PublicPage, page_url: str) -> bytes:
        """A thread with its form, as the bytes that are cached: no token in it."""
        fields = _NOTHING_TYPED | {"site": page.site.key, "page_url": page_url}
        return self.render(
            "thread.html", page=page, page_url=page_url, comments=in_place(page.comments),
            fields=fields, errors=_NOTHING_TYPED, problem=None,
        ).encode()  # fmt: skip

    def form(
        self,
        fields: dict[str, str],
        framed_by: Iterable[str],
        error: DeskError | None = None,
    ) -> Response:
        """The form alone; after an error, with what is wrong and everything that was typed."""
        problem, headers = (None, {}) if error is None else problem_of(error)
        found = error.errors if isinstance(error, InvalidSubmission) else []
        context = {
            "fields": _NOTHING_TYPED | fields,
            "errors": _NOTHING_TYPED | {e.field: e.message for e in reversed(found)},
            "problem": problem,
        }
        status = 200 if problem is None else problem.status
        return self.page("form.html", context, status=status, framed_by=framed_by, headers=headers)

    def problem(self, problem: Problem, headers: Mapping[str, str]) -> Response:
        """An error as a readable page."""
        context = {"problem": problem}
        return self.page("problem.html", context, status=problem.status, headers=headers)


def policy(framed_by: Iterable[str]) -> str:
    """The Content-Security-Policy of our pages: own parts only, framed by these origins only."""
    return _POLICY + (" ".join(framed_by) or "'none'")


def in_place(comments: Iterable[PublicComment]) -> list[Shown]:
    """Comments with replies under what they answer, in one list; linear in their number.

    A reply whose parent is not among them stands at the top.
    """
    listed = list(comments)
    known = {comment.id for comment in listed}
    replies: dict[str | None, list[PublicComment]] = {}
    for comment in listed:
        parent = comment.parent_id if comment.parent_id in known else None
        replies.setdefault(parent, []).append(comment)
    shown: list[Shown] = []
    waiting = [(comment, 0) for comment in reversed(replies.get(None, []))]
    while waiting:
        comment, depth = waiting.pop()
        shown.append(Shown(comment, min(depth, _DEEPEST), Markup(comment.html)))  # noqa: S704
        waiting += [(reply, depth + 1) for reply in reversed(replies.get(comment.id, []))]
    return shown


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
