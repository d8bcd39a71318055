"""A file comes back line by line, in order, whatever its size and speed."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.domain import Score
from service.scoring.artifact import Artifact
from service.scoring.files import Block, Scorer, read_blocks


def _answer(entry: dict[str, Any], score: Score) -> None:
    entry["score"] = score.probability


def _blocks(path: Path) -> Iterator[Block]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield from read_blocks(descriptor)
    finally:
        os.close(descriptor)


def _lines(count: int, size: int = 100) -> bytes:
    return b"".join(
        json.dumps({"n": n, "comment": f"comment {n} " + "x" * size}).encode() + b"\n"
        for n in range(count)
    )


@pytest.mark.parametrize("text", [b"", b"a", b"a\n", b"a\nb", b"a\n\nb\n", b"\n", b"x" * 2_000_000])
def test_blocks_hold_every_line_of_a_file_once(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(text)

    lines: list[bytes] = []
    for block in _blocks(path):
        assert block.first == len(lines) + 1
        lines += block.lines

    assert lines == (text.removesuffix(b"\n").split(b"\n") if text else [])


def test_workers_give_what_one_process_gives(artifact: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_bytes(_lines(9_000, 150))

    texts = []
    for workers in (1, 2):
        with Scorer(Artifact.read(artifact), _answer, workers) as scorer:
            texts.append(b"".join(answers.text for answers in scorer.answers(_blocks(path))))

    assert texts[0] == texts[1]
    assert [json.loads(line)["n"] for line in texts[0].splitlines()] == list(range(9_000))


def test_a_line_is_answered_before_the_next_is_written(artifact: Path) -> None:
    reader, writer = os.pipe()
    with Scorer(Artifact.read(artifact), _answer, 2) as scorer:
        answers = scorer.answers(read_blocks(reader))
        for n in range(3):
            os.write(writer, json.dumps({"comment": f"hello {n}"}).encode() + b"\n")
            assert json.loads(next(answers).text)["comment"] == f"hello {n}"
        os.close(writer)
        assert list(answers) == []
    os.close(reader)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nonsense", "not valid JSON"),
        (b'{"comment": NaN}', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"text": "x"}', "no text under 'comment'"),
        (b'{"comment": 5}', "no text under 'comment'"),
        (b'{"comment": "x", "name": 5}', "'name' is not text"),
    ],
)
def test_a_bad_line_is_named_after_the_good_ones(
    line: bytes, why: str, artifact: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b'{"comment": "fine"}\n\n' + line + b'\n{"comment": "never read"}\n')

    with Scorer(Artifact.read(artifact), _answer, 1) as scorer:
        (answers,) = scorer.answers(_blocks(path))

    assert len(answers.text.splitlines()) == 1
    assert answers.bad is not None
    assert (answers.bad.number, answers.bad.why) == (3, why)


def test_other_keys_and_odd_characters_pass_through(artifact: Path, tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    entry = {"comment": "half \ud800 of a pair", "id": 7, "nested": {"a": [None, 1.5]}, "名": "値"}
    path.write_text(json.dumps(entry) + "\n")

    with Scorer(Artifact.read(artifact), _answer, 1) as scorer:
        (answers,) = scorer.answers(_blocks(path))

    given = json.loads(answers.text)
    assert 0 <= given.pop("score") <= 1
    assert given == entry
