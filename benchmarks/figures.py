"""A line of the classifier's table: what was measured, what it should reach, what others do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.scoring.evaluation import Labels, Rate


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure as text; `met` says whether it reaches its aim, None where it has none."""

    what: str
    got: str
    aim: str = ""
    met: bool | None = None
    peers: str = ""


def at_most(what: str, rate: Rate, aim: float, peers: str = "") -> Figure:
    """A rate that should be no more than `aim`."""
    return Figure(what, str(rate), f"≤ {aim:.1%}", rate.value <= aim, peers)


def at_least(what: str, rate: Rate, aim: float, peers: str = "") -> Figure:
    """A rate that should be no less than `aim`."""
    return Figure(what, str(rate), f"≥ {aim:.1%}", rate.value >= aim, peers)


def matthews(held: Labels, labels: Labels) -> float:
    """The Matthews correlation coefficient of a verdict with the truth."""
    tp, fp = float((held & labels).sum()), float((held & ~labels).sum())
    fn, tn = float((~held & labels).sum()), float((~held & ~labels).sum())
    below = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / below if below else 0.0


def interval(values: Sequence[float]) -> str:
    """Mean of some runs and two standard errors around it."""
    spread = 2 * float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{np.mean(values):.3f} ± {spread:.3f}"


def table(figures: Sequence[Figure]) -> str:
    """The figures as Markdown, and how many of those with an aim reach it."""
    lines = ["| measure | measured | aim | reached | others |", "| --- | --- | --- | --- | --- |"]
    words = {True: "yes", False: "no", None: ""}
    for one in figures:
        cells = (one.what, one.got, one.aim, words[one.met], one.peers)
        lines.append(f"| {' | '.join(cells)} |")
    judged = [one for one in figures if one.met is not None]
    reached = sum(one.met is True for one in judged)
    return "\n".join([*lines, "", f"{reached} of {len(judged)} aims reached"])
