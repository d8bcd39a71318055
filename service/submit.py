"""Take a comment in: refuse, publish or hold it, and say which."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from service import policy
from service.domain import (
    Cluster,
    Message,
    Receipt,
    Score,
    Scorer,
    Signal,
    Site,
    Submission,
    Thread,
    Verdict,
)
from service.errors import CommentsClosed, UnknownParent
from service.intake import challenge, proof
from service.intake.origin import check_origin
from service.likeness import fingerprint
from service.limits import Limits
from service.pace import Pace, attack_in
from service.store import (
    attacks,
    audit,
    comments,
    outbox,
    repeats,
    rules,
    sites,
    subscriptions,
    threads,
)
from service.store.database import Database
from service.tokens import edit_token, new_id
from service.vocabulary import CONFIRM, SYSTEM, Code, Outcome


class Findings(Struct, frozen=True):
    """All that the machine found out about one submission before its verdict."""

    score: Score | None
    cluster: Cluster | None
    degraded: bool
    attack: str = ""  # what speaks for an attack that begins now
    pace: Pace | None = None


class Twins:
    """Keyed submissions under way in this process, so that a double click is admitted once.

    Whoever comes with the same key and fields meanwhile gets the first one's answer, be it a
    receipt or a refusal. Afterwards, and in other processes, `repeats` answers.
    """

    def __init__(self) -> None:
        self._first: dict[tuple[Submission, str], asyncio.Task[Receipt]] = {}

    async def share(
        self,
        submission: Submission,
        origin: str,
        take: Callable[[], Coroutine[Any, Any, Receipt]],
    ) -> Receipt:
        """The answer of `take()`, or of the one that is under way for a twin."""
        if not submission.idempotency_key:
            return await take()
        key = (submission, origin)
        first = self._first.get(key)
        if first is None:
            first = self._first[key] = asyncio.create_task(take())
            first.add_done_callback(lambda _: self._first.pop(key))
        return await asyncio.shield(first)


async def submit(
    submission: Submission,
    *,
    origin: str = "",
    store: Database,
    twins: Twins,
    limits: Limits,
    score: Scorer,
    secret: bytes,
    now: datetime,
) -> Receipt:
    """Take a comment in; the receipt says whether readers see it now.

    `origin` is the browser's Origin header, empty where there is none. Raises UnknownSite,
    OriginNotAllowed, CommentsClosed, UnknownParent, IdempotencyMismatch, RateLimited, Unavailable;
    nothing is stored then, and nothing counted.
    """

    async def take() -> Receipt:
        return await _submit(
            submission, origin, store, limits=limits, score=score,
            secret=secret, now=now,
        )  # fmt: skip

    return await twins.share(submission, origin, take)


async def _submit(
    submission: Submission, origin: str, store: Database, *, limits: Limits,
    score: Scorer, secret: bytes, now: datetime,
) -> Receipt:  # fmt: skip
    site, earlier = await store.glance(_look_up, submission, origin, now)
    if earlier is not None:
        if not earlier.keyed:
            # Whoever can see a comment could guess its author's address with this answer, so each
            # try counts; a key is the sender's own, and its answer is free.
            await limits.admit(submission, site.policy)
        return _signed(earlier, site, secret)
    submission = challenge.check_bots(submission, site.policy, secret, now)
    if site.wants_proof:
        submission = proof.check_proof(submission, secret)
    admission = await limits.admit(
        submission, site.policy, fingerprint(submission.comment),
        is_attacked=site.attacked_since is not None,
    )  # fmt: skip
    if admission.token_uses is not None and admission.token_uses > 1:
        submission = submission.with_signals(Signal(Code.FORM_TOKEN_REUSED))
    pace = admission.pace
    attack = attack_in(pace) if pace and not site.is_attacked and site.is_watched(now) else ""
    found = Findings(score(submission), admission.cluster, admission.degraded, attack, pace)
    return _signed(await store.jot(_take_in, submission, found, site, now), site, secret)


def _look_up(
    conn: Connection, submission: Submission, origin: str, now: datetime
) -> tuple[Site, Receipt | None]:
    """The site, and the comment that this submission already became; refuses what it can.

    `_take_in` asks again, since a site may be closed and a parent taken down meanwhile.
    """
    site = sites.get_site(conn, submission.site)
    check_origin(site, submission.page_url, origin)
    earlier = repeats.find_repeat(conn, submission, now)
    if earlier is None or not earlier.keyed:
        if site.policy.comments == "closed":
            raise CommentsClosed
        if submission.parent_id is not None:
            thread = threads.find_thread(conn, site.id, submission.page_url)
            _check_parent(conn, submission, thread)
    return site, earlier


def _take_in(
    conn: Connection, submission: Submission, found: Findings, site: Site, now: datetime
) -> Receipt:
    """One transaction: the verdict on this comment, and everything that follows from it."""
    if site.policy.comments == "closed":
        raise CommentsClosed
    comment_id = new_id(now)
    if not repeats.claim(conn, submission, comment_id, now):
        twin = repeats.find_repeat(conn, submission, now)
        assert twin is not None
        return twin
    thread = threads.ensure_thread(
        conn, site.id, submission.page_url, submission.page_title, submission.page_text, now
    )
    _check_parent(conn, submission, thread)
    verdict = policy.decide(
        submission,
        score=found.score,
        cluster=found.cluster,
        degraded=found.degraded,
        history=comments.author_history(conn, site.id, submission.email),
        policy=site.policy,
        rules=site.rules,
        attacked=site.is_attacked or bool(found.attack),
        now=now,
    )
    if found.attack and found.pace:
        attacks.begin(conn, site.id, found.attack, found.pace, now)
    if verdict.rules:
        rules.count_hits(conn, verdict.rules, now)
    comments.insert_comment(
        conn,
        comment_id,
        submission,
        on=(site, thread),
        score=found.score,
        band=policy.band(found.score, site.policy),
        cluster=found.cluster,
        verdict=verdict,
        now=now,
    )
    audit.record(
        conn, comment_id, actor=SYSTEM, action=verdict.outcome, from_status=None,
        to_status=verdict.outcome.status, detail=verdict.codes, now=now,
    )  # fmt: skip
    if submission.notify or submission.confirm:
        _note_wishes(conn, comment_id, submission, verdict, on=(site, thread), now=now)
    return Receipt(comment_id, verdict.outcome.told, submission.page_url, created_at=now)


def _check_parent(conn: Connection, submission: Submission, thread: Thread | None) -> None:
    parent = submission.parent_id
    if parent is None:
        return
    if thread is None or not comments.is_published(conn, parent, thread.id):
        raise UnknownParent


def _note_wishes(
    conn: Connection, comment_id: str, submission: Submission, verdict: Verdict, *,
    on: tuple[Site, Thread], now: datetime,
) -> None:  # fmt: skip
    """What the author wants to get by mail: after a link is followed, unless the address is proven.

    A typed address may be anybody's, so what is rejected sends nobody anything.
    """
    site, thread = on
    if verdict.outcome is Outcome.REJECT:
        return
    if submission.author_proven:
        if submission.notify:
            subscriptions.subscribe(
                conn, comment_id, site_id=site.id, thread_id=thread.id, email=submission.email,
                now=now,
            )  # fmt: skip
        return
    proof = submission.confirm and site.policy.publish_proven
    if proof or submission.notify:
        asked = subscriptions.Confirmation(
            comment_id, site.id, thread.id, submission.email, proof, submission.notify, now
        )
        subscriptions.ask(conn, asked)
        outbox.add(conn, site.id, (Message(CONFIRM, submission.email, comment_id),), now)


def _signed(receipt: Receipt, site: Site, secret: bytes) -> Receipt:
    """The receipt with its edit token, unless it repeats one that may be somebody else's."""
    if receipt.repeated and not receipt.keyed:
        return receipt
    return replace(
        receipt,
        edit_token=edit_token(secret, receipt.id),
        edit_until=receipt.created_at + timedelta(seconds=site.policy.edit_window),
    )
