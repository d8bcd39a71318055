"""What spoke against a comment, marked in its text; made safe here, so templates need no trust."""

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

from service.text import normalise

_CHUNK = re.compile(r"\S+")
_EDGES = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~…“”„«»"

_SPACED = 4  # letters with blanks between them from which on they are one word, as in normal form
_ENTITY = re.compile(r"&#?\w{1,32};")
_ENTITY_ENDS = re.compile(r"&#?\w{1,32};\Z")
_TELLING = 4  # letters; shorter words alone say nothing

Span = tuple[int, int]


def highlight(text: str, phrases: Iterable[str], exact: Iterable[str] = ()) -> Markup:
    """The text with `phrases`, as whole words in normal form, and `exact` parts marked.

    Of a phrase that does not stand together in the text, its longer words are marked. Linear in
    the text's length for a few phrases; the text itself is never changed.
    """
    spans = sorted([*_find_phrases(text, phrases), *_find_exact(text, exact)])
    pieces: list[Markup | str] = []
    reached = 0
    for start, end in spans:
        if start >= reached:
            marked = Markup("<mark>{}</mark>").format(text[start:end])
            pieces += [escape(text[reached:start]), marked]
            reached = end
    return Markup("").join([*pieces, escape(text[reached:])])


def _find_phrases(text: str, phrases: Iterable[str]) -> list[Span]:
    wanted = [words for phrase in phrases if (words := _words(phrase))]
    if not wanted:
        return []
    places = _places(text)
    keys = [_key(text[start:end]) for start, end in places]
    starts: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        starts.setdefault(key, []).append(place)

    def find(words: list[str]) -> list[Span]:
        size = len(words)
        return [
            _trimmed(text, places[first][0], places[first + size - 1][1])
            for first in starts.get(words[0], ())
            if keys[first : first + size] == words
        ]

    found: list[Span] = []
    for words in wanted:
        together = find(words)
        apart = [word for word in words if len(word) >= _TELLING] if not together else []
        found += together or [span for word in apart for span in find([word])]
    return found


def _places(text: str) -> list[Span]:
    """Where the words stand, a "s p a c e d" one as a whole."""
    places: list[Span] = []
    letters = 0  # single ones, up to here
    for match in _CHUNK.finditer(text):
        start, end = match.span()
        letters = letters + 1 if end - start == 1 and match[0].isalpha() else 0
        if letters == _SPACED:
            start = places[1 - _SPACED][0]
            del places[1 - _SPACED :]
        elif letters > _SPACED:
            start = places.pop()[0]
        places.append((start, end))
    return places


def _words(phrase: str) -> list[str]:
    return [word for part in normalise(phrase).split() if (word := part.strip(_EDGES))]


def _find_exact(text: str, parts: Iterable[str]) -> list[Span]:
    found = ((text.find(part), len(part)) for part in parts if part)
    return [(start, start + length) for start, length in found if start >= 0]


def _key(chunk: str) -> str:
    plain = chunk.isascii() and chunk.isalnum()
    return (chunk.lower() if plain else normalise(chunk)).strip(_EDGES)


def _trimmed(text: str, start: int, end: int) -> Span:
    """Without the punctuation around the words; an entity is no punctuation."""
    while start < end and text[start] in _EDGES and not _ENTITY.match(text, start):
        start += 1
    while end > start and text[end - 1] in _EDGES and not _ENTITY_ENDS.search(text, start, end):
        end -= 1
    return start, end
