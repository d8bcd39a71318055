"""A bar on a terminal, and nothing of it where there is none."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

_SCRIPT = """
import sys
from service.commands.progress import progress

with progress() as telling:
    telling.tell("reading [bold]everything[/bold]")
    print("sum", sum(telling.follow(range(5), 5, "adding [up]")))
    telling.tell("done")
print("rich" in sys.modules)
"""


def _start(stderr: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _SCRIPT], stdout=subprocess.PIPE, stderr=stderr, text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"}, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def _all_of(terminal: int) -> str:
    """What is written to the other end of a terminal, until that is closed."""
    written = b""
    with suppress(OSError):  # how a terminal says that this is the end
        while block := os.read(terminal, 65536):
            written += block
    return written.decode()


def test_on_a_terminal_a_bar_fills_below_the_lines() -> None:
    ours, theirs = pty.openpty()

    with _start(theirs) as program:
        os.close(theirs)
        seen = _all_of(ours)
        printed, _ = program.communicate()

    os.close(ours)
    assert printed == "sum 10\nTrue\n"
    assert "reading [bold]everything[/bold]" in seen
    assert "adding [up]" in seen
    assert "done" in seen
    assert "━" in seen


def test_without_a_terminal_there_are_the_lines_alone(tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w") as stderr, _start(stderr.fileno()) as program:
        printed, _ = program.communicate()

    assert printed == "sum 10\nFalse\n", "rich is for terminals"
    assert (tmp_path / "stderr").read_text() == "reading [bold]everything[/bold]\ndone\n"


def test_what_is_raised_in_the_block_comes_through() -> None:
    from service.commands.progress import progress

    with pytest.raises(KeyError), progress():
        raise KeyError("sum")
