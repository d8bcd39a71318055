"""Charts put the points where the axes say."""

import numpy as np

from service.scoring import charts
from service.scoring.curves import precision_recall, reliability, threshold_curve

SCORES = np.array([0.05, 0.25, 0.95, 1.0])
LABELS = np.array([False, True, True, True])


def test_a_share_of_one_is_at_the_top_and_of_none_at_the_bottom() -> None:
    chart = charts.precision_chart([[(0.0, 1.0), (1.0, 0.0)]])

    (across, up), (to, down) = (point.split(",") for point in chart.series[0].line.split())
    assert (float(across), float(up)) == (charts.LEFT, charts.TOP)
    assert (float(to), float(down)) == (charts.RIGHT, charts.BOTTOM)


def test_each_tenth_on_a_scale_of_tens_is_as_far_as_the_one_before() -> None:
    chart = charts.held_chart([], [])

    heights = [y for y, _ in chart.y_ticks]
    steps = np.diff(heights)
    assert heights[0] == charts.TOP
    assert heights[-1] == charts.BOTTOM
    assert np.allclose(steps, steps[0])


def test_a_rate_of_nothing_is_drawn_at_the_bottom_of_a_scale_of_tens() -> None:
    chart = charts.held_chart([threshold_curve(SCORES, LABELS)], [])

    assert chart.series[0].line.endswith(f" {charts.RIGHT}.0,{charts.BOTTOM}.0")


def test_both_thresholds_are_marked_with_their_words_inside_the_frame() -> None:
    chart = charts.recall_chart([], [("publish below", 0.25), ("reject above", 1.0)])

    publish, reject = chart.marks
    assert (publish.text, publish.anchor) == ("publish below 0.25", "start")
    assert (reject.text, reject.anchor, reject.x) == ("reject above 1", "end", charts.RIGHT)


def test_each_model_is_a_series_and_each_dot_says_what_it_counts() -> None:
    bins = reliability(SCORES, LABELS)

    chart = charts.reliability_chart([bins, bins])

    assert [one.number for one in chart.series] == [0, 1]
    assert [dot.says for dot in chart.series[0].dots][-1] == "scores 0.9 to 1.0: 2 spam of 2"
    assert all(dot.high <= dot.y <= dot.low for dot in chart.series[0].dots)


def test_a_curve_without_points_is_drawn_as_none() -> None:
    chart = charts.precision_chart([precision_recall(SCORES, np.ones(4, np.bool_))])

    assert chart.series[0].line == ""
