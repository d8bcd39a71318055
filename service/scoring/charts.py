"""Curves → charts as plain geometry, which the report's template draws as SVG."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.scoring.curves import AtThreshold, Bin

WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 350, 10, 208  # of the frame
_FLOOR = 1e-4  # a rate below it is drawn at the bottom of a scale of tens

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Dot:
    """A point with its interval from `low` to `high`; `says` is what a pointer over it shows."""

    x: float
    y: float
    low: float
    high: float
    says: str


@dataclass(frozen=True, slots=True)
class Series:
    """What belongs to one model: `number` 0 the measured one, 1 the other."""

    number: int
    line: str
    dots: tuple[Dot, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A threshold as an upright line; `anchor` says on which side its words stand."""

    x: float
    text: str
    anchor: str
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything in the coordinates of its view box."""

    title: str
    x_name: str
    y_name: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()
    diagonal: bool = False


def reliability_chart(curves: Sequence[Sequence[Bin]]) -> Chart:
    """Mean score against the share that is spam; a well calibrated model is on the diagonal."""
    series = []
    for number, bins in enumerate(curves):
        dots = []
        for one in bins:
            low, high = one.spam.interval
            says = f"scores {one.low:.1f} to {one.high:.1f}: {one.spam.count} spam of {one.spam.of}"
            dots.append(Dot(_x(one.mean), _y(one.spam.value), _y(low), _y(high), says))
        line = _line([(one.mean, one.spam.value) for one in bins], _y)
        series.append(Series(number, line, tuple(dots)))
    return Chart(
        "Reliability", "score", "share that is spam", _shares(_x), _shares(_y), tuple(series),
        diagonal=True,
    )  # fmt: skip


def precision_chart(curves: Sequence[Sequence[Point]]) -> Chart:
    """Recall against precision, over all files together."""
    series = (Series(number, _line(curve, _y)) for number, curve in enumerate(curves))
    ticks = _shares(_x), _shares(_y)
    return Chart("Precision and recall", "spam held (recall)", "precision", *ticks, tuple(series))


def held_chart(
    curves: Sequence[Sequence[AtThreshold]], thresholds: Sequence[tuple[str, float]]
) -> Chart:
    """Threshold against the honest comments held, on a scale of tens."""
    series = (
        Series(number, _line([(at.threshold, at.false_positives.value) for at in curve], _tens))
        for number, curve in enumerate(curves)
    )
    ticks = tuple((_tens(value), text) for value, text in _TENS)
    return Chart(
        "Honest comments held", "threshold", "share of them", _shares(_x), ticks,
        tuple(series), _marks(thresholds, TOP + 14),
    )  # fmt: skip


def recall_chart(
    curves: Sequence[Sequence[AtThreshold]], thresholds: Sequence[tuple[str, float]]
) -> Chart:
    """Threshold against the spam held."""
    series = (
        Series(number, _line([(at.threshold, at.recall.value) for at in curve], _y))
        for number, curve in enumerate(curves)
    )
    return Chart(
        "Spam held", "threshold", "share of it (recall)", _shares(_x), _shares(_y), tuple(series),
        _marks(thresholds, BOTTOM - 22),
    )  # fmt: skip


_TENS = ((1.0, "100 %"), (0.1, "10 %"), (0.01, "1 %"), (0.001, "0.1 %"), (_FLOOR, "≤0.01 %"))


def _x(share: float) -> float:
    return round(LEFT + share * (RIGHT - LEFT), 1)


def _y(share: float) -> float:
    return round(BOTTOM - share * (BOTTOM - TOP), 1)


def _tens(share: float) -> float:
    return _y(1 - math.log10(max(share, _FLOOR)) / math.log10(_FLOOR))


def _line(points: Sequence[Point], y: Callable[[float], float]) -> str:
    return " ".join(f"{_x(across)},{y(up)}" for across, up in points)


def _shares(place: Callable[[float], float]) -> tuple[tuple[float, str], ...]:
    return tuple((place(share), f"{share:.4g}") for share in (0, 0.25, 0.5, 0.75, 1))


def _marks(thresholds: Sequence[tuple[str, float]], y: float) -> tuple[Mark, ...]:
    return tuple(
        Mark(_x(at), f"{name} {at:g}", "end" if at > 0.5 else "start", y + 12 * number)
        for number, (name, at) in enumerate(thresholds)
    )
