"""What a link in a mail does for an author: prove the address, begin or end mails about replies.

Looking at a link changes nothing; programs look at links in mails, too.
"""

import math
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from service import policy
from service.domain import Comment, Score, Site
from service.errors import Forbidden
from service.intake.challenge import issue_author_token
from service.store import comments, sites, subscriptions
from service.store.database import Database
from service.store.subscriptions import Confirmation
from service.tokens import read_confirm_token, read_unsubscribe_token
from service.vocabulary import AUTHOR, Band, Code, Outcome, Status

PROOF_KEPT = timedelta(days=180)  # how long a browser's proof is good for


class Asked(Struct, frozen=True):
    """What a link will do if its button is pressed."""

    site: Site
    page_url: str
    proof: bool
    replies: bool


class Confirmed(Struct, frozen=True):
    """What a link has done. `author_token` is the browser's proof, "" where none was asked for."""

    site: Site
    page_url: str
    email: str
    name: str
    author_token: str
    replies: bool
    published: bool


async def look(token: str, *, store: Database, secret: bytes, now: datetime) -> Asked:
    """What a confirmation link would do. Raises Forbidden for one that does nothing any more."""
    comment, site, asked = await store.read(_open, token, secret, now)
    return Asked(site, comment.page_url, asked.proof, asked.replies)


async def confirm(token: str, *, store: Database, secret: bytes, now: datetime) -> Confirmed:
    """Confirm an address, once. Raises Forbidden for a link that does nothing any more.

    The comment itself is published if it was only for want of this proof that it was held.
    """
    return await store.write(_confirm, token, secret, now)


async def look_at_unsubscribing(token: str, *, store: Database, secret: bytes) -> Comment | None:
    """The comment whose mails a link ends, if it is still there. Raises Forbidden."""
    comment = await store.read(comments.find_comment, _subscribed(token, secret))
    return None if comment is None or comment.status is Status.REMOVED else comment


async def unsubscribe(token: str, *, everywhere: bool, store: Database, secret: bytes) -> None:
    """End mails about replies on the comment's page, or on all of its site. Raises Forbidden.

    The link is good for ever and may be followed again: nobody has to get mails they do not want.
    """
    comment_id = _subscribed(token, secret)
    await store.write(subscriptions.unsubscribe, comment_id, everywhere=everywhere)


def _subscribed(token: str, secret: bytes) -> str:
    comment_id = read_unsubscribe_token(token, secret)
    if comment_id is None:
        raise Forbidden("This link is not one of ours. Was it copied as a whole?")
    return comment_id


def _open(
    conn: Connection, token: str, secret: bytes, now: datetime, *, lock: bool = False
) -> tuple[Comment, Site, Confirmation]:
    """What a link is about, while it can be used."""
    read = read_confirm_token(token, secret)
    if read is None:
        raise Forbidden("This link is not one of ours. Was it copied as a whole?")
    comment_id, until = read
    asked = subscriptions.find_confirmation(conn, comment_id)
    comment = comments.find_comment(conn, comment_id, lock=lock)
    if (
        asked is None
        or comment is None
        or asked.used_at is not None
        or now > datetime.fromtimestamp(until, UTC)
    ):
        raise Forbidden("This link has been used before, or it is too old.")
    return comment, sites.get_site(conn, comment.site), asked


def _confirm(conn: Connection, token: str, secret: bytes, now: datetime) -> Confirmed:
    comment, site, asked = _open(conn, token, secret, now, lock=True)
    if not subscriptions.use(conn, comment.id, now):  # somebody was faster
        raise Forbidden("This link has been used before, or it is too old.")
    if asked.replies:
        subscriptions.subscribe(
            conn, comment.id, site_id=site.id, thread_id=asked.thread_id, email=asked.email,
            now=now,
        )  # fmt: skip
    proves = asked.proof and site.policy.publish_proven
    expires = now + PROOF_KEPT
    return Confirmed(
        site=site,
        page_url=comment.page_url,
        email=asked.email,
        name=comment.name,
        author_token=issue_author_token(secret, site.key, asked.email, expires) if proves else "",
        replies=asked.replies,
        published=proves and _publish(conn, comment, site, now),
    )


def _publish(conn: Connection, comment: Comment, site: Site, now: datetime) -> bool:
    """Publish a comment that would have been, had its address been proven when it came in."""
    if comment.status is not Status.HELD or comment.decision_id is not None:
        return False
    verdict = policy.decide_again(
        comment,
        replace(comment.as_submission(comment.comment), author_proven=True),
        score=_score_of(comment),
        history=comments.author_history(conn, site.id, comment.email, but=comment.id),
        site=site,
        now=now,
    )
    was_edited = any(reason.code is Code.EDITED for reason in comment.reasons)
    if verdict.outcome is not Outcome.PUBLISH or was_edited:
        return False
    return comments.change_status(
        conn, comment, Status.PUBLISHED, actor=AUTHOR, action="confirm", detail=verdict.codes,
        now=now,
    )  # fmt: skip


def _score_of(comment: Comment) -> Score | None:
    """The score it was given, with a threshold that says what was said of it then."""
    if comment.score is None:
        return None
    fine = comment.band is Band.LIKELY_FINE
    below = math.nextafter(comment.score, 2.0) if fine else 0.0
    return Score(comment.score, comment.model, comment.terms, publish_below=below)
