"""The desk's numbers: what waits, what was decided today, how far people and model agree."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from service.persons import Actor
from service.store import decisions, queue
from service.store.database import Database
from service.store.filters import Filter
from service.vocabulary import Choice, Reason

_AGREEMENT_OVER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Stats:
    """Numbers of the sites an actor may see.

    `agreement` is the share of the `compared` comments; None until somebody decided.
    """

    waiting: int
    oldest: datetime | None
    decided_today: int
    agreement: float | None
    compared: int
    by_reason: dict[str, int]


async def read_stats(actor: Actor, *, store: Database, now: datetime) -> Stats:
    """What waits, what was decided today, and how far people and model agree (30 days)."""
    return await store.read(_stats, actor, now)


def _stats(conn: Connection, actor: Actor, now: datetime) -> Stats:
    site_ids = actor.site_ids()
    waiting, oldest = queue.count_queue(conn, Filter(site_ids))
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    today = decisions.tally_since(conn, site_ids, midnight)
    agreement, compared = _agreement(decisions.tally_since(conn, site_ids, now - _AGREEMENT_OVER))
    return Stats(
        waiting=waiting,
        oldest=oldest,
        decided_today=sum(total for *_rest, total in today),
        agreement=agreement,
        compared=compared,
        by_reason=queue.count_reasons(conn, site_ids),
    )


def _agreement(
    tally: list[tuple[str, str | None, float | None, int]],
) -> tuple[float | None, int]:
    """The share of scored comments where person and model agreed on spam, and their number."""
    agreed = total = 0
    for choice, reason, score, count in tally:
        if score is None or (choice == Choice.REJECT and reason != Reason.SPAM):
            continue  # rejected for another reason: no word on spam
        total += count
        agreed += count if (score >= 0.5) == (choice == Choice.REJECT) else 0
    return (agreed / total if total else None), total
