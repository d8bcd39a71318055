"""Send what waits in the outbox: each message at least once, under an id that stays the same.

A message whose cause is gone by then, such as an approval taken back, is dropped instead.
"""

import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from service.domain import Message, Site
from service.errors import Unavailable
from service.intake.address import prefixes
from service.mail import wording
from service.mail.carrier import Carrier, ServerAway, Undelivered
from service.mail.letter import Letter
from service.store import comments, outbox, queue, sites, subscriptions
from service.store.database import Database
from service.store.outbox import Due
from service.tokens import confirm_token, digest, named_id, sign, unsubscribe_token
from service.vocabulary import CONFIRM, DIGEST, REPLY, VISIBLE, Status

LEASE = timedelta(minutes=2)  # the carrier gives up after one
ATTEMPTS = 20  # with the pauses between them some two days
LINK_KEPT = timedelta(days=7)  # how long a confirmation link is good for, and any message fresh
TO_ONE = {CONFIRM: 3, REPLY: 50}  # mails of a kind to one address within a day
FROM_ONE = 10  # confirmations that one client's network may have sent within a day
_DAY = timedelta(days=1)
_AT_ONCE = 100  # messages in one call
_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 4 * 3600.0  # seconds between attempts
_FORMER = "comment-held"  # a process of the version before may still write these
_MORNING = timedelta(hours=6)  # when, in UTC, the day of a daily digest begins
_LINK = re.compile(r"\w\.\w|[@/:\\]")  # what a mail program might make a link of

log = structlog.get_logger()


async def deliver_due(
    carrier: Carrier, *, store: Database, secret: bytes, public_url: str,
    clock: Callable[[], datetime],
) -> Counter[str]:  # fmt: skip
    """Send what is due, a hundred messages at most; safe to run in any number of processes.

    Returns how many were `sent`, `put-off`, `failed` for good and `dropped`; with `away` the mail
    server could not be reached, and whoever calls may wait before the next time.
    """
    done: Counter[str] = Counter()
    if not await store.glance(outbox.is_due, clock()):
        return done  # mostly, and nobody's write has to wait for that
    while done.total() < _AT_ONCE and not done["away"]:
        due = await store.write(outbox.take, clock(), LEASE)
        if due is None:
            break
        try:
            letter = await store.write(compose, due, secret, public_url, clock())
            if letter is None:
                done["dropped"] += 1
                continue
            await carrier.send(letter, clock())
            await store.write(outbox.mark_sent, due.id, clock())
            done["sent"] += 1
        except Undelivered as error:
            done[await _failed(store, due, error.fault, clock(), for_good=error.for_good)] += 1
        except ServerAway as error:
            done[await _failed(store, due, error.fault, clock())] += 1
            done["away"] += 1
        except Unavailable:
            raise  # the lease ends by itself
        except Exception as error:  # one that cannot be written holds up no other
            done[
                await _failed(store, due, f"cannot be written: {type(error).__name__}", clock())
            ] += 1
    return done


async def write_digests(*, store: Database, now: datetime) -> None:
    """Put a digest into the outbox for each site that wants one and has not had it."""
    for site in await store.read(_wanting, now):
        await store.write(_write_digest, site, now)


def pause_after(attempts: int) -> float:
    """Seconds until the next attempt: twice as long each time, out of step with others."""
    pause = min(_FIRST_PAUSE * 2.0 ** (attempts - 1), _LONGEST_PAUSE)
    return pause * random.uniform(0.75, 1.25)  # noqa: S311 - no secret


async def _failed(
    store: Database, due: Due, fault: str, now: datetime, *, for_good: bool = False
) -> str:
    """Put a message off, or give it up; which of the two."""
    for_good = for_good or due.attempts >= ATTEMPTS
    log.warning("mail not sent", id=due.id, kind=due.kind, attempts=due.attempts, fault=fault)
    if for_good:
        await store.write(outbox.give_up, due.id, fault, now)
        return "failed"
    due_at = now + timedelta(seconds=pause_after(due.attempts))
    await store.write(outbox.put_off, due.id, due_at, fault)
    return "put-off"


def compose(
    conn: Connection, due: Due, secret: bytes, public_url: str, now: datetime
) -> Letter | None:
    """The letter of a message, by how things are now; None, and dropped, when there is none."""
    site = sites.find_site_by_id(conn, due.site_id)
    is_past = due.kind == _FORMER or now - due.created_at >= LINK_KEPT
    letter = None
    if site is not None and not is_past and not _is_too_much(conn, due, now):
        write = {CONFIRM: _confirm, REPLY: _reply, DIGEST: _digest}[due.kind]
        letter = write(conn, due, site, secret, public_url, now)
    if letter is None:
        outbox.drop(conn, due.id)
    return letter


def _is_too_much(conn: Connection, due: Due, now: datetime) -> bool:
    """Whether its recipient has had enough such mails today; nobody is told, who asked least."""
    limit = TO_ONE.get(due.kind)
    return limit is not None and outbox.count_to(conn, due, now - _DAY) >= limit


def _confirm(
    conn: Connection, due: Due, site: Site, secret: bytes, public_url: str, now: datetime
) -> Letter | None:
    comment = comments.find_comment(conn, due.comment_id or "")
    asked = subscriptions.find_confirmation(conn, due.comment_id or "")
    if comment is None or asked is None or asked.used_at is not None:
        return None
    if comment.status in (Status.REJECTED, Status.REMOVED):
        return None
    if comment.address:
        origin = digest(sign(secret, "origin", prefixes(comment.address)[0]))
        if outbox.count_from(conn, due, origin, now - _DAY) >= FROM_ONE:
            return None
        outbox.note_origin(conn, due.id, origin)
    token = confirm_token(secret, comment.id, asked.created_at + LINK_KEPT)
    subject, text = wording.confirm(
        site.name, comment.page_url, f"{public_url}/confirm?token={token}", proof=asked.proof,
        replies=asked.replies,
    )  # fmt: skip
    return Letter(due.id, due.recipient, subject, text)


def _reply(
    conn: Connection, due: Due, site: Site, secret: bytes, public_url: str, now: datetime
) -> Letter | None:
    comment = comments.find_comment(conn, due.comment_id or "")
    if comment is None or comment.status not in VISIBLE or comment.parent_id is None:
        return None
    if not subscriptions.is_subscribed(conn, comment.parent_id, due.recipient):
        return None
    name = comment.name if comment.name.isprintable() and not _LINK.search(comment.name) else ""
    token = unsubscribe_token(secret, comment.parent_id)
    link = f"{public_url}/unsubscribe?token={token}"
    place = f"{comment.page_url}#comment-{comment.id}"
    return Letter(
        due.id, due.recipient, *wording.reply(site.name, name, place, link), unsubscribe=link
    )


def _digest(
    conn: Connection, due: Due, site: Site, secret: bytes, public_url: str, now: datetime
) -> Letter | None:
    count, oldest, spam = queue.count_held(conn, site.id)
    if oldest is None or due.recipient != site.policy.notify_email or site.policy.digest == "off":
        return None
    link = f"{public_url}/desk/?site={site.key}"
    return Letter(due.id, due.recipient, *wording.digest(site.name, count, oldest, spam, link))


def _wanting(conn: Connection, now: datetime) -> list[Site]:
    """The sites whose moderators are to be told now that comments wait."""
    return [
        site
        for site in sites.list_sites(conn)
        if site.policy.notify_email
        and site.policy.digest != "off"
        and queue.count_held(conn, site.id)[0]
        and not outbox.exists(conn, _digest_id(site, now))
        and not outbox.has_waiting(conn, site.id, DIGEST)
    ]


def _write_digest(conn: Connection, site: Site, now: datetime) -> None:
    message = Message(DIGEST, site.policy.notify_email)
    outbox.add_once(conn, _digest_id(site, now), site.id, message, due_at=now, now=now)


def _digest_id(site: Site, now: datetime) -> str:
    """One id for each site and hour, or day: whoever comes second writes nothing."""
    hourly = site.policy.digest == "hourly"
    period = f"{now:%Y-%m-%dT%H}" if hourly else f"{now - _MORNING:%Y-%m-%d}"
    return named_id(DIGEST, str(site.id), period)
