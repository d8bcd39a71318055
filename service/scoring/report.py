"""What was measured → one page of HTML that needs nothing beside it: figures, charts, mistakes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from service.domain import Term
from service.scoring import charts, curves
from service.scoring.corpora import Example
from service.scoring.evaluation import Rate
from service.scoring.languages import language_of
from service.scoring.measuring import Measured, Sample

MOST_MISTAKES = 20  # of either kind
LONGEST_TEXT = 300
_MOST_LANGUAGES = 30  # of one file; the rarer ones are one row
_TELLING = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)  # thresholds given as figures
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A comment on the wrong side, or nearest to it, with the score of each contender."""

    file: str
    text: str
    scores: tuple[float, ...]
    held: bool
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class OfLanguage:
    """The comments of one language in one file: for each contender what is held of them."""

    file: str
    language: str
    false_positives: tuple[Rate, ...]
    recall: tuple[Rate, ...]


def render(measured: Measured, now: datetime) -> str:
    """The page. Same input, same text."""
    pooled = [measured.pooled(place) for place in range(len(measured.contenders))]
    labels = pooled[0][1]
    return _template().render(
        measured=measured,
        now=now,
        verdict=measured.verdict(),
        charts=_charts(measured),
        bins=[curves.reliability(*one) for one in pooled],
        thresholds=_telling(measured),
        languages=list(_by_language(measured)),
        honest=_worst(measured, spam=False) if not labels.all() else [],
        spam=_worst(measured, spam=True) if labels.any() else [],
        most=MOST_MISTAKES,
        frame=charts,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("service.scoring"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "interval": interval}
    return environment.get_template("report.html")


def percent(share: float) -> str:
    """A share as people read it; small ones with more figures."""
    return f"{share:.{1 if share >= 0.1 else 2}%}".replace("%", " %")


def interval(rate: Rate) -> str:
    """The 95 % interval of a rate in percent, without the sign."""
    low, high = (f"{round(100 * bound, 2 if bound < 0.1 else 1):g}" for bound in rate.interval)
    return f"{low} – {high}"


def _charts(measured: Measured) -> list[charts.Chart]:
    pooled = [measured.pooled(place) for place in range(len(measured.contenders))]
    labels = pooled[0][1]
    model = measured.model.model
    marked = (("publish below", model.publish_below), ("reject above", model.reject_above))
    by_threshold = [curves.threshold_curve(*one) for one in pooled]
    drawn = [charts.reliability_chart([curves.reliability(*one) for one in pooled])]
    if labels.any() and not labels.all():
        drawn.append(charts.precision_chart([curves.precision_recall(*one) for one in pooled]))
    if not labels.all():
        drawn.append(charts.held_chart(by_threshold, marked))
    if labels.any():
        drawn.append(charts.recall_chart(by_threshold, marked))
    return drawn


def _telling(measured: Measured) -> list[tuple[float, list[curves.AtThreshold]]]:
    """Some thresholds and those of the models, with what each model holds from there on."""
    models = [one.model for one in measured.contenders]
    own = {at for model in models for at in (model.publish_below, model.reject_above)}
    pooled = [measured.pooled(place) for place in range(len(measured.contenders))]
    return [
        (at, [curves.at_threshold(*one, at) for one in pooled]) for at in sorted({*_TELLING, *own})
    ]


def _by_language(measured: Measured) -> Iterator[OfLanguage]:
    for sample in measured.samples:
        found = np.array([language_of(one.submission) for one in sample.corpus.examples])
        names, counts = np.unique(found, return_counts=True)
        order = names[np.lexsort((names, -counts))].tolist()
        groups = [(name, found == name) for name in order[:_MOST_LANGUAGES]]
        if rest := order[_MOST_LANGUAGES:]:
            groups.append((f"{len(rest)} others", np.isin(found, rest)))
        for name, inside in groups:
            measures = measured.measures(sample, inside)
            yield OfLanguage(
                sample.name,
                name,
                tuple(one.false_positives for one in measures),
                tuple(one.recall for one in measures),
            )


def _worst(measured: Measured, *, spam: bool) -> list[Mistake]:
    """Honest comments with the highest scores, or spam with the lowest; equal ones in order."""
    found: list[tuple[float, Sample, int]] = []
    for sample in measured.samples:
        places = np.flatnonzero(sample.labels == spam)
        scores = sample.scores[0][places] if spam else -sample.scores[0][places]
        order = np.argsort(scores, kind="stable")[:MOST_MISTAKES]
        found += [(float(scores[one]), sample, int(places[one])) for one in order]
    found.sort(key=lambda one: one[0])
    return list(_explained(measured, [(one[1], one[2]) for one in found[:MOST_MISTAKES]]))


def _explained(measured: Measured, found: Sequence[tuple[Sample, int]]) -> Iterator[Mistake]:
    model = measured.model.model
    telling = replace(model, publish_below=0.0)  # explains what it would publish, too
    for sample, place in found:
        example = sample.corpus.examples[place]
        scores = tuple(float(one[place]) for one in sample.scores)
        found_terms = telling.score(example.submission).terms
        terms = tuple(Term(_legible(term.text), term.weight) for term in found_terms)
        held = scores[0] >= model.publish_below
        yield Mistake(sample.name, _shown(example), scores, held, terms)


def _shown(example: Example) -> str:
    """The comment as it may stand on a page: cut, and no sign in it that a page cannot hold."""
    text = example.submission.comment.strip()
    cut = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
    return _legible(cut)


def _legible(text: str) -> str:
    return _UNSEEN.sub("\ufffd", text)
