"""What moderators decided, as examples to learn from."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, func, or_, select

from service.domain import Submission
from service.store.schema import comment, decision, decision_item, site, thread
from service.vocabulary import Choice, Reason, Status

_AT_ONCE = 500  # rows
_PAGE = 250  # decisions
_DECIDED = (Status.PUBLISHED.value, Status.REJECTED.value)


Place = tuple[datetime, str]  # of a decision: when, and its id


@dataclass(frozen=True, slots=True)
class Decided:
    """A comment and what a moderator said of it. `cluster` is empty where it had none."""

    submission: Submission
    spam: bool
    cluster: str
    actor: str
    at: datetime


def latest_changes(conn: Connection, *, newest: int) -> tuple[tuple[str, bool], ...]:
    """The `newest` decisions and whether each was undone: differs once one was made or undone."""
    query = select(decision.c.id, decision.c.undone_at).order_by(decision.c.created_at.desc())
    rows = conn.execute(query.limit(newest))
    return tuple((row.id, row.undone_at is not None) for row in rows)


def count_approved(conn: Connection, site_id: int, model: str) -> int:
    """How many of the site's comments moderators approved that this model scored as they came."""
    query = _approved(site_id, model).with_only_columns(func.count())
    found: int = conn.execute(query).scalar_one()
    return found


def approved_scores(conn: Connection, site_id: int, model: str, *, highest: int) -> list[float]:
    """The highest scores that this model gave to those comments, as they came in."""
    query = _approved(site_id, model).order_by(comment.c.score.desc()).limit(highest)
    return list(conn.scalars(query))


def _approved(site_id: int, model: str) -> Select[tuple[float]]:
    return (
        select(comment.c.score)
        .join(decision, decision.c.id == comment.c.decision_id)
        .where(
            comment.c.site_id == site_id,
            comment.c.model == model,
            comment.c.score.is_not(None),
            comment.c.edited_at.is_(None),
            decision.c.choice == Choice.APPROVE,
            decision.c.undone_at.is_(None),
        )
    )


def read_decided(
    conn: Connection, *, newest: int, since: datetime | None = None
) -> Iterator[Decided]:
    """The `newest` decisions in force that tell spam from ham, newest first, of those made `since`.

    Approved is ham, rejected as spam is spam; other reasons to reject are neither.
    """
    before: Place | None = None
    while newest > 0 and (places := places_before(conn, before, since=since)):
        for one in decided_at(conn, places, most=newest):
            yield one
            newest -= 1
        before = places[-1]


def count_decided(conn: Connection, *, most: int) -> int:
    """How many comments decisions told spam or ham, counted up to `most`, corrected ones twice."""
    d = decision.c
    told = (
        select(d.id)
        .join(decision_item, decision_item.c.decision_id == d.id)
        .where(d.undone_at.is_(None), or_(d.choice == Choice.APPROVE, d.reason == Reason.SPAM))
        .limit(most)
    )
    found: int = conn.execute(select(func.count()).select_from(told.subquery())).scalar_one()
    return found


def places_before(
    conn: Connection, before: Place | None, *, since: datetime | None = None
) -> list[Place]:
    """The next older decisions that tell spam from ham, at most a page of them, newest first.

    They may be bulk decisions, and what they said of a comment may not be in force any more.
    """
    d = decision.c
    query = (
        select(d.created_at, d.id)
        .where(d.undone_at.is_(None), or_(d.choice == Choice.APPROVE, d.reason == Reason.SPAM))
        .order_by(d.created_at.desc(), d.id.desc())
        .limit(_PAGE)
    )
    if before is not None:
        at, number = before
        query = query.where(
            d.created_at <= at, or_(d.created_at < at, d.id < number)
        )  # the first of these alone is what an index is read by
    if since is not None:
        query = query.where(d.created_at > since)
    return [(row.created_at, row.id) for row in conn.execute(query)]


def decided_at(
    conn: Connection, places: Sequence[Place], *, most: int
) -> Generator[Decided, None, None]:
    """What these decisions said of comments, as far as it is in force, newest first."""
    query = (
        select(
            comment.c.comment, comment.c.name, comment.c.email, comment.c.website, comment.c.lang,
            comment.c.cluster, site.c.key, thread.c.url, thread.c.title, thread.c.excerpt,
            decision.c.choice, decision.c.actor, decision.c.created_at,
        )
        .select_from(decision)
        .join(decision_item, decision_item.c.decision_id == decision.c.id)
        .join(comment, comment.c.id == decision_item.c.comment_id)
        .join(site, site.c.id == comment.c.site_id)
        .join(thread, thread.c.id == comment.c.thread_id)
        .where(
            decision.c.id.in_([number for _at, number in places]),
            comment.c.decision_id == decision.c.id,
            comment.c.status.in_(_DECIDED),
        )
        .order_by(decision.c.created_at.desc(), decision.c.id.desc(), comment.c.id.desc())
        .limit(most)
    )  # fmt: skip
    with conn.execute(query.execution_options(yield_per=_AT_ONCE)) as rows:
        for row in rows:
            submission = Submission(
                site=row.key, page_url=row.url, name=row.name, email=row.email,
                comment=row.comment, website=row.website, page_title=row.title,
                page_text=row.excerpt, lang=row.lang,
            )  # fmt: skip
            spam = row.choice == Choice.REJECT
            yield Decided(submission, spam, row.cluster, row.actor, row.created_at)
