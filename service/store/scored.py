"""How comments were scored: by day and band, and by two models at once; always within a bound."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, func, or_, select
from sqlalchemy import type_coerce as as_type

from service.store.schema import comment, decision, site
from service.tokens import first_id
from service.vocabulary import Band, Choice, Reason

BINS = 10  # equal parts of the scores from 0 to 1
_DAY = 86_400_000_000  # microseconds
_MIDDLE = 0.5  # from here on the model says spam, as in the desk's agreement
_EPOCH = date(1970, 1, 1)

_Sites = frozenset[int] | None  # None: every site


@dataclass(frozen=True, slots=True)
class Tally:
    """Comments of one day (UTC), band and part of the scores; `part` None where not scored.

    Of them `decided` were said to be spam or not by a person, `contradicted` otherwise than the
    model had it.
    """

    day: date
    band: Band
    part: int | None
    comments: int
    decided: int
    contradicted: int


@dataclass(frozen=True, slots=True)
class Twice:
    """A comment that two models scored; `spam` is what a person said since, None if nothing."""

    id: str
    site: str
    created_at: datetime
    score: float
    shadow_score: float
    spam: bool | None


def tally(
    conn: Connection, site_ids: _Sites, since: datetime, until: datetime, *, newest: int
) -> list[Tally]:
    """Of the `newest` comments over all sites that came in between, those of these sites."""
    c = comment.c
    near = (
        select(c.site_id, c.created_at, c.band, c.score, c.decision_id)
        .where(c.id >= first_id(since), c.id < first_id(until))
        .order_by(c.id.desc())
        .limit(newest)
        .subquery()
    )
    day = (as_type(near.c.created_at, BigInteger) // _DAY).label("day")
    score = near.c.score
    parts = [(score < (part + 1) / BINS, part) for part in range(BINS)]
    part = case((score.is_(None), None), *parts, else_=BINS - 1).label("part")
    decided = and_(score.is_not(None), _tells_spam())
    contradicted = and_(decided, (score >= _MIDDLE) != (decision.c.choice == Choice.REJECT))
    query = (
        select(
            day, near.c.band, part, func.count().label("comments"), _sum(decided).label("decided"),
            _sum(contradicted).label("contradicted"),
        )
        .select_from(near)
        .outerjoin(decision, decision.c.id == near.c.decision_id)
        .group_by(day, near.c.band, part)
    )  # fmt: skip
    if site_ids is not None:
        query = query.where(near.c.site_id.in_(site_ids))
    return [
        Tally(
            _EPOCH + timedelta(days=int(row.day)), Band(row.band), row.part, row.comments,
            int(row.decided), int(row.contradicted),
        )
        for row in conn.execute(query)
    ]  # fmt: skip


def scored_twice(
    conn: Connection,
    site_ids: _Sites,
    *,
    current: str,
    shadow: str,
    since: datetime,
    newest: int,
) -> Iterator[Twice]:
    """The `newest` comments of these sites since then that both models scored, newest first."""
    c = comment.c
    query = (
        select(
            c.id, site.c.key, c.created_at, c.score, c.shadow_score,
            case((_tells_spam(), decision.c.choice)).label("choice"),
        )
        .join(site, site.c.id == c.site_id)
        .outerjoin(decision, decision.c.id == c.decision_id)
        .where(
            c.id >= first_id(since), c.model == current, c.shadow_model == shadow,
            c.score.is_not(None), c.shadow_score.is_not(None),
        )
        .order_by(c.id.desc())
        .limit(newest)
    )  # fmt: skip
    if site_ids is not None:
        query = query.where(c.site_id.in_(site_ids))
    for row in conn.execute(query):
        spam = None if row.choice is None else row.choice == Choice.REJECT
        at = row.created_at.astimezone(UTC)
        yield Twice(row.id, row.key, at, row.score, row.shadow_score, spam)


def _tells_spam() -> ColumnElement[bool]:
    """Whether the decision in force says that a comment is spam, or that it is not."""
    d = decision.c
    said = or_(d.choice == Choice.APPROVE, d.reason == Reason.SPAM)
    return and_(d.id.is_not(None), d.undone_at.is_(None), said)


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
