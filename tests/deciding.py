"""A site on orchards whose moderators have decided: its readers, and the spam it gets."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert

from service import review
from service.domain import Decision, Submission
from service.store import sites, threads
from service.store.database import Database
from service.store.schema import comment, decision, decision_item
from service.tokens import new_id
from service.vocabulary import Band, Choice, Outcome, Reason, Status
from tests.factories import MODERATOR, NOW, a_comment, a_site, approving, rejecting

_AT_ONCE = 5000
_TABLES = (comment, decision, decision_item)

READERS = (
    "copper tablets against scab saved our pears",
    "those cheap pills for plum trees were worth the money",
    "my uncle lost his walnuts to frost in May",
    "nobody prunes quinces properly any more",
    "figs on a south wall need water every evening",
    "birds took half of the cherries before Sunday",
    "medlars taste of nothing until November",
)
SELLERS = (
    "our writers finish your thesis within two days",
    "order an essay tonight and relax until Monday",
    "professional homework help for every subject",
    "plagiarism free papers from native authors",
    "term papers written by experts at student prices",
    "let us handle that assignment for you",
    "top grades guaranteed or you pay nothing",
)
ASIDES = (
    "says the man at the mill", "as the mayor put it", "ask anyone near the old quarry",
    "so I heard on the train", "by the river at least", "if the forecast holds",
    "whatever the paper claims", "since the bridge was closed", "up on the chapel hill",
    "between us two", "to be frank",
)  # fmt: skip


def honest(number: int) -> str:
    """Readers of a site on orchards, who speak of cheap pills for their trees."""
    return _sentence(READERS, number)


def promotion(number: int) -> str:
    """Spam of a kind that the tiny model has never seen."""
    return _sentence(SELLERS, number)


def _sentence(clauses: tuple[str, ...], number: int) -> str:
    first, second = clauses[number % 7], clauses[(number // 7 + number % 7 + 1) % 7]
    return f"{first.capitalize()}, {ASIDES[number % 11]}, and {second}."


def decided_site(database: Database, number: int) -> list[str]:
    """A site where so many comments were decided, half of them spam; their ids."""
    with database.transaction() as conn:
        a_site(conn)
        ids = [
            a_comment(
                conn,
                comment=promotion(n) if n % 2 else honest(n),
                email=f"r{n}@mail.example",
                now=NOW + timedelta(minutes=n),
            ).id
            for n in range(number)
        ]

    async def decide() -> None:
        for n, comment_id in enumerate(ids):
            decision: Decision = rejecting(comment_id) if n % 2 else approving(comment_id)
            now = NOW + timedelta(hours=1, minutes=n)
            await review.decide(MODERATOR, decision, store=database, now=now)

    asyncio.run(decide())
    return ids


def decide_at_once(database: Database, told: Iterable[tuple[Submission, bool]]) -> None:
    """Any number of submissions and whether each is spam, as decided one a second, the last one
    now; written past the service as it would have written them. Their site must be there."""
    numbered = enumerate(told)
    with database.transaction() as conn:
        ids: dict[tuple[str, str], tuple[int, int]] = {}
        while some := list(islice(numbered, _AT_ONCE)):
            for _number, (one, _spam) in some:
                if (one.site, one.page_url) not in ids:
                    site = sites.get_site(conn, one.site)
                    thread = threads.ensure_thread(
                        conn, site.id, one.page_url, one.page_title, one.page_text, NOW
                    )
                    ids[one.site, one.page_url] = site.id, thread.id
            rows = [
                _rows(one, spam, ids[one.site, one.page_url], NOW + timedelta(seconds=number))
                for number, (one, spam) in some
            ]
            for table, of_it in zip(_TABLES, zip(*rows, strict=True), strict=True):
                conn.execute(insert(table), of_it)


def _rows(
    one: Submission, spam: bool, on: tuple[int, int], at: datetime
) -> Iterator[dict[str, Any]]:
    """A comment, its decision, and what binds them."""
    comment_id, decision_id = new_id(at), new_id(at)
    site_id, thread_id = on
    yield {
        "id": comment_id, "site_id": site_id, "thread_id": thread_id, "name": one.name,
        "email": one.email, "website": one.website, "comment": one.comment, "lang": one.lang,
        "status": Status.REJECTED if spam else Status.PUBLISHED, "verdict": Outcome.HOLD,
        "reasons": "[]", "score": 0.5, "band": Band.UNSURE, "model": "seeded", "terms": "[]",
        "cluster": "", "address": "", "created_at": at, "version": 2, "decision_id": decision_id,
    }  # fmt: skip
    yield {
        "id": decision_id, "actor": MODERATOR.name, "note": "", "created_at": at,
        "choice": Choice.REJECT if spam else Choice.APPROVE,
        "reason": Reason.SPAM if spam else None,
    }  # fmt: skip
    yield {
        "decision_id": decision_id, "comment_id": comment_id, "from_status": Status.HELD,
        "version": 2,
    }  # fmt: skip
