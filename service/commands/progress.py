"""How far a long command is: a bar on a terminal, elsewhere nothing but the lines it tells."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")


class Telling(Protocol):
    """Hears of each step, and follows what is gone through."""

    def tell(self, text: str) -> None:
        """A line about what begins now."""

    def follow(self, items: Iterable[T], count: int, what: str) -> Iterable[T]:
        """The same items, of which there are `count`."""


class Lines:
    """On standard error, a line for each step."""

    def tell(self, text: str) -> None:
        """Print the line."""
        print(text, file=sys.stderr)

    def follow(self, items: Iterable[T], count: int, what: str) -> Iterable[T]:
        """The items as they are."""
        return items


class Bar:
    """The same lines on a terminal, and below them a bar for the step under way."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, visible=False)

    def tell(self, text: str) -> None:
        """Print the line; the bar moves to and fro until it is known how far the step is."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)
        self._begin(text, None)

    def follow(self, items: Iterable[T], count: int, what: str) -> Iterator[T]:
        """The items, while the bar fills."""
        self._begin(what, count)
        for item in items:
            yield item
            self._progress.advance(self._task)

    def _begin(self, what: str, count: int | None) -> None:
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(what.replace("[", "\\["), total=count)


@contextmanager
def progress() -> Iterator[Telling]:
    """A bar while the block runs where standard error is a terminal; it is gone afterwards."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Elapsed())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        yield Bar(bar)
