"""Which language a page speaks, and its words: English stands in the sources, others in a file.

A language is one file, `service/locale/<language>/messages.po`, read at its first use.
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from starlette.types import Scope

from service.web.headers import header

ENGLISH = "en"
COOKIE = "desk-language"  # of the desk's paths alone: public pages are the same for all who cache
FOLDER = Path(__file__).parent.parent / "locale"
_SPOKEN = "desk.language"
_LONGEST = 1000  # characters of an Accept-Language that are looked at
_WEIGHT = re.compile(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", re.IGNORECASE)
_asked: ContextVar[Scope | None] = ContextVar("asked", default=None)


@dataclass(frozen=True, slots=True)
class Words:
    """What a language says for the English of the sources; what it lacks stays English."""

    singular: Mapping[str, str]
    plural: Mapping[str, tuple[str, ...]]
    form_of: Callable[[int], int]

    def gettext(self, message: str) -> str:
        """A message in this language."""
        return self.singular.get(message, message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """A message that depends on a number."""
        forms = self.plural.get(one)
        return (one if number == 1 else many) if forms is None else forms[self.form_of(number)]


@cache
def languages() -> tuple[str, ...]:
    """The languages that pages speak (BCP 47), English first."""
    return ENGLISH, *sorted(path.parent.name for path in FOLDER.glob("*/messages.po"))


@cache
def languages_by_name() -> dict[str, str]:
    """Each language with what it calls itself."""
    from babel import Locale

    names = {tag: Locale.parse(tag, sep="-").get_display_name() or tag for tag in languages()}
    return {tag: name[:1].upper() + name[1:] for tag, name in names.items()}


@cache
def words_of(language: str) -> Words:
    """The words of one of `languages()`."""
    if language == ENGLISH:
        return Words({}, {}, lambda number: int(number != 1))
    import gettext as plurals

    from babel.messages.pofile import read_po

    with (FOLDER / language / "messages.po").open("rb") as file:
        catalog = read_po(file)
    singular, plural = {}, {}
    for message in catalog:
        if not message.id or message.fuzzy or not message.string:
            continue
        if isinstance(message.id, str):
            singular[message.id] = str(message.string)
        elif all(message.string):
            plural[message.id[0]] = tuple(message.string)
    return Words(singular, plural, plurals.c2py(catalog.plural_expr))


def hear(scope: Scope) -> None:
    """From here on pages are made for whoever sends this request."""
    _asked.set(scope)


def choose(tag: str) -> None:
    """Answer this request in the language that it names itself, if that is one of ours."""
    scope, language = _asked.get(), known(tag)
    if scope is not None and language:
        scope[_SPOKEN] = language


def spoken() -> str:
    """The language of this request's pages: named, else chosen at the desk, else accepted."""
    scope = _asked.get()
    if scope is None:
        return ENGLISH
    language: str | None = scope.get(_SPOKEN)
    if language is None:
        accepts = header(scope, b"accept-language").decode("latin-1")
        language = scope[_SPOKEN] = chosen_at_desk(scope) or accepted(accepts)
    return language


def gettext(message: str) -> str:
    """A message in the language of this request."""
    return words_of(spoken()).gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """A message that depends on a number, in the language of this request."""
    return words_of(spoken()).ngettext(one, many, number)


def later(message: str) -> str:
    """Marks a message that is translated where it is shown."""
    return message


@lru_cache(maxsize=256)
def accepted(accept_language: str) -> str:
    """The language that an Accept-Language header would rather have (RFC 9110, 12.5.4)."""
    best, weight = ENGLISH, 0.0
    for part in accept_language[:_LONGEST].split(","):
        tag, mark, parameter = part.partition(";")
        found = _WEIGHT.fullmatch(parameter)
        if mark and not found:
            continue
        wanted = float(found[1]) if found else 1.0
        language = ENGLISH if tag.strip() == "*" else known(tag)
        if language and wanted > weight:
            best, weight = language, wanted
    return best


def known(tag: str) -> str:
    """Which of `languages()` a tag means, "" for none: `es-MX` is met by `es` (RFC 4647, 3.4)."""
    wanted = tag.strip().lower()
    by_tag = {language.lower(): language for language in languages()}
    while wanted and wanted not in by_tag:
        wanted = wanted.rpartition("-")[0]
    return by_tag.get(wanted, "")


def chosen_at_desk(scope: Scope) -> str:
    """The language that a browser keeps for the desk, "" where none was chosen."""
    cookies = header(scope, b"cookie").decode("latin-1")
    if COOKIE not in cookies:
        return ""
    try:
        morsel = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return known(morsel.value) if morsel else ""
