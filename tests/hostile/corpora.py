"""The optional corpora of inputs that broke other software, each as a list of texts."""

import base64
import bz2
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_TOGETHER = 80  # characters, which fit every field but the language
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")


def strings_in(value: object) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for member in value.values() for text in strings_in(member))
    elif isinstance(value, list):
        yield from (text for member in value for text in strings_in(member))


def cases_of(path: Path) -> Iterator[str]:
    """The inputs of a fixture file: between two lines with a single dot."""
    text = path.read_text("utf-8")
    yield from (match[1] for match in re.finditer(r"^\.\n(.*?)\n\.\n.*?^\.$", text, re.M | re.S))


def packed(texts: Iterable[str], limit: int) -> Iterator[str]:
    """The texts, several on lines of their own as long as `limit` characters are not exceeded."""
    together: list[str] = []
    length = 0
    for text in texts:
        if together and length + len(text) > limit:
            yield "\n".join(together)
            together, length = [], 0
        together.append(text)
        length += len(text) + 1
    if together:
        yield "\n".join(together)


def naughty(folder: Path) -> list[str]:
    """The Big List of Naughty Strings; of its other edition, lines that are cut inside a letter
    keep their bytes as lone surrogates."""
    plain: list[str] = json.loads((folder / "blns" / "blns.json").read_text("utf-8"))
    lines = json.loads((folder / "blns" / "blns.base64.json").read_text("utf-8"))
    other = [base64.b64decode(line).decode("utf-8", "surrogateescape") for line in lines]
    return [*plain, *other]


def markdown(folder: Path) -> list[str]:
    """The examples of CommonMark's specification, and markdown-it's own cases."""
    examples = json.loads((folder / "commonmark" / "spec_examples.json").read_text("utf-8"))
    paths = sorted((folder / "markdown-it").glob("*.txt"))
    return [
        *(e["markdown"] for e in examples),
        *(case for path in paths for case in cases_of(path)),
    ]


def sanitiser(folder: Path) -> list[str]:
    """What bleach was tested with, and html5lib's pages that name an encoding."""
    paths = sorted((folder / "bleach").glob("*.json"))
    texts = [text for path in paths for text in strings_in(json.loads(path.read_text("utf-8")))]
    for path in sorted((folder / "html5lib-tests" / "encoding").rglob("*.dat")):
        pages = re.split(r"^#data\n", path.read_text("utf-8", "surrogateescape"), flags=re.M)
        texts += [page.partition("\n#encoding\n")[0] for page in pages[1:]]
    return texts


def tokenizer(folder: Path) -> list[str]:
    """Every input of html5lib's tokenizer tests."""
    texts = []
    for path in sorted((folder / "html5lib-tests" / "tokenizer").glob("*.test")):
        told = json.loads(path.read_text("utf-8"))
        texts += [_input_of(case) for case in told.get("tests", told.get("xmlViolationTests"))]
    return texts


def tokenizer_together(folder: Path) -> list[str]:
    """The same; thousands have a few characters each, so several make a text, line by line."""
    return list(packed(tokenizer(folder), _TOGETHER))


def _input_of(case: dict[str, Any]) -> str:
    text: str = case["input"]
    if case.get("doubleEscaped"):
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return text


def addresses(folder: Path) -> list[tuple[str, str]]:
    """isemail's addresses, each with its category."""
    cases = json.loads((folder / "isemail" / "tests.json").read_text("utf-8"))
    return [
        (case.get("address_decoded") or case["address"] or "", case["category"]) for case in cases
    ]


def unicode_lines(folder: Path) -> dict[str, list[str]]:
    """What Unicode tests itself with: clusters, emoji, and strings before and after normalising."""
    place = folder / "unicode"
    clusters = _lines((place / "GraphemeBreakTest.txt").read_text("utf-8"))
    emoji = _lines((place / "emoji-test.txt").read_text("utf-8"))
    normal = _lines(bz2.decompress((place / "NormalizationTest.txt.bz2").read_bytes()).decode())
    return {
        "clusters": [_characters(line.replace("÷", " ").replace("×", " ")) for line in clusters],
        "emoji": [_characters(line.partition(";")[0]) for line in emoji],
        "normalisation": [
            _characters(column) for line in normal if ";" in line for column in line.split(";")[:5]
        ],
    }


def _lines(text: str) -> list[str]:
    return [piece for line in text.splitlines() if (piece := line.partition("#")[0].strip())]


def _characters(codes: str) -> str:
    return "".join(chr(int(code, 16)) for code in codes.split())


# By the name in the table: what goes into every field, and how many inputs that is.
TEXTS = {
    "naughty strings": (naughty, naughty),
    "markdown": (markdown, markdown),
    "sanitiser": (sanitiser, sanitiser),
    "html tokenizer": (tokenizer_together, tokenizer),
}


def read_texts(name: str, folder: Path) -> tuple[list[str], int]:
    """The different texts of a corpus, and how many inputs they hold."""
    read, read_all = TEXTS[name]
    return list(dict.fromkeys(read(folder))), len(set(read_all(folder)))


def read_inputs(name: str, folder: Path) -> list[str]:
    """The different inputs of a corpus, each on its own."""
    return list(dict.fromkeys(TEXTS[name][1](folder)))
