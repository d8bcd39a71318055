"""How the classifier does on live comments: beside a shadow, and from one month to the next."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import Connection

from service.domain import Score
from service.persons import Actor
from service.policy import band, thresholds
from service.scoring.drift import Drift, Window, find_drift
from service.scoring.evaluation import Rate
from service.settings import Policy
from service.store import scored, sites
from service.store.database import Database
from service.store.scored import BINS, Tally, Twice
from service.vocabulary import Band, Outcome, Role

log = structlog.get_logger()

RECENT, BEFORE = timedelta(days=7), timedelta(days=28)  # what is held against what
MOST = 10_000  # comments that are looked at: of a shadow, and of either side of a drift
_SHOWN = 20
_MIDDLE = 0.5  # as in the desk's agreement


@dataclass(frozen=True, slots=True)
class Cuts:
    """A model's name and its own thresholds."""

    name: str
    publish_below: float
    reject_above: float

    def score(self, probability: float) -> Score:
        """A score as this model would give it."""
        return Score(probability, self.name, (), self.publish_below, self.reject_above)


@dataclass(frozen=True, slots=True)
class Differing:
    """A comment of which two models would have made different things."""

    id: str
    site: str
    created_at: datetime
    current: Band
    shadow: Band


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What the model in use and its shadow made of the same comments, at most MOST of them.

    `outcomes` counts what each would say by its score alone, the current one first; `agreed` and
    `shadow_agreed` are how often each had it as a person decided since.
    """

    compared: int
    outcomes: Mapping[tuple[Outcome, Outcome], int]
    agreed: Rate
    shadow_agreed: Rate
    differing: tuple[Differing, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """Comments of one day (UTC) by band, decisions on them, and those that contradicted."""

    day: date
    bands: Mapping[Band, int]
    contradicted: Rate


@dataclass(frozen=True, slots=True)
class Course:
    """How scores went day by day, and whether they drift."""

    days: tuple[Day, ...]
    drift: Drift


async def read_shadow(
    actor: Actor, current: Cuts, shadow: Cuts, since: datetime, *, store: Database
) -> ShadowReport:
    """What both made of comments since then, on the sites where the actor decides."""
    return await store.read(_read_shadow, actor, current, shadow, since)


async def read_course(site_ids: frozenset[int] | None, *, store: Database, now: datetime) -> Course:
    """The scores of these sites over five weeks; None is every site.

    Of the newest week and of the four before it the newest MOST comments count, so that it takes
    no longer however many there are.
    """
    return await store.read(_read_course, site_ids, now)


async def watch_drift(was: Drift | None, *, store: Database, now: datetime) -> Drift:
    """Look whether scores drift over all sites; says so in the log when it begins."""
    drift = (await read_course(None, store=store, now=now)).drift
    if drift.is_alarming and not (was is not None and was.is_alarming):
        log.warning(
            "the classifier drifts", index=drift.index, contradicted=drift.recent.value,
            contradicted_before=drift.before.value,
        )  # fmt: skip
    return drift


def _read_shadow(
    conn: Connection, actor: Actor, current: Cuts, shadow: Cuts, since: datetime
) -> ShadowReport:
    policies = {site.key: site.policy for site in sites.list_sites(conn)}
    outcomes: Counter[tuple[Outcome, Outcome]] = Counter()
    differing: list[Differing] = []
    told: list[tuple[Twice, bool]] = []
    both = scored.scored_twice(
        conn, actor.site_ids(Role.MODERATOR), current=current.name, shadow=shadow.name,
        since=since, newest=MOST,
    )  # fmt: skip
    for one in both:
        policy = policies[one.site]
        ours, theirs = current.score(one.score), shadow.score(one.shadow_score)
        pair = _outcome(ours, policy), _outcome(theirs, policy)
        bands = band(ours, policy), band(theirs, policy)
        outcomes[pair] += 1
        if len(differing) < _SHOWN and (pair[0] is not pair[1] or bands[0] is not bands[1]):
            differing.append(Differing(one.id, one.site, one.created_at, *bands))
        if one.spam is not None:
            told.append((one, one.spam))
    return ShadowReport(
        compared=outcomes.total(),
        outcomes=outcomes,
        agreed=Rate(sum((o.score >= _MIDDLE) == spam for o, spam in told), len(told)),
        shadow_agreed=Rate(sum((o.shadow_score >= _MIDDLE) == spam for o, spam in told), len(told)),
        differing=tuple(differing),
    )


def _outcome(score: Score, policy: Policy) -> Outcome:
    """What the score alone would say on this site."""
    publish_below, _reject_above = thresholds(score, policy)
    if score.probability < publish_below:
        return Outcome.PUBLISH
    limit = policy.reject_above(score.model)
    return Outcome.REJECT if limit is not None and score.probability > limit else Outcome.HOLD


def _read_course(conn: Connection, site_ids: frozenset[int] | None, now: datetime) -> Course:
    middle = now - RECENT
    recent = scored.tally(conn, site_ids, middle, now + RECENT, newest=MOST)  # clocks may differ
    before = scored.tally(conn, site_ids, middle - BEFORE, middle, newest=MOST)
    return Course(_days([*before, *recent]), find_drift(_window(before), _window(recent)))


def _window(tallies: list[Tally]) -> Window:
    scores = [0] * BINS
    for one in tallies:
        if one.part is not None:
            scores[one.part] += one.comments
    decided, contradicted = (
        sum(getattr(one, name) for one in tallies) for name in ("decided", "contradicted")
    )
    return Window(tuple(scores), decided, contradicted)


def _days(tallies: list[Tally]) -> tuple[Day, ...]:
    by_day: dict[date, list[Tally]] = {}
    for one in tallies:
        by_day.setdefault(one.day, []).append(one)
    days = []
    for day, ones in sorted(by_day.items()):
        bands: Counter[Band] = Counter()
        for one in ones:
            bands[one.band] += one.comments
        window = _window(ones)
        days.append(Day(day, bands, Rate(window.contradicted, window.decided)))
    return tuple(days)
