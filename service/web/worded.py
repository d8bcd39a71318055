"""Tables of words, which read as in the language of the request."""

from collections.abc import Callable, ItemsView, Iterator, Mapping
from typing import Generic, TypeVar

from service.web.languages import gettext, spoken

K = TypeVar("K")
V = TypeVar("V")


class _Spoken(Mapping[K, V], Generic[K, V]):
    """A table that is translated once for each language."""

    def __init__(self, english: Mapping[K, V], translate: Callable[[V], V]) -> None:
        self._english, self._translate = english, translate
        self._tables: dict[str, dict[K, V]] = {}

    def _table(self) -> dict[K, V]:
        language = spoken()
        table = self._tables.get(language)
        if table is None:
            table = {key: self._translate(words) for key, words in self._english.items()}
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

    def __init__(self, english: Mapping[K, str]) -> None:
        super().__init__(english, gettext)


class Pairs(_Spoken[K, tuple[str, str]]):
    """What is said for each key, in few words and in a sentence."""

    def __init__(self, english: Mapping[K, tuple[str, str]]) -> None:
        super().__init__(english, lambda words: (gettext(words[0]), gettext(words[1])))
