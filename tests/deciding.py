"""A site on orchards whose moderators have decided: its readers, and the spam it gets."""

import asyncio
from datetime import timedelta

from service import review
from service.domain import Decision
from service.store.database import Database
from tests.factories import MODERATOR, NOW, a_comment, a_site, approving, rejecting

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
