"""What moderators look back on: arrivals and decisions over a span, and how they went."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median

from sqlalchemy import Connection

from service.errors import Forbidden, NotFound
from service.persons import Actor
from service.scoring.evaluation import Rate
from service.store import numbers as table
from service.store import queue, sites
from service.store.database import Database
from service.store.filters import Filter
from service.store.numbers import MOST, Decided
from service.vocabulary import Band, Choice, Outcome, Reason, Role, Status

__all__ = ["MOST", "Numbers", "Page", "Period", "Span", "read_numbers"]

PAUSE = timedelta(minutes=2)  # a longer gap between two decisions was spent on something else
_PEOPLE = 3  # who decided; the middle of fewer would say how quick one of them is
_BUSIEST = 10
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class Span(StrEnum):
    """How far back the numbers go."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"

    @property
    def step(self) -> timedelta:
        """The length of one period."""
        return _HOUR if self is Span.DAY else _DAY

    @property
    def periods(self) -> int:
        """How many periods there are, the one under way included."""
        return int(self.value[:-1])

    def edges(self, now: datetime) -> list[datetime]:
        """Where the periods begin, and the end of the last: whole hours or days of UTC."""
        begin = now.replace(minute=0, second=0, microsecond=0)
        if self.step == _DAY:
            begin = begin.replace(hour=0)
        first = begin - (self.periods - 1) * self.step
        return [first + place * self.step for place in range(self.periods + 1)]


@dataclass(frozen=True, slots=True)
class Period:
    """One hour or day, from `at` on: comments that came in, and those decided by people."""

    at: datetime
    arrivals: int
    decided: int


@dataclass(frozen=True, slots=True)
class Page:
    """An article and how many of the comments looked at came in under it."""

    url: str
    title: str
    comments: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of one site or of all that an actor may see; `site` "" is all of them.

    `own_seconds` is the asking person's own; `seconds` is everybody's, None where fewer than three
    people decided. `looked_at` and `decided_at_all` end at `MOST`, and with them what is drawn
    from them: `automatic` and `pages`, and everything about decisions.
    """

    site: str
    span: Span
    since: datetime
    now: datetime
    waiting: int
    oldest: datetime | None
    periods: tuple[Period, ...]
    looked_at: int
    decided_at_all: int
    automatic: Rate
    undone: Rate
    seconds: float | None
    own_seconds: float | None
    agreed: dict[Band, Rate]
    reasons: dict[Reason | None, int]
    reversals: int
    pages: tuple[Page, ...]


async def read_numbers(
    actor: Actor, site: str, span: Span, *, store: Database, now: datetime
) -> Numbers:
    """The numbers of a site, or of every site the actor may see where `site` is "".

    Raises Forbidden for a site that is not theirs, NotFound (with the same words) for one that
    does not exist.
    """
    return await store.read(_numbers, actor, site, span, now)


def _numbers(conn: Connection, actor: Actor, site: str, span: Span, now: datetime) -> Numbers:
    own = _own(conn, actor, site)
    edges = span.edges(now)
    arrivals = table.count_arrivals(conn, own, edges)
    tally = list(table.tally_arrivals(conn, own, edges[0])) if own else []
    decided = table.list_decided(conn, own, edges[0])
    standing = [one for one in decided if not one.undone]
    decisions = {one.decision_id: one for one in decided}.values()
    waiting, oldest = queue.count_queue(conn, Filter(own if site else actor.site_ids()))
    times = [_times(decisions, name) for name in sorted({one.actor for one in decisions})]
    return Numbers(
        site=site,
        span=span,
        since=edges[0],
        now=now,
        waiting=waiting,
        oldest=oldest,
        periods=_periods(edges, arrivals, standing),
        looked_at=sum(total for *_rest, total in tally),
        decided_at_all=len(decided),
        automatic=_automatic(tally),
        undone=Rate(sum(one.undone for one in decisions), len(decisions)),
        seconds=_middle(times) if len(times) >= _PEOPLE else None,
        own_seconds=_middle([_times(decisions, actor.name)]),
        agreed=_agreed(standing),
        reasons=_reasons(standing),
        reversals=sum(
            one.choice is Choice.APPROVE and one.from_status is Status.REJECTED for one in standing
        ),
        pages=_pages(conn, tally),
    )


def _own(conn: Connection, actor: Actor, site: str) -> frozenset[int]:
    """The sites that are counted."""
    if not site:
        own = actor.site_ids()
        return table.all_sites(conn) if own is None else own
    found = sites.find_site(conn, site)
    if found is None:
        raise NotFound("No such site, or not one of yours.")
    if not actor.may(Role.VIEWER, found.id):
        raise Forbidden("No such site, or not one of yours.")
    return frozenset([found.id])


def _periods(
    edges: Sequence[datetime], arrivals: Sequence[int], standing: Iterable[Decided]
) -> tuple[Period, ...]:
    step = edges[1] - edges[0]
    decided = Counter((one.at - edges[0]) // step for one in standing)
    return tuple(
        Period(at, arrived, decided[place])
        for place, (at, arrived) in enumerate(zip(edges, arrivals, strict=False))
    )


def _automatic(tally: Iterable[tuple[int, Outcome, int]]) -> Rate:
    """How many comments the machine decided by itself, of all it looked at."""
    verdicts: Counter[Outcome] = Counter()
    for _thread, verdict, total in tally:
        verdicts[verdict] += total
    every = sum(verdicts.values())
    return Rate(every - verdicts[Outcome.HOLD], every)


def _pages(conn: Connection, tally: Iterable[tuple[int, Outcome, int]]) -> tuple[Page, ...]:
    threads: Counter[int] = Counter()
    for thread, _verdict, total in tally:
        threads[thread] += total
    busiest = threads.most_common(_BUSIEST)
    names = table.name_threads(conn, [thread for thread, _total in busiest])
    return tuple(Page(*names[thread], total) for thread, total in busiest)


def _times(decisions: Iterable[Decided], actor: str) -> list[datetime]:
    return sorted(one.at for one in decisions if one.actor == actor)


def _middle(times: Iterable[Sequence[datetime]]) -> float | None:
    """The median seconds from one decision of a person to their next, pauses left out."""
    gaps = [
        (after - before).total_seconds()
        for one in times
        for before, after in pairwise(one)
        if after - before <= PAUSE
    ]
    return median(gaps) if gaps else None


def _agreed(standing: Iterable[Decided]) -> dict[Band, Rate]:
    """In how many decisions people and model agreed on spam, by what the model had said."""
    agreed: Counter[Band] = Counter()
    compared: Counter[Band] = Counter()
    for one in standing:
        if one.score is None or (one.choice is Choice.REJECT and one.reason is not Reason.SPAM):
            continue  # rejected for another reason: no word on spam
        compared[one.band] += 1
        agreed[one.band] += (one.score >= 0.5) == (one.choice is Choice.REJECT)
    return {kind: Rate(agreed[kind], compared[kind]) for kind in Band if kind != Band.UNSCORED}


def _reasons(standing: Iterable[Decided]) -> dict[Reason | None, int]:
    """How many comments were rejected for each reason, None where nobody gave one."""
    rejected = Counter(one.reason for one in standing if one.choice is Choice.REJECT)
    return dict(rejected.most_common())
