"""Models as the desk tells of them: cards, comparisons and retrainings in words."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.domain import Site
from service.promote import Certificate, Standing, promise, reject_words
from service.retrain import NOTHING_DECIDED
from service.scoring.artifact import AGAINST
from service.scoring.drift import LEAST_SCORED, MOVED
from service.scoring.evaluation import Rate
from service.store.retrainings import Retraining
from service.watch import RECENT, Course, Cuts
from service.web import wording

_LONGEST = 300  # characters of a line that a command said


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model: `key` names it in forms, None is the shipped one.

    `rows` are the comparison as (set and model, honest comments held, spam held).
    """

    key: str | None
    name: str
    made: datetime | None
    learnt_from: str
    found: str
    against: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...]
    publish_below: float | None
    reject_above: float | None
    is_used: bool
    is_shadow: bool


@dataclass(frozen=True, slots=True)
class SiteRow:
    """What thresholds a site has and where they come from, and what can be promised."""

    key: str
    publish: str
    reject: str
    certified: str


def model_cards(standing: Standing) -> list[ModelCard]:
    """The models there are, the newest first."""
    return [_model_card(key, card, standing) for key, card in standing.cards]


def site_rows(standing: Standing, used: ModelCard | None) -> list[SiteRow]:
    """The sites somebody decides on."""
    below = None if used is None else used.publish_below
    return [_site_row(site, certificate, below) for site, certificate in standing.sites]


def retraining_words(last: Retraining | None, now: datetime) -> str:
    """How the last retraining that was started at the desk stands."""
    if last is None:
        return ""
    started = f"{last.actor} started one {wording.ago(last.started_at, now)}"
    if last.is_under_way(now):
        return f"{started}: it is under way."
    if last.ended_at is None:
        return f"{started}, and nothing was heard of it since."
    if last.status == 0:
        return f"{started}: a candidate was made."
    if NOTHING_DECIDED in last.output:
        return f"{started}: {NOTHING_DECIDED}."
    line = last.output.rpartition("\n")[2][:_LONGEST] or f"it ended with {last.status}"
    return f"{started}: it failed. {line}"


def cuts_of(card: ModelCard | None) -> Cuts | None:
    """A model's own thresholds, where its card tells of them."""
    if card is None or card.publish_below is None or card.reject_above is None:
        return None
    return Cuts(card.name, card.publish_below, card.reject_above)


def alarms(course: Course, standing: Standing, now: datetime) -> list[str]:
    """What somebody should look at, in sentences."""
    drift, sentences = course.drift, []
    if drift.has_moved:
        sentences.append(
            f"The scores of the last seven days are distributed otherwise than in the four weeks"
            f" before (stability index {drift.index:.2f}; above {MOVED} counts)."
        )
    if drift.has_doubled:
        sentences.append(
            f"Moderators contradict the model at least twice as often as before: {drift.recent}"
            f" in the last seven days, {drift.before} in the four weeks before."
        )
    lately = [made for made in standing.promotions if now - made.at < RECENT]
    if sentences and lately:
        sentences.append("Another model was put to use meanwhile, which may be why.")
    return sentences


def course_words(course: Course) -> str:
    """That nothing drifts, as far as can be told."""
    drift = course.drift
    if drift.index is None:
        return (
            f"Whether scores have moved can be said from {LEAST_SCORED} scored comments in the"
            " last seven days and as many in the four weeks before."
        )
    return (
        "The scores of the last seven days are distributed much as in the four weeks before"
        f" (stability index {drift.index:.2f}; above {MOVED} counts as moved)."
    )


def _model_card(key: str | None, raw: bytes, standing: Standing) -> ModelCard:
    try:
        card = _mapping(json.loads(raw))
    except (ValueError, RecursionError):
        card = {}
    against = tuple(str(text) for text in _list(card.get(AGAINST)))
    thresholds = _mapping(card.get("thresholds"))
    return ModelCard(
        key=key,
        name=str(card.get("name", key or "")),
        made=_moment(card.get("created")),
        learnt_from=_learnt_from(card),
        found=_found(key, card, against),
        against=against,
        rows=tuple(_rows(card)),
        publish_below=_share(thresholds.get("publish")),
        reject_above=_share(thresholds.get("reject")),
        is_used=key == standing.used,
        is_shadow=key is not None and standing.shadow is not None and standing.shadow.model == key,
    )


def _found(key: str | None, card: Mapping[str, Any], against: tuple[str, ...]) -> str:
    if key is None:
        return "It came with the program."
    if not card:
        return "Its card cannot be read: it is damaged."
    if AGAINST not in card:
        return "It was not compared with another model."
    if any("too few" in text for text in against):
        return "Whether it is worse than the model it was compared with cannot be said yet."
    return f"It is {'worse' if against else 'not worse'} than the model it was compared with."


def _learnt_from(card: Mapping[str, Any]) -> str:
    """Where its examples come from: `base with 1,200 spam, 900 honest; decisions with …`."""
    parts = [_mapping(part) for part in _list(card.get("trained_on"))]
    decided = [part for part in parts if part.get("source") == "decisions"]
    shown = decided or parts
    spam, ham = (sum(_number(part.get(label)) for part in shown) for label in ("spam", "ham"))
    if not shown:
        return "nothing that its card tells of"
    what = "decisions, beside what it started from" if decided else "the corpora of its card"
    return f"{spam:,} spam and {ham:,} honest comments: {what}"


def _rows(card: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for pair in _list(card.get("compared")):
        for who in ("current", "candidate"):
            measured = _mapping(_mapping(pair).get(who))
            yield (
                str(measured.get("name", "")),
                str(_rate(measured.get("false_positives"))),
                str(_rate(measured.get("recall"))),
            )


def _site_row(site: Site, certificate: Certificate, model_publish: float | None) -> SiteRow:
    own = site.policy.threshold_publish
    publish = f"below {own}, as the site says" if own is not None else "unknown"
    if own is None and model_publish is not None:
        publish = f"below {model_publish}, as the model says"
    if site.policy.publish_unproven == "hold":
        publish += "; but the site holds all authors who are not proven"
    return SiteRow(
        key=site.key,
        publish=publish,
        reject=reject_words(site.policy),
        certified=promise(site, certificate),
    )


def _rate(value: object) -> Rate:
    found = _mapping(value)
    return Rate(_number(found.get("count")), _number(found.get("n")))


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _share(value: object) -> float | None:
    return float(value) if isinstance(value, float | int) else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
