"""What is searched: the words of a text, and what somebody typed as a query over them.

Both databases are given these words, so that both find the same. Case and accents make no
difference; scripts written without blanks give a word a character.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from service.text import find_links, split_words, unveil

_ACCENTS = re.compile("[\u0300-\u036f]+")
_LONGEST = 100  # characters of a word: a longer one is found by its beginning
_MOST_WORDS = 12_000
_BOUNDARY = "\N{PILCROW SIGN}"  # no word has it, so no phrase reaches from one field to the next
_QUERY = re.compile(r'"([^"]*)"?|([^\s"]+)')
_MOST_PARTS = 20


@dataclass(frozen=True, slots=True)
class Query:
    """Phrases that must all be there, each of one word or more; the last one may be unfinished."""

    phrases: tuple[tuple[str, ...], ...]
    is_unfinished: bool


def words_of(text: str) -> list[str]:
    """The words of a text in order, as they are compared."""
    plain = unveil(text)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain.casefold())
        plain = unicodedata.normalize("NFKC", _ACCENTS.sub("", plain))
    return [word[:_LONGEST] for word in split_words(plain.lower())]


def words_of_comment(name: str, email: str, website: str, comment: str) -> str:
    """All that a comment is found by, with blanks between the words; hosts as they are spelled."""
    hosts = {link.host for link in find_links(comment) if "xn--" in link.host}
    texts = (name, email, website, comment, *sorted(hosts))
    found = [word for text in texts for word in (*words_of(text), _BOUNDARY)]
    return " ".join(found[:_MOST_WORDS])


def parse_query(text: str) -> Query:
    """What somebody looks for: words, "phrases", addresses and domains. Anything is a query.

    The last word may be a beginning, unless it stands in quotation marks.
    """
    parts = list(_parts(text))[:_MOST_PARTS]
    phrases = tuple(words for words, _quoted in parts)
    return Query(phrases, bool(parts) and not parts[-1][1])


def _parts(text: str) -> Iterator[tuple[tuple[str, ...], bool]]:
    for match in _QUERY.finditer(text):
        quoted = match[1] is not None
        words = words_of(match[1] if quoted else match[2])
        if words:
            yield tuple(words), quoted
