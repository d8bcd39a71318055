"""JSON Lines of comments → the same lines with score, verdict, band and reasons, on every core.

Blocks of lines go to worker processes and come back in order. Input that trickles in is answered
line by line, without waiting for a block to fill.
"""

import json
import os
import select
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Self

from service.domain import Score, Submission
from service.scoring.artifact import Artifact
from service.scoring.corpora import bounded
from service.scoring.model import Model

_BLOCK = 1 << 19  # bytes handed to a worker at once
_FIELDS = ("name", "email", "website", "page_title", "page_text", "lang")

Answer = Callable[[dict[str, Any], Score], None]


@dataclass(frozen=True, slots=True)
class BadLine(Exception):
    """A line that is no JSON object with a comment: its number, and why."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file, the number of the first, and whether more waits to be read."""

    lines: list[bytes]
    first: int
    more: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """The scored lines of a block, and the bad line that ended it, if one did."""

    text: bytes
    bad: BadLine | None


def read_blocks(descriptor: int) -> Iterator[Block]:
    """The lines of a file as they come: what is there to read, up to a block, is one block."""
    rest, number = b"", 1
    while read := _read_available(descriptor):
        whole, end, rest = (rest + read).rpartition(b"\n")
        if end:
            lines = whole.split(b"\n")
            yield Block(lines, number, _is_ready(descriptor))
            number += len(lines)
    if rest:
        yield Block([rest], number, False)


def _read_available(descriptor: int) -> bytes:
    """At least one byte unless the file has ended; then what else is there, up to a block."""
    parts = [os.read(descriptor, _BLOCK)]
    size = len(parts[0])
    while parts[-1] and size < _BLOCK and _is_ready(descriptor):
        parts.append(os.read(descriptor, _BLOCK))
        size += len(parts[-1])
    return b"".join(parts)


def _is_ready(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


def score_block(model: Model, block: Block, answer: Answer) -> Answers:
    """Score the lines of a block in order; `answer` writes into each object what is to be said."""
    objects: list[dict[str, Any]] = []
    submissions: list[Submission] = []
    bad: BadLine | None = None
    for number, line in enumerate(block.lines, start=block.first):
        if not line.strip():
            continue
        try:
            entry = _parse(line, number)
            submissions.append(_submission(entry, number))
        except BadLine as error:
            bad = error
            break
        objects.append(entry)
    for entry, score in zip(objects, model.score_many(submissions), strict=True):
        answer(entry, score)
    return Answers(b"".join(map(_line, objects)), bad)


def _parse(line: bytes, number: int) -> dict[str, Any]:
    try:
        entry = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise BadLine(number, "not valid JSON") from None
    if not isinstance(entry, dict):
        raise BadLine(number, "not a JSON object")
    return entry


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _submission(entry: dict[str, Any], number: int) -> Submission:
    comment = entry.get("comment")
    if not isinstance(comment, str):
        raise BadLine(number, "no text under 'comment'")
    fields = {name: entry[name] for name in _FIELDS if entry.get(name) is not None}
    for name, value in fields.items():
        if not isinstance(value, str):
            raise BadLine(number, f"{name!r} is not text")
    return bounded(comment, **fields)


def _line(entry: dict[str, Any]) -> bytes:
    try:
        return json.dumps(entry, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:  # half a surrogate pair: only an escape can write it
        return json.dumps(entry).encode() + b"\n"


_worker: list[tuple[Model, Answer]] = []  # what a worker process loaded at its start


def _start_worker(artifact: Artifact, answer: Answer) -> None:
    _worker.append((Model.of(artifact), answer))


def _score_in_worker(block: Block) -> Answers:
    return score_block(_worker[0][0], block, _worker[0][1])


class Scorer:
    """Scores blocks in order: here while input is short or slow, else in worker processes."""

    def __init__(self, artifact: Artifact, answer: Answer, workers: int) -> None:
        """Score with the model of this artifact. Raises ModelUnusable."""
        self._model = Model.of(artifact)
        self._artifact, self._answer, self._workers = artifact, answer, workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def answers(self, blocks: Iterator[Block]) -> Iterator[Answers]:
        """The answers to each block, in order; nothing waits for input while answers are due."""
        waiting: deque[Future[Answers]] = deque()
        for block in blocks:
            if self._pool is None and not (block.more and self._workers > 1):
                yield score_block(self._model, block, self._answer)
                continue
            waiting.append(self._in_worker(block))
            while waiting and (len(waiting) > 2 * self._workers or not block.more):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _in_worker(self, block: Block) -> Future[Answers]:
        if self._pool is None:
            ways = "fork" if os.name == "posix" else "spawn"
            self._pool = ProcessPoolExecutor(
                self._workers, get_context(ways), _start_worker, (self._artifact, self._answer)
            )
        return self._pool.submit(_score_in_worker, block)
