"""A table of the fault scenarios that ran: what was accepted, what is stored, and the verdict."""

import sys
from collections.abc import Callable

import pytest

Note = Callable[..., None]
Progress = Callable[[str], None]
_ROW = "{:<64} {:>6} {:>8} {:>7}  {:<6} {:>7}"
_NOTED = "faults"


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """Enter a scenario in the table: `note("R1 …", rounds=50, log=log, stored=1234)`."""

    def enter(name: str, *, rounds: int, accepted: int, stored: int) -> None:
        record_property(_NOTED, (name, rounds, accepted, stored))

    return enter


@pytest.fixture
def progress(capsys: pytest.CaptureFixture[str]) -> Progress:
    """Say at once how far a long scenario is."""

    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n  {text}")
            sys.stdout.flush()

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, if any scenario ran."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if "tests/faults/" in report.nodeid and report.when == "call"
    ]
    rows = [_row(report) for report in reports]
    if not any(dict(report.user_properties).get(_NOTED) for report in reports):
        return
    terminalreporter.section("fault scenarios")
    terminalreporter.write_line(
        _ROW.format("scenario", "rounds", "accepted", "stored", "", "seconds")
    )
    for row in sorted(rows):
        terminalreporter.write_line(row)
    passed = sum(report.passed for report in reports)
    terminalreporter.write_line(f"{passed} of {len(reports)} hold")


def _row(report: pytest.TestReport) -> str:
    noted = dict(report.user_properties).get(_NOTED)
    name, rounds, accepted, stored = (
        noted
        if isinstance(noted, (tuple, list))
        else (report.nodeid.rpartition("::")[2], "", "", "")
    )
    verdict = "holds" if report.passed else "FAILS"
    return _ROW.format(str(name)[:64], rounds, accepted, stored, verdict, f"{report.duration:.1f}")
