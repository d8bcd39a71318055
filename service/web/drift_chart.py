"""Charts by hour or day as rectangles for an SVG; pictures only, the numbers stand beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.vocabulary import Band
from service.watch import Day

WIDE, HIGH = 10, 100  # of a day's column, in the chart's own units
_GAP = 1


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `kind` is its class."""

    kind: str
    x: float
    y: float
    width: float
    height: float


def band_bars(days: Sequence[Day]) -> list[Bar]:
    """The share of each band, one column a day, piled up to the full height."""
    bars = []
    for place, day in enumerate(days):
        bars += _piled(place, day.bands)
    return bars


def contradiction_bars(days: Sequence[Day]) -> list[Bar]:
    """The share of decisions that contradicted the model, one column a day."""
    return [
        _bar("contradicted", place, 0.0, day.contradicted.value)
        for place, day in enumerate(days)
        if day.contradicted.of
    ]


def _piled(place: int, bands: Mapping[Band, int]) -> list[Bar]:
    total, below, bars = sum(bands.values()), 0.0, []
    for kind in (Band.UNSCORED, Band.LIKELY_FINE, Band.UNSURE, Band.LIKELY_SPAM):
        if share := bands.get(kind, 0) / total:
            bars.append(_bar(kind.value, place, below, share))
            below += share
    return bars


def _bar(kind: str, place: int, below: float, share: float) -> Bar:
    top = HIGH * (1 - below - share)
    return Bar(kind, place * WIDE, round(top, 2), WIDE - _GAP, round(HIGH * share, 2))


def count_bars(kind: str, counts: Sequence[int], most: int) -> list[Bar]:
    """Counts, one column each, where `most` is the full height."""
    return [
        _bar(kind, place, 0.0, count / most) for place, count in enumerate(counts) if count and most
    ]
