"""Tables of words, which read as in the language of the request."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from service.web.languages import gettext

K = TypeVar("K")


class Worded(Mapping[K, str], Generic[K]):
    """Words by what they say; looked up, they are in the request's language."""

    def __init__(self, english: Mapping[K, str]) -> None:
        self._english = english

    def __getitem__(self, key: K) -> str:
        return gettext(self._english[key])

    def __iter__(self) -> Iterator[K]:
        return iter(self._english)

    def __len__(self) -> int:
        return len(self._english)


class Pairs(Mapping[K, tuple[str, str]], Generic[K]):
    """The same for what is said in few words and in a sentence."""

    def __init__(self, english: Mapping[K, tuple[str, str]]) -> None:
        self._english = english

    def __getitem__(self, key: K) -> tuple[str, str]:
        words, sentence = self._english[key]
        return gettext(words), gettext(sentence)

    def __iter__(self) -> Iterator[K]:
        return iter(self._english)

    def __len__(self) -> int:
        return len(self._english)
