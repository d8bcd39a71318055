"""Comments as hashed rows, what learning takes in: a few in memory, any number in a file.

A row is read from its comment once, however often it is learnt from and compared on.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from service.domain import Submission
from service.scoring.features import WIDTH, read_submission
from service.scoring.training import rows_of

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

_AT_ONCE = 256  # comments that are hashed together


@dataclass(frozen=True, slots=True)
class Rows:
    """Some comments one after the other: of each its `sizes` columns, and the values in them."""

    values: Numbers
    columns: NDArray[np.int32]
    sizes: Places

    @classmethod
    def of(cls, submissions: Iterable[Submission]) -> Self:
        """The rows of these, in order."""
        ahead = iter(submissions)
        parts = [cls(np.empty(0), np.empty(0, np.int32), np.empty(0, np.int64))]
        while batch := [read_submission(submission) for submission in islice(ahead, _AT_ONCE)]:
            values, columns, sizes = rows_of(batch)
            parts.append(cls(values, columns.astype(np.int32), sizes))
        return cls.joined(parts)

    @classmethod
    def joined(cls, parts: Sequence["Rows"]) -> Self:
        """The rows of all parts."""
        return cls(
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.columns for part in parts]),
            np.concatenate([part.sizes for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.sizes)

    def take(self, which: Places) -> "Rows":
        """The rows at these places, in their order; of neighbours nothing is copied."""
        starts = (self.sizes.cumsum() - self.sizes)[which]
        sizes = self.sizes[which]
        if len(which) and (np.diff(which) == 1).all():
            here = slice(starts[0], starts[0] + sizes.sum())
            return Rows(self.values[here], self.columns[here], sizes)
        ends = sizes.cumsum()
        cells = np.arange(sizes.sum()) + np.repeat(starts - (ends - sizes), sizes)
        return Rows(self.values[cells], self.columns[cells], sizes)

    def probabilities(self, weights: Numbers, intercept: float) -> Numbers:
        """What a linear model gives to each."""
        logits = np.clip(self._matrix() @ weights + intercept, -700.0, 700.0)
        found: Numbers = 1.0 / (1.0 + np.exp(-logits))
        return found

    def pull(self, slopes: Numbers) -> Numbers:
        """The sum over the rows of each row's values times its slope, by column [WIDTH]."""
        found: Numbers = self._matrix().T @ slopes
        return found

    def _matrix(self) -> Any:
        from scipy.sparse import csr_matrix

        ends = np.concatenate(([0], self.sizes.cumsum())).astype(np.int32)
        return csr_matrix((self.values, self.columns, ends), shape=(len(self), WIDTH), copy=False)


class RowFile:
    """Rows in a file without a name in a folder, which is gone with the process, however it ends.

    Six bytes a column: values are kept to eleven bits. Use it as a context.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by __exit__
        self._left = most_bytes
        self._blocks: list[tuple[int, int, int]] = []  # place in the file, rows, columns
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, rows: Rows) -> bool:
        """Add some after the others; False, and nothing is added, where they do not fit.

        Raises OSError where the disk is full.
        """
        parts = (rows.sizes.astype(np.uint32), rows.columns, rows.values.astype(np.float16))
        needed = sum(part.nbytes for part in parts)
        if needed > self._left:
            return False
        self._left -= needed
        self._blocks.append((self._file.tell(), len(rows), len(rows.columns)))
        for part in parts:
            self._file.write(part.tobytes())
        self.count += len(rows)
        return True

    def first(self, count: int) -> Iterator[Rows]:
        """The first `count` rows, in the pieces in which they were added."""
        for block in self._blocks:
            if count <= 0:
                return
            rows = self._read(block)
            yield rows.take(np.arange(min(count, len(rows))))
            count -= len(rows)

    def backwards(self) -> Iterator[tuple[int, Rows]]:
        """All pieces, the last one first, each with the number of rows before it."""
        before = self.count
        for block in reversed(self._blocks):
            before -= block[1]
            yield before, self._read(block)

    def _read(self, block: tuple[int, int, int]) -> Rows:
        place, rows, columns = block
        self._file.seek(place)
        raw = self._file.read(4 * rows + 6 * columns)
        sizes = np.frombuffer(raw, np.uint32, rows)
        found = np.frombuffer(raw, np.int32, columns, 4 * rows)
        values = np.frombuffer(raw, np.float16, columns, 4 * rows + 4 * columns)
        return Rows(values.astype(np.float64), found, sizes.astype(np.int64))
