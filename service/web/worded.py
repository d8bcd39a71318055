"""Tables of words, which read as in the language of the request."""

from collections.abc import ItemsView, Iterator, Mapping
from typing import Generic, TypeVar

from service.web.languages import gettext, spoken

K = TypeVar("K")
V = TypeVar("V")


class _Spoken(Mapping[K, V], Generic[K, V]):
    """A table that is translated once for each language."""

    def __init__(self, english: Mapping[K, V]) -> None:
        self._english = english
        self._tables: dict[str, dict[K, V]] = {}

    def _translated(self, words: V) -> V:
        raise NotImplementedError

    def _table(self) -> dict[K, V]:
        language = spoken()
        table = self._tables.get(language)
        if table is None:
            table = {key: self._translated(words) for key, words in self._english.items()}
            self._tables[language] = table
        return table

    def __getitem__(self, key: K) -> V:
        return self._table()[key]

    def items(self) -> ItemsView[K, V]:
        return self._table().items()

    def __iter__(self) -> Iterator[K]:
        return iter(self._english)

    def __len__(self) -> int:
        return len(self._english)


class Worded(_Spoken[K, str]):
    """What is said for each key."""

    def _translated(self, words: str) -> str:
        return gettext(words)


class Pairs(_Spoken[K, tuple[str, str]]):
    """What is said for each key, in few words and in a sentence."""

    def _translated(self, words: tuple[str, str]) -> tuple[str, str]:
        short, sentence = words
        return gettext(short), gettext(sentence)
