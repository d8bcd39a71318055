"""Submission → columns: the one definition of what the model sees, for training and for serving.

The first columns are hashed grams of the normalised comment, without its links, followed by the
words of every host name it gives and of its author's name, which have columns of their own; then
come the signals.
"""

import re
from dataclasses import dataclass

from service.domain import Submission
from service.scoring.hashing import COLUMNS, HOST_PLANE
from service.scoring.signals import SIGNALS, Body, signal_values
from service.text import find_links, host_of, normalise, unveil

SPEC = "3"  # changes with anything that changes a column: a model serves its own spec only
WIDTH = COLUMNS + len(SIGNALS)

_MOST_LINKS = 40  # links of one comment whose hosts count
_HOST_LETTERS = {
    code: HOST_PLANE + code for code in map(ord, "abcdefghijklmnopqrstuvwxyz0123456789")
}
_RESERVED = re.compile(r"\.(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)$")  # RFC 2606
_HOST_LETTERS |= {ord("-"): 0x20, ord("."): 0x20}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a submission looks like to the model: a text to hash, and the signals not zero."""

    text: str
    signals: dict[int, float]


def read_submission(submission: Submission) -> Reading:
    """What the model sees of a submission. Total: any text gives a reading."""
    unveiled = unveil(submission.comment)
    links = find_links(unveiled)
    if not unveiled.isascii() and all(link.host.startswith("xn--") for link in links):
        seen = find_links(normalise(unveiled))  # perhaps look-alike letters hide one
        links, unveiled = (seen, normalise(unveiled)) if seen else (links, unveiled)
    plain = unveiled
    for link in links[:_MOST_LINKS]:
        plain = plain.replace(link.url, " ")
    folded = normalise(plain)
    body = Body(submission.comment, unveiled, plain, folded, links)
    hosts = [link.host for link in links[:_MOST_LINKS]]
    if submission.website:
        hosts.append(host_of(submission.website))
    names = f"{_host_words(hosts)} {_name_words(submission.name)}".strip()
    text = f"{folded} {names}".strip() if names else folded
    return Reading(text, signal_values(body, submission))


def _host_words(hosts: list[str]) -> str:
    """The words of host names, each host once, in letters of their own plane."""
    names = (_RESERVED.sub("", host.removeprefix("www.")) for host in dict.fromkeys(hosts))
    return " ".join(" ".join(names).translate(_HOST_LETTERS).split())


def _name_words(name: str) -> str:
    """The words of an author's name in the letters of host names: a shop signs as its domain."""
    return " ".join(normalise(name).translate(_HOST_LETTERS).split())


def host_text(word: str) -> str:
    """A word of a host name or of an author's name in readable letters."""
    return "".join(chr(ord(c) - HOST_PLANE) if ord(c) >= HOST_PLANE else c for c in word)


def is_host_word(word: str) -> bool:
    """Whether a word of a reading's text comes from a host name or the author's name."""
    return not word.isascii() and any(HOST_PLANE <= ord(char) < 0xF900 for char in word)
