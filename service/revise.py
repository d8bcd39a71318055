"""What an author may do with their own comment: edit it, withdraw it."""

from datetime import datetime, timedelta

from msgspec.structs import replace
from sqlalchemy import Connection

from service import policy
from service.domain import (
    Comment,
    Receipt,
    Score,
    Scorer,
    Signal,
    Site,
    Verdict,
)
from service.errors import EditWindowOver, Forbidden, NotFound, Unauthorized
from service.limits import Limits
from service.store import comments, forgetting, repeats, rules, sites, subscriptions
from service.store.database import Database
from service.tokens import edit_token, is_edit_token
from service.vocabulary import AUTHOR, Code, Outcome, Status


async def edit(
    comment_id: str, token: str, text: str, *, store: Database, limits: Limits, score: Scorer,
    secret: bytes, now: datetime,
) -> Receipt:  # fmt: skip
    """Replace the text of one's own comment; it goes through the verdict again.

    `text` is a comment's text as intake makes it. Raises Forbidden for another comment's token,
    NotFound, RateLimited, and EditWindowOver once time or a moderator has closed it.
    """
    comment, site = await store.read(_own_unlocked, comment_id, token, secret, now)
    if comment.comment == text:
        return _receipt(comment, site, secret)
    await limits.admit_edit(comment_id)
    fresh = score(comment.as_submission(text))
    return await store.write(_replace_text, comment_id, token, text, fresh, secret, now)


async def withdraw(
    comment_id: str, token: str, *, store: Database, secret: bytes, now: datetime
) -> None:
    """Take one's own comment back: its text and the author's name and address are erased.

    Raises Forbidden for another comment's token, NotFound, EditWindowOver.
    """
    await store.write(_withdraw, comment_id, token, secret, now)


def _own_open(
    conn: Connection, comment_id: str, token: str, secret: bytes, now: datetime, *,
    lock: bool = False,
) -> tuple[Comment, Site]:  # fmt: skip
    """The author's own comment while it may still be withdrawn; `lock` it to change it."""
    if not token:
        raise Unauthorized("Send the receipt's edit_token as Authorization: Bearer TOKEN.")
    if not is_edit_token(token, secret, comment_id):
        raise Forbidden("This token does not belong to this comment.")
    comment = comments.find_comment(conn, comment_id, lock=lock)
    if comment is None or comment.status is Status.REMOVED:
        raise NotFound
    site = sites.get_site(conn, comment.site)
    if now > comment.created_at + timedelta(seconds=site.policy.edit_window):
        raise EditWindowOver
    return comment, site


def _own_unlocked(
    conn: Connection, comment_id: str, token: str, secret: bytes, now: datetime, *,
    lock: bool = False,
) -> tuple[Comment, Site]:  # fmt: skip
    """The author's own comment while it may still be edited: before a moderator decides."""
    comment, site = _own_open(conn, comment_id, token, secret, now, lock=lock)
    if comment.decision_id is not None:
        raise EditWindowOver("A moderator has already looked at this comment.")
    return comment, site


def _replace_text(
    conn: Connection, comment_id: str, token: str, text: str, score: Score | None, secret: bytes,
    now: datetime,
) -> Receipt:  # fmt: skip
    comment, site = _own_unlocked(conn, comment_id, token, secret, now, lock=True)
    verdict = _judge_again(conn, comment, text, score, site, now)
    comments.change_text(
        conn, comment, text, score=score, band=policy.band(score, site.policy), verdict=verdict,
        now=now,
    )  # fmt: skip
    edited = replace(comment, comment=text, verdict=verdict.outcome)
    comments.change_status(
        conn, edited, verdict.outcome.status, actor=AUTHOR, action="edit", detail=verdict.codes,
        now=now,
    )  # fmt: skip
    return _receipt(edited, site, secret)


def _judge_again(
    conn: Connection, comment: Comment, text: str, score: Score | None, site: Site, now: datetime
) -> Verdict:
    """The verdict on the new text, with all that is known of how the comment came in.

    Never kinder than the last one: an edit is no way round a hold or a rejection, and what held
    or rejected the comment stays its first reason.
    """
    history = comments.author_history(conn, site.id, comment.email, but=comment.id)
    fresh = policy.decide_again(
        comment, comment.as_submission(text), score=score, history=history, site=site, now=now
    )
    if fresh.rules:
        rules.count_hits(conn, fresh.rules, now)
    reasons = (*fresh.reasons, Signal(Code.EDITED))
    order = list(Outcome)
    if order.index(fresh.outcome) >= order.index(comment.verdict):
        return Verdict(fresh.outcome, reasons)
    return Verdict(comment.verdict, tuple(dict.fromkeys((*comment.reasons[:1], *reasons))))


def _withdraw(conn: Connection, comment_id: str, token: str, secret: bytes, now: datetime) -> None:
    comment, _site = _own_open(conn, comment_id, token, secret, now, lock=True)
    if comment.status is Status.REJECTED and comment.decision_id is not None:
        # what a person rejected stays on its author's record
        raise EditWindowOver("A moderator has already looked at this comment.")
    comments.change_status(
        conn, comment, Status.REMOVED, actor=AUTHOR, action="withdraw", now=now,
        decision_id=comment.decision_id,
    )  # fmt: skip
    forgetting.erase_text(conn, comment_id)
    repeats.forget(conn, comment_id)
    subscriptions.forget(conn, comment_id)


def _receipt(comment: Comment, site: Site, secret: bytes) -> Receipt:
    return Receipt(
        id=comment.id,
        status=comment.verdict.told,
        page_url=comment.page_url,
        created_at=comment.created_at,
        edit_token=edit_token(secret, comment.id),
        edit_until=comment.created_at + timedelta(seconds=site.policy.edit_window),
    )
