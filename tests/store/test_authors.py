"""What a site knows of an author: by address, name and network, and what was decided."""

import asyncio
from datetime import timedelta

from service import review
from service.intake.address import network_of
from service.store.authors import find_author
from service.store.database import Database
from service.vocabulary import Choice, Reason, Status
from tests.factories import MODERATOR, NOW, a_comment, a_site, rejecting


def test_an_author_is_counted_by_name_and_network_and_told_of_since_when(
    database: Database,
) -> None:
    later = NOW + timedelta(days=1)
    with database.transaction() as conn:
        a_site(conn)
        a_site(conn, "blog")
        first = a_comment(conn, status=Status.PUBLISHED)
        again = a_comment(conn, now=later, email="ANN@mail.example", address="203.0.113.77")
        a_comment(conn, name="ANN", email="other@mail.example", address="198.51.100.1")
        a_comment(conn, name="Bob", email="bob@mail.example", status=Status.REJECTED)
        a_comment(conn, site="blog", now=NOW - timedelta(days=9))
        unnamed = a_comment(conn, name="Nobody", address="")

    async def decide() -> None:
        await review.decide(MODERATOR, rejecting(first.id), store=database, now=later)

    asyncio.run(decide())
    with database.transaction() as conn:
        author = find_author(conn, again, network_of)

        assert author.by_name == {"rejected": 1, "held": 2}
        assert author.by_network == {"rejected": 2, "held": 1}
        assert author.first_seen == NOW
        (made,) = author.decisions
        assert (made.comment_id, made.choice, made.reason) == (
            first.id, Choice.REJECT, Reason.SPAM,
        )  # fmt: skip
        assert (made.actor, made.at) == (MODERATOR.name, later)
        assert find_author(conn, unnamed, network_of).by_network == {}
