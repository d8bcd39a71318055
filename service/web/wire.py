"""The shapes of answers, as types: encoded by msgspec, described in OpenAPI, never more than these.

Public shapes list exactly the fields anybody may see.
"""

from datetime import datetime
from typing import Any

import msgspec

from service.domain import Receipt as DomainReceipt
from service.read import PublicComment, PublicPage
from service.vocabulary import Status


class Submission(msgspec.Struct, kw_only=True):
    """A comment as it is sent; a form may send the same fields. `url2` is a trap: leave it out."""

    site: str
    page_url: str
    name: str
    email: str
    comment: str
    website: str = ""
    page_title: str = ""
    page_text: str = ""
    lang: str = ""
    parent_id: str = ""
    consent: bool = False
    notify: bool = False
    confirm: bool = False
    form_token: str = ""
    author_token: str = ""
    proof: str = ""
    url2: str = ""


class NewText(msgspec.Struct):
    """The new text of one's own comment."""

    comment: str


class Receipt(msgspec.Struct, omit_defaults=True):
    """The answer to a comment taken in; a repeat without its key has no token."""

    id: str
    status: Status
    page_url: str
    edit_token: str = ""
    edit_until: datetime | None = None

    @classmethod
    def of(cls, receipt: DomainReceipt) -> "Receipt":
        """From the verb's receipt."""
        return cls(
            receipt.id, receipt.status, receipt.page_url, receipt.edit_token, receipt.edit_until
        )


class OwnComment(msgspec.Struct):
    """The author's own comment while it waits for review."""

    id: str
    parent_id: str | None
    name: str
    website: str
    html: str
    created_at: datetime
    edited_at: datetime | None
    status: Status


class ThreadPage(msgspec.Struct, omit_defaults=True):
    """Published comments of a page; `own` only for the bearer of an edit token."""

    count: int
    comments: list[PublicComment]
    next_cursor: str | None = msgspec.field()
    own: list[OwnComment] = []

    @classmethod
    def of(cls, page: PublicPage) -> "ThreadPage":
        """From what the verb read."""
        count = page.thread.published if page.thread else 0
        return cls(count, list(page.comments), page.next_cursor)


class Counts(msgspec.Struct):
    """How many comments each page has."""

    counts: dict[str, int]


class FormSettings(msgspec.Struct):
    """What the form must know of the site: seconds, characters."""

    open: bool
    edit_window: int
    comment_limit: int = 10_000
    notify: bool = False
    confirm: bool = False


class Form(msgspec.Struct):
    """What the form needs and a cached page must not hold."""

    form_token: str
    settings: FormSettings
    proof: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class PreviewRequest(msgspec.Struct):
    """A comment to look at before it is sent."""

    site: str
    comment: str


class Preview(msgspec.Struct):
    """A comment as it would be published."""

    html: str


class Reported(msgspec.Struct):
    """The answer to a report, whatever became of it."""

    received: bool = True
