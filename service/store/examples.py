"""What moderators decided, as examples to learn from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select

from service.domain import Submission
from service.store.schema import comment, decision, site, thread
from service.vocabulary import Choice, Reason, Status

_AT_ONCE = 1000  # rows
_DECIDED = (Status.PUBLISHED.value, Status.REJECTED.value)


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


def approved_scores(conn: Connection, site_id: int, model: str) -> list[float]:
    """What this model gave, as they came in, to the site's comments that moderators approved."""
    query = (
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
    return list(conn.scalars(query))


def read_decided(
    conn: Connection, *, newest: int, since: datetime | None = None
) -> Iterator[Decided]:
    """The `newest` decisions in force that tell spam from ham, newest first, of those made `since`.

    Approved is ham, rejected as spam is spam; other reasons to reject are neither.
    """
    query = (
        select(
            comment.c.comment, comment.c.name, comment.c.email, comment.c.website, comment.c.lang,
            comment.c.cluster, site.c.key, thread.c.url, thread.c.title, thread.c.excerpt,
            decision.c.choice, decision.c.actor, decision.c.created_at,
        )
        .join(decision, decision.c.id == comment.c.decision_id)
        .join(site, site.c.id == comment.c.site_id)
        .join(thread, thread.c.id == comment.c.thread_id)
        .where(
            decision.c.undone_at.is_(None),
            comment.c.status.in_(_DECIDED),
            or_(decision.c.choice == Choice.APPROVE, decision.c.reason == Reason.SPAM),
        )
        .order_by(decision.c.created_at.desc(), comment.c.id.desc())
        .limit(newest)
    )  # fmt: skip
    if since is not None:
        query = query.where(decision.c.created_at > since)
    for row in conn.execute(query.execution_options(yield_per=_AT_ONCE)):
        submission = Submission(
            site=row.key, page_url=row.url, name=row.name, email=row.email, comment=row.comment,
            website=row.website, page_title=row.title, page_text=row.excerpt, lang=row.lang,
        )  # fmt: skip
        spam = row.choice == Choice.REJECT
        yield Decided(submission, spam, row.cluster, row.actor, row.created_at)
