"""The tables `make hostile` ends in: inputs and what became of them, times, and each promise."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import pytest

from tests.conftest import ROOT

NOTED = "hostile"  # (what, way in, inputs, tried, refused, shown, failures)
TIMED = "hostile time"  # (what, milliseconds of rendering, scoring, normalising, marking)
_ROW = "{:<18} {:<34} {:>7} {:>8} {:>8} {:>8} {:>8}"
_TIME = "{:<38} {:>9} {:>9} {:>9} {:>9}"
_PROMISE = re.compile(r"^\| (S(?:[1-9]|1[0-9]|20)) \| (.*?) \| (.*) \|$", re.MULTILINE)


def write_tables(reporter: pytest.TerminalReporter) -> None:
    """Print what these reports noted; nothing where none did."""
    reports = [
        report
        for outcome in ("passed", "failed", "error")
        for report in reporter.stats.get(outcome, [])
        if report.when == "call" or report.outcome == "failed"
    ]
    noted, timed = list(_noted(reports, NOTED)), list(_noted(reports, TIMED))
    if not noted and not timed:
        return
    reporter.section("hostile inputs")
    _write_inputs(reporter, noted)
    _write_times(reporter, timed)
    _write_promises(reporter, reports)
    passed = sum(report.passed for report in reports)
    reporter.write_line(f"\n{passed} of {len(reports)} tests pass")


def _noted(reports: Iterable[pytest.TestReport], name: str) -> Iterator[list[object]]:
    for report in reports:
        for noted, value in report.user_properties:
            if noted == name and isinstance(value, (tuple, list)):
                found = list(value)
                if name == NOTED and report.failed:
                    found[-1] = max(1, int(str(found[-1])))
                yield found


def _write_inputs(reporter: pytest.TerminalReporter, noted: list[list[object]]) -> None:
    sums: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    names = ("inputs", "tried", "refused", "shown", "failures")
    for what, way, *numbers in noted:
        sums[str(what), str(way)].update(dict(zip(names, map(int, map(str, numbers)), strict=True)))
    reporter.write_line(
        _ROW.format("what", "way in", "inputs", "tried", "refused", "as text", "failures")
    )
    total: Counter[str] = Counter()
    for (what, way), counts in sorted(sums.items()):
        total.update(counts)
        reporter.write_line(_ROW.format(what, way, *(counts[name] for name in names)))
    reporter.write_line(_ROW.format("all", "", *(total[name] for name in names)))


def _write_times(reporter: pytest.TerminalReporter, timed: list[list[object]]) -> None:
    if timed:
        reporter.write_line(
            "\n" + _TIME.format("10,000 characters of", "render", "score", "normal", "mark")
        )
    for what, *times in sorted(timed, key=str):
        reporter.write_line(_TIME.format(str(what), *(f"{float(str(t)):.1f} ms" for t in times)))


def _write_promises(
    reporter: pytest.TerminalReporter, reports: Iterable[pytest.TestReport]
) -> None:
    """Each of S1 to S20 with how many of the tests behind it passed."""
    outcomes: dict[str, list[bool]] = defaultdict(list)
    for report in reports:
        outcomes[report.nodeid.partition("[")[0]].append(bool(report.passed))
    reporter.write_line("")
    page = (ROOT / "docs" / "promises.md").read_text("utf-8")
    for number, promise, tests in _PROMISE.findall(page):
        found = [passed for test in re.findall("`([^`]+)`", tests) for passed in outcomes[test]]
        told = f"{sum(found)} of {len(found)} pass" if found else "not run"
        reporter.write_line(f"{number:<4} {told:<18} {promise}")
