"""A comment as the desk shows it: everything in words, the text marked, hostile parts bounded."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from service.domain import Comment
from service.intake.address import network_of
from service.persons import Actor
from service.store.items import QueueItem
from service.store.queue import looker
from service.text import find_links, host_of, outline
from service.vocabulary import OPEN, VISIBLE, Code, Role, Status
from service.web import wording
from service.web.highlight import highlight
from service.web.languages import gettext

TEXT_LIMIT = 1200  # characters of a comment on a page of many
_EXCERPT = 240
_SHORT = 100
_MOST_HOSTS = 8
_MOST_TERMS = 5
_TERM = 60  # characters of a term: a word can be as long as a comment
_BLANK_LINES = re.compile(r"\n{4,}")
_ABOUT_LINKS = frozenset({Code.BLOCKED_DOMAIN, Code.HELD_DOMAIN, Code.TOO_MANY_LINKS})
_ABOUT_WORDS = frozenset({Code.BLOCKED_WORD, Code.HELD_WORD})


@dataclass(frozen=True, slots=True)
class KnownNames:
    """The outlines of names by site: of moderators (None: with rights everywhere), of the site."""

    moderators: Mapping[int | None, frozenset[str]]
    sites: Mapping[int, frozenset[str]]

    def moderators_of(self, site_id: int) -> frozenset[str]:
        """The moderators of one site."""
        nobody: frozenset[str] = frozenset()
        return self.moderators.get(site_id, nobody) | self.moderators.get(None, nobody)


NOBODY = KnownNames({}, {})


@dataclass(frozen=True, slots=True)
class Twin:
    """Another of a group, in short."""

    id: str
    version: int
    name: str
    created_at: datetime
    excerpt: str


@dataclass(frozen=True, slots=True)
class Card:
    """One comment on a page of the desk.

    `findings` and `failures` are sentences; `against` and `speaking_for` the terms that weighed;
    `hosts` where its links lead, with how many, `ban_hosts` the same as rules name them;
    `left_out` how many characters `text` lacks; `looker` somebody else who has a claim on it;
    `posing` says whom the author's name looks like; `around` its parent and others beside it,
    each with the beginning of its text; `alike` the others of its group.
    """

    comment: Comment
    text: Markup
    left_out: int
    band: str
    status: str
    findings: tuple[str, ...]
    failures: tuple[str, ...]
    against: tuple[str, ...]
    speaking_for: tuple[str, ...]
    hosts: tuple[tuple[str, int], ...]
    more_hosts: int
    ban_hosts: tuple[str, ...]
    parent: Comment | None
    parent_text: str
    author: str
    network: str
    ago: str
    looker: str
    may_decide: bool
    posing: str
    language: str
    page_excerpt: str
    around: tuple[tuple[Comment, str], ...]
    alike: tuple[Twin, ...]
    more_alike: int

    @property
    def waits(self) -> bool:
        """Whether a person is still to decide."""
        return self.comment.status in OPEN

    @property
    def is_approved(self) -> bool:
        """Whether a person has approved it already, and nobody has reported it since."""
        c = self.comment
        return c.status in VISIBLE and c.decision_id is not None and not c.reports

    @property
    def is_rejected(self) -> bool:
        """Whether a person has rejected it already."""
        return self.comment.status is Status.REJECTED and self.comment.decision_id is not None


def card(
    item: QueueItem,
    actor: Actor,
    now: datetime,
    *,
    limit: int = TEXT_LIMIT,
    known: KnownNames = NOBODY,
) -> Card:
    """A comment for the desk, with at most `limit` characters of its text.

    `known` are the names that an author's may not look like unnoticed.
    """
    c = item.comment
    written = c.comment if limit >= len(c.comment) else _BLANK_LINES.sub("\n\n\n", c.comment)
    against = [term.text for term in c.terms if term.weight > 0][:_MOST_TERMS]
    hosts = _hosts(c)
    has_claim = looker(c.claimed_by, c.claimed_until, now)
    return Card(
        comment=c,
        text=_marked(c, cut(written, limit), against),
        left_out=max(0, len(written) - limit),
        band=wording.BANDS[c.band],
        status=wording.STATUSES[c.status],
        findings=tuple(wording.why(r.code, r.detail) for r in c.reasons if not r.is_failure),
        failures=tuple(wording.why(r.code, r.detail) for r in c.reasons if r.is_failure),
        against=tuple(cut(text, _TERM) for text in against),
        speaking_for=tuple(cut(term.text, _TERM) for term in c.terms if term.weight < 0)[:3],
        hosts=tuple(hosts.most_common(_MOST_HOSTS)),
        ban_hosts=tuple(_plain_hosts(c))[:_MOST_HOSTS],
        more_hosts=max(0, len(hosts) - _MOST_HOSTS),
        parent=item.parent,
        parent_text=cut(item.parent.comment, _EXCERPT) if item.parent else "",
        author=_author(item.author),
        network=network_of(c.address),
        ago=wording.ago(c.created_at, now),
        looker="" if has_claim == actor.name else has_claim,
        may_decide=actor.may(Role.MODERATOR, c.site_id) and c.status is not Status.REMOVED,
        posing=_posing(c, known),
        language=c.lang,
        page_excerpt=cut(c.page_excerpt, _EXCERPT),
        around=tuple((other, cut(other.comment, _EXCERPT)) for other in item.around),
        alike=tuple(
            Twin(one.id, one.version, one.name, one.created_at, cut(one.comment, _SHORT))
            for one in item.alike
        ),
        more_alike=item.more_alike,
    )


def _posing(comment: Comment, known: KnownNames) -> str:
    """Whom the author's name looks like, as a sentence; "" where it is a name of their own."""
    name = outline(comment.name)
    if name and name in known.moderators_of(comment.site_id):
        return gettext(wording.LIKE_A_MODERATOR)
    if name and name in known.sites.get(comment.site_id, ()):
        return gettext(wording.LIKE_THE_SITE)
    return ""


def cut(text: str, limit: int) -> str:
    """The first `limit` characters, and a sign where more is left out."""
    return text if len(text) <= limit else f"{text[:limit].rstrip()} …"


def _marked(comment: Comment, text: str, against: list[str]) -> Markup:
    """The text with what the machine saw in it marked."""
    seen = {reason.code: reason.detail for reason in comment.reasons}
    phrases = [*against, *(seen[code] for code in _ABOUT_WORDS & seen.keys())]
    links = _ABOUT_LINKS & seen.keys() or any("link" in t or "domain" in t for t in against)
    urls = [link.url for link in find_links(text)[:20]] if links else []
    return highlight(text, phrases, urls)


def _hosts(comment: Comment) -> Counter[str]:
    """The hosts that links lead to, spelled out; names in other scripts also as punycode."""
    hosts: Counter[str] = Counter()
    for host, times in _plain_hosts(comment).items():
        hosts[_spelled(host)] += times
    return hosts


def _plain_hosts(comment: Comment) -> Counter[str]:
    hosts = [link.host for link in find_links(comment.comment)]
    website = host_of(comment.website) if comment.website else ""
    return Counter([*hosts, *([website] if website else [])])


def _spelled(host: str) -> str:
    if "xn--" not in host:
        return host
    try:
        return f"{host.encode('ascii').decode('idna')} ({host})"
    except UnicodeError:
        return host


def _author(counts: dict[str, int]) -> str:
    """How earlier comments under the address fared, in words."""
    if sum(counts.values()) <= 1:
        return gettext("first comment under this address")
    return gettext("under this address: {shares}").format(shares=wording.shares(counts))
