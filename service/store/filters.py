"""Which comments a moderator asks for, as conditions on the table or on another view of it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, func, or_, select, text

from service.store import search
from service.store.schema import comment, site, thread
from service.vocabulary import Status


@dataclass(frozen=True, slots=True)
class Filter:
    """Which comments: `site_ids` None means every site; empty texts do not filter.

    `since` and `until` are ids: what came in after the one, and up to the other.
    """

    site_ids: frozenset[int] | None
    status: Status = Status.HELD
    site_key: str = ""
    reason: str = ""
    text: str = ""
    page_url: str = ""
    lang: str = ""
    band: str = ""
    author: str = ""
    reported: bool = False
    since: str = ""
    until: str = ""


def conditions(
    conn: Connection, wanted: Filter, t: FromClause = comment
) -> list[ColumnElement[bool]]:
    """What makes a row of `t`, the table of comments by whatever name, one that is wanted."""
    found: list[Any] = [_of_status(wanted.status, t)]
    c = t.c
    if wanted.site_ids is not None:
        found.append(c.site_id.in_(wanted.site_ids))
    if wanted.site_key:
        own = select(site.c.id).where(site.c.key == wanted.site_key).scalar_subquery()
        found.append(c.site_id == own)
    if wanted.page_url:
        found.append(c.thread_id.in_(select(thread.c.id).where(thread.c.url == wanted.page_url)))
    if wanted.reason:
        found.append(c.reasons.contains(f'["{wanted.reason}",', autoescape=True))
    if wanted.lang:
        lang = func.lower(c.lang)
        found.append(or_(lang == wanted.lang, lang.startswith(f"{wanted.lang}-", autoescape=True)))
    if wanted.band:
        found.append(c.band == wanted.band)
    if wanted.author:
        found.append(func.lower(c.email) == func.lower(wanted.author))
    if wanted.reported:
        found.append(text(f"{_name(t)}.reports > 0"))
    if wanted.since:
        found.append(c.id > wanted.since)
    if wanted.until:
        found.append(c.id <= wanted.until)
    if wanted.text:
        found.append(search.found_by(conn, wanted.text, t))
    return found


def held(t: FromClause) -> ColumnElement[bool]:
    """The condition of the partial indexes, on `t`."""
    condition: Any = text(f"{_name(t)}.status = 'held'")
    return condition  # type: ignore[no-any-return]


def _of_status(status: Status, t: FromClause) -> Any:
    if status is Status.HELD:
        return held(t)
    return t.c.status == status


def _name(t: FromClause) -> str:
    name: str = t.name  # type: ignore[attr-defined]  # a table or an alias, which have one
    return name
