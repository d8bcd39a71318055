"""Comments: insert, find, and the one function that changes a status."""

import json
from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from service import markup
from service.domain import (
    AuthorHistory,
    Cluster,
    Comment,
    Score,
    Signal,
    Site,
    Submission,
    Term,
    Thread,
    Verdict,
)
from service.store import audit, reports, search, subscriptions, threads
from service.store.prepared import Prepared
from service.store.schema import comment as table
from service.store.schema import decision, site, thread
from service.tokens import NO_ID
from service.vocabulary import DEFERRING, VISIBLE, Band, Choice, Code, Outcome, Reason, Status

_SHADOW = ("shadow_score", "shadow_model")  # of no use to whoever reads a comment
_LATER = ("edited_at", "decision_id", "claimed_by", "claimed_until", "reports", *_SHADOW)  # empty
_ADD = Prepared(
    insert(table).values({c.name: bindparam(c.name) for c in table.columns if c.name not in _LATER})
)
_SHADE = Prepared(
    update(table)
    .where(table.c.id == bindparam("comment_id"))
    .values(shadow_score=bindparam("probability"), shadow_model=bindparam("model_name"))
)
_BY_AUTHOR = Prepared(
    select(table.c.status, table.c.created_at, decision.c.reason)
    .outerjoin(decision, decision.c.id == table.c.decision_id)
    .where(
        table.c.site_id == bindparam("site_id"),
        func.lower(table.c.email) == func.lower(bindparam("email")),
        table.c.id != bindparam("except_id"),
    )
    .limit(200)  # a flood under one address must not make each further comment dearer
)
_PARENT = Prepared(
    select(table.c.status).where(
        table.c.id == bindparam("id"), table.c.thread_id == bindparam("thread_id")
    )
)
SELECT_COMMENT = (
    select(
        *(column for column in table.columns if column.name not in _SHADOW),
        site.c.key.label("site"),
        thread.c.url.label("page_url"),
        thread.c.title.label("page_title"),
        thread.c.excerpt.label("page_excerpt"),
    )
    .join(site, site.c.id == table.c.site_id)
    .join(thread, thread.c.id == table.c.thread_id)
)


def author_history(
    conn: Connection, site_id: int, email: str, *, but: str = NO_ID
) -> AuthorHistory:
    """What the site decided about comments under this address, over 200 of them at most.

    The comment `but`, which is being judged, is not part of its own history.
    """
    rows = list(_BY_AUTHOR.all(conn, site_id=site_id, email=email, except_id=but))
    if not rows:
        return AuthorHistory()
    total = Counter(row.status for row in rows)
    return AuthorHistory(
        published=total[Status.PUBLISHED],
        rejected=total[Status.REJECTED],
        spam=sum(row.reason == Reason.SPAM for row in rows),
        held=total[Status.HELD],
        first_seen=min(row.created_at for row in rows),
    )


def is_published(conn: Connection, comment_id: str, thread_id: int) -> bool:
    """Whether readers of this thread see the comment."""
    row = _PARENT.first(conn, id=comment_id, thread_id=thread_id)
    return row is not None and row.status in VISIBLE


def insert_comment(
    conn: Connection,
    comment_id: str,
    submission: Submission,
    *,
    on: tuple[Site, Thread],
    score: Score | None,
    band: Band,
    cluster: Cluster | None,
    verdict: Verdict,
    now: datetime,
) -> None:
    """Store a new comment with its verdict."""
    site, thread = on
    _ADD.run(
        conn, id=comment_id, site_id=site.id, thread_id=thread.id, parent_id=submission.parent_id,
        name=submission.name, email=submission.email, website=submission.website,
        comment=submission.comment, lang=submission.lang, status=verdict.outcome.status.value,
        verdict=verdict.outcome.value, reasons=_dump_reasons(verdict.reasons),
        cluster=cluster.id if cluster else "", address=submission.address, created_at=now,
        version=1, deferred=_is_deferred(verdict), **_score_columns(score, band),
        **_html_columns(submission.comment, verdict.outcome.status),
    )  # fmt: skip
    if verdict.outcome.status in VISIBLE:
        threads.change_published(conn, thread.id, +1)
        if submission.parent_id is not None:
            subscriptions.tell_of_reply(
                conn, comment_id, submission.parent_id, site.id, submission.email, now
            )
    if score is not None and score.shadow is not None:
        shadow = score.shadow
        _SHADE.run(
            conn, comment_id=comment_id, probability=shadow.probability, model_name=shadow.model
        )


def find_comment(conn: Connection, comment_id: str, *, lock: bool = False) -> Comment | None:
    """The comment with this id, whatever its status, or None.

    `lock` keeps it as it is until the transaction ends: another replica waits so long.
    """
    query = SELECT_COMMENT.where(table.c.id == comment_id)
    row = conn.execute(query.with_for_update(of=table) if lock else query).first()
    return None if row is None else comment_of(row)


def list_comments(conn: Connection, ids: Collection[str]) -> dict[str, Comment]:
    """Those of these comments that exist, by id, whatever their status."""
    if not ids:
        return {}
    rows = conn.execute(SELECT_COMMENT.where(table.c.id.in_(ids)))
    return {row.id: comment_of(row) for row in rows}


def change_status(
    conn: Connection,
    comment: Comment,
    to: Status,
    *,
    actor: str,
    action: str,
    detail: str = "",
    decision_id: str | None = None,
    now: datetime,
) -> bool:
    """Move a comment to a status, with its audit entry; the only way a status changes.

    False when the comment is no longer at `comment.version`: somebody else was faster. A claim on
    it ends. A body is rendered as it becomes visible. A moderator's decision answers the reports
    there were; taken back, they stand again.
    """
    changed = conn.execute(
        update(table)
        .where(table.c.id == comment.id, table.c.version == comment.version)
        .values(
            status=to, version=comment.version + 1, decision_id=decision_id,
            claimed_by=None, claimed_until=None, **_html_columns(comment.comment, to),
            **_reports_after(action, comment.id),
        )
    )  # fmt: skip
    if changed.rowcount == 0:
        return False
    visible = (to in VISIBLE) - (comment.status in VISIBLE)
    if visible or to in VISIBLE:
        threads.change_published(conn, comment.thread_id, visible)
    if visible > 0 and comment.parent_id is not None:
        subscriptions.tell_of_reply(
            conn, comment.id, comment.parent_id, comment.site_id, comment.email, now
        )
    audit.record(
        conn, comment.id, actor=actor, action=action, from_status=comment.status, to_status=to,
        detail=detail, now=now,
    )  # fmt: skip
    return True


def change_text(
    conn: Connection,
    comment: Comment,
    text: str,
    *,
    score: Score | None,
    band: Band,
    verdict: Verdict,
    now: datetime,
) -> None:
    """Replace a comment's text and the verdict on it; `change_status` comes next."""
    shadow = None if score is None else score.shadow
    conn.execute(
        update(table)
        .where(table.c.id == comment.id)
        .values(
            comment=text, edited_at=now, verdict=verdict.outcome, deferred=_is_deferred(verdict),
            reasons=_dump_reasons(verdict.reasons), **_score_columns(score, band),
            shadow_score=shadow.probability if shadow else None,
            shadow_model=shadow.model if shadow else None,
        )
    )  # fmt: skip
    search.index_again(conn, comment.id)


def _html_columns(text: str, status: Status) -> dict[str, object]:
    if status not in VISIBLE:
        return {"html": None, "renderer": None}
    return {"html": markup.render(text), "renderer": markup.RENDERER}


def _score_columns(score: Score | None, band: Band) -> dict[str, object]:
    """The columns that hold a score and what explains it."""
    terms = [] if score is None else [[t.text, round(t.weight, 3)] for t in score.terms]
    return {
        "score": None if score is None else score.probability,
        "band": band.value,
        "model": "" if score is None else score.model,
        "terms": _dump(terms),
    }


def _reports_after(action: str, comment_id: str) -> dict[str, object]:
    if action in list(Choice):
        return {"reports": 0}
    if action == "undo":
        return {"reports": reports.count_of(comment_id)}
    return {}


def _is_deferred(verdict: Verdict) -> int:
    return int(any(reason.code in DEFERRING for reason in verdict.reasons))


def _dump_reasons(reasons: tuple[Signal, ...]) -> str:
    """Reasons as stored: a JSON list of [code, detail]."""
    return _dump([[r.code, r.detail] for r in reasons])


def _dump(value: object) -> str:
    return msgspec.json.encode(value).decode()


def comment_of(row: Row[*tuple[Any, ...]]) -> Comment:
    """A row of SELECT_COMMENT as a value."""
    return Comment(
        id=row.id,
        site_id=row.site_id,
        site=row.site,
        thread_id=row.thread_id,
        page_url=row.page_url,
        page_title=row.page_title,
        parent_id=row.parent_id,
        name=row.name,
        email=row.email,
        website=row.website,
        comment=row.comment,
        lang=row.lang,
        status=Status(row.status),
        verdict=Outcome(row.verdict),
        reasons=tuple(Signal(Code(code), detail) for code, detail in json.loads(row.reasons)),
        score=row.score,
        band=Band(row.band),
        model=row.model,
        terms=tuple(Term(text, weight) for text, weight in json.loads(row.terms)),
        cluster=row.cluster,
        address=row.address,
        created_at=row.created_at,
        edited_at=row.edited_at,
        version=row.version,
        decision_id=row.decision_id,
        claimed_by=row.claimed_by or "",
        claimed_until=row.claimed_until,
        reports=row.reports,
        page_excerpt=row.page_excerpt,
    )
