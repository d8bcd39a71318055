"""The real parts that taking comments in needs, as the verbs' tests use them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from service.domain import Receipt, Scorer, Submission
from service.limits import Limits
from service.link import open_link
from service.store import comments, schema
from service.store.database import Database
from service.submit import Twins, submit
from service.vocabulary import Code, Status
from tests.factories import (
    NOW,
    ORIGIN,
    SECRET,
)

Submit = Callable[..., Awaitable[Receipt]]


@dataclass(frozen=True)
class Desk:
    """The parts `submit` needs, real ones."""

    database: Database
    redis_url: str
    score: Scorer

    @asynccontextmanager
    async def taking(self) -> AsyncIterator[Submit]:
        """`submit` with its parts, for the length of the block."""
        link = open_link(self.redis_url)
        limits, twins = Limits(link, secret=SECRET), Twins()

        async def take(
            submission: Submission, *, now: datetime = NOW, origin: str = ORIGIN,
            score: Scorer | None = None,
        ) -> Receipt:  # fmt: skip
            return await submit(
                submission, origin=origin, store=self.database, twins=twins, limits=limits,
                score=score or self.score, secret=SECRET, now=now,
            )  # fmt: skip

        try:
            yield take
        finally:
            await link.aclose()

    def take(self, *submissions: Submission, now: datetime = NOW) -> list[Receipt]:
        """The receipts of these submissions, one after the other."""

        async def scenario() -> list[Receipt]:
            async with self.taking() as take:
                return [await take(submission, now=now) for submission in submissions]

        return asyncio.run(scenario())

    def found(self, receipt: Receipt) -> tuple[Status, set[Code]]:
        """The stored status of a comment and the codes of its verdict."""
        with self.database.transaction() as conn:
            comment = comments.find_comment(conn, receipt.id)
        assert comment is not None
        return comment.status, {reason.code for reason in comment.reasons}

    def rows(self) -> dict[str, int]:
        """How many rows each table has that a submission writes to."""
        with self.database.transaction() as conn:
            return {
                table.name: conn.scalar(select(func.count()).select_from(table)) or 0
                for table in (
                    schema.comment, schema.thread, schema.repeat, schema.audit, schema.outbox,
                )
            }  # fmt: skip
