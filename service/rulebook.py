"""A site's own rules, arranged so that thousands of them cost a comment a few look-ups.

A rule names a word or phrase, a domain, an e-mail address or a network, and blocks or holds what
matches it. Words match whole words of the normalised text, domains and networks what lies in them.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from msgspec import Struct

from service.text import find_links, host_of, tokens
from service.vocabulary import Effect, RuleKind

LONGEST_VALUE = 200
_HOST = re.compile(r"[^\s@/?#]+")
_EMAIL = re.compile(r"[^\s@]*@[^\s@]+")
_Key = tuple[object, ...]


class Rule(Struct, frozen=True):
    """One rule; `site_id` None means every site. `decision_id` is what a ban rejected with it."""

    id: str
    kind: RuleKind
    effect: Effect
    value: str
    site_id: int | None = None
    actor: str = ""
    note: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    hits: int = 0
    last_hit_at: datetime | None = None
    decision_id: str | None = None

    def is_in_force(self, now: datetime) -> bool:
        """Whether it counts at this moment."""
        return self.ended_at is None and (self.expires_at is None or now < self.expires_at)


def parse_value(kind: RuleKind, text: str) -> str:
    """What a person wrote, in the form a rule keeps. Raises ValueError saying what is expected."""
    value = " ".join(text.split())
    if len(value) > LONGEST_VALUE:
        raise ValueError(f"A rule has {LONGEST_VALUE} characters at most.")
    if not value.isprintable():
        raise ValueError("A rule is written in characters that can be seen.")
    return _PARSERS[kind](value)


def _parse_word(value: str) -> str:
    if not _phrase(value):
        raise ValueError("Write a word or a phrase, with a letter or a digit in it.")
    return value


def _parse_domain(value: str) -> str:
    host = host_of(value)
    if not _HOST.fullmatch(host):
        raise ValueError("Write a domain, such as example.com.")
    return host


def _parse_email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("Write an e-mail address, or @example.com for a whole domain.")
    return value.casefold()


def _parse_address(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise ValueError("Write an address or a network, such as 203.0.113.0/24.") from None


_PARSERS = {
    RuleKind.WORD: _parse_word,
    RuleKind.DOMAIN: _parse_domain,
    RuleKind.ADDRESS: _parse_address,
    RuleKind.EMAIL: _parse_email,
}


class Traits:
    """What rules look at in a comment; each part is worked out when it is first asked for."""

    def __init__(self, *, comment: str, name: str, website: str, email: str, address: str) -> None:
        self._written = (comment, name, website)
        self.email = email
        self._address = address

    @cached_property
    def texts(self) -> tuple[list[str], ...]:
        """The words of each text an author wrote, apart, so that no phrase spans two."""
        return tuple(tokens(text) for text in self._written if text)

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The hosts the comment, the name and the website field point to."""
        comment, name, website = self._written
        links = (*find_links(comment), *find_links(name))
        return (*(link.host for link in links), host_of(website))

    @cached_property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The client's address, None where none is known."""
        try:
            return ip_address(self._address)
        except ValueError:
            return None


class RuleBook:
    """The rules of one site, each found by what it names: no rule is ever looked at in vain."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._rules: dict[tuple[RuleKind, Effect], dict[_Key, list[Rule]]] = {}
        self._lengths: dict[tuple[Effect, str], set[int]] = {}  # of phrases, by their first word
        self._sizes: dict[Effect, set[tuple[int, int]]] = {}  # of networks: version and prefix
        for rule in rules:
            if (key := self._key(rule)) is not None:
                known = self._rules.setdefault((rule.kind, rule.effect), {})
                known.setdefault(key, []).append(rule)

    def find(self, kind: RuleKind, effect: Effect, traits: Traits, now: datetime) -> Rule | None:
        """The first rule of this kind and effect that a comment with these traits meets."""
        known = self._rules.get((kind, effect))
        if not known:
            return None
        for key in self._keys(kind, effect, traits):
            for rule in known.get(key, ()):
                if rule.is_in_force(now):
                    return rule
        return None

    def find_any(self, traits: Traits, now: datetime) -> Rule | None:
        """The first rule of any kind and effect."""
        found = (self.find(kind, effect, traits, now) for kind, effect in self._rules)
        return next((rule for rule in found if rule is not None), None)

    def _key(self, rule: Rule) -> _Key | None:
        """What a comment must show to meet the rule; None where nothing could."""
        match rule.kind:
            case RuleKind.WORD:
                phrase = _phrase(rule.value)
                if phrase:
                    self._lengths.setdefault((rule.effect, phrase[0]), set()).add(len(phrase))
                return phrase or None
            case RuleKind.DOMAIN:
                host = host_of(rule.value)
                return (host,) if host else None
            case RuleKind.EMAIL:
                return (rule.value.casefold(),)
            case RuleKind.ADDRESS:
                network = ip_network(rule.value, strict=False)
                size = (network.version, network.prefixlen)
                self._sizes.setdefault(rule.effect, set()).add(size)
                return (*size, int(network.network_address) >> network.max_prefixlen - size[1])

    def _keys(self, kind: RuleKind, effect: Effect, traits: Traits) -> Iterator[_Key]:
        match kind:
            case RuleKind.WORD:
                for text in traits.texts:
                    for start, first in enumerate(text):
                        for length in self._lengths.get((effect, first), ()):
                            yield tuple(text[start : start + length])
            case RuleKind.DOMAIN:
                yield from ((name,) for host in traits.hosts for name in _names_above(host))
            case RuleKind.EMAIL:
                email = traits.email.casefold()
                yield (email,)
                yield from ((f"@{name}",) for name in _names_above(email.rpartition("@")[2]))
            case RuleKind.ADDRESS:
                address = traits.address
                for version, prefix in self._sizes[effect] if address else ():
                    if address and version == address.version:
                        yield version, prefix, int(address) >> address.max_prefixlen - prefix


NO_RULES = RuleBook()


@lru_cache(maxsize=50_000)  # a book is made anew with each change of one of its rules
def _phrase(value: str) -> tuple[str, ...]:
    words = value.lower().split()
    if value.isascii() and all(len(word) > 1 and word.isalnum() for word in words):
        return tuple(words)  # most are so plain, and this is many times faster
    return tuple(tokens(value))


def _names_above(host: str) -> Iterator[str]:
    """The host and every domain it lies in: a.b.c, b.c, c."""
    while host:
        yield host
        host = host.partition(".")[2]
