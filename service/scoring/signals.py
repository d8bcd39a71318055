"""What speaks for or against a submission beside its words: links, fields, disguise, relevance.

Every signal is a number from 0 to about 1. None tells a language or a script: an honest comment
in Arabic and one in English get the same signals.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from disposable_email_domains import blocklist

from service.domain import Submission
from service.scoring.praise import praise
from service.scoring.trade import is_trade
from service.text import Link, host_of, normalise

# name → what a moderator reads; the order is the order of the columns
SIGNALS: dict[str, str] = {
    "links": "number of links",
    "link": "contains a link",
    "many-links": "three links or more",
    "hosts": "links to several sites",
    "shortener": "shortened link",
    "link-only": "link only",
    "link-share": "mostly links",
    "markup-link": "link written as HTML or BBCode",
    "link-trade": "links to a shop's or agency's domain",
    "link-odd": "links to a domain of many words or digits",
    "link-front": "link to the front page of a site",
    "link-deep": "link to a page deep in a site",
    "link-unread": "link among words in a script the model cannot read",
    "website": "website field filled in",
    "website-trade": "website field is a shop's or agency's domain",
    "website-advert": "shop's domain and nothing about the article",
    "website-named": "comment speaks of what the website's domain says",
    "website-odd": "website field is a domain of many words or digits",
    "website-page": "website field leads to a page inside a site",
    "website-praise": "praise for any article, with a website",
    "website-related": "website filled in, comment about the article",
    "email-disposable": "disposable e-mail address",
    "email-digits": "e-mail address with many digits",
    "email-trade": "e-mail address of a shop or agency",
    "name-trade": "name made of search words",
    "name-long": "name of four words or more",
    "name-link": "name with a domain or digits",
    "phone": "phone number",
    "messenger": "messenger contact",
    "address": "e-mail address in the text",
    "handle": "handle or contact sign",
    "money": "sums of money",
    "hidden": "hidden or disguised characters",
    "styled": "letters from mathematical or full-width alphabets",
    "spaced": "spaced-out words",
    "capitals": "mostly capitals",
    "exclaimed": "many exclamation marks",
    "digits": "many digits",
    "repeated": "words repeated",
    "short": "very short",
    "long": "length of the text",
    "related": "shares words with the article",
    "quoted": "quotes what somebody said",
    "asked": "asks a question",
}
_ORDER = {name: place for place, name in enumerate(SIGNALS)}

# ruff: noqa: SIM905 - words in one string are easier to read and to extend than a list
_SHORTENERS = frozenset(
    "bit.ly tinyurl.com t.co goo.gl ow.ly is.gd cutt.ly rb.gy shorturl.at rebrand.ly tiny.cc "
    "buff.ly t.ly bl.ink clck.ru vk.cc soo.gd s.id lnkd.in linktr.ee adf.ly wa.link".split()
)
_MESSENGER_HOSTS = frozenset({"t.me", "wa.me", "telegram.me", "chat.whatsapp.com", "discord.gg"})
_DIGITS = re.compile("[0-9]")
_LINKLIKE_NAME = re.compile(
    r"https?:|www\.|\.(?:com|net|org|ru|info|biz|xyz|shop|online)\b|[0-9]{3}"
)
_MARKUP = re.compile(r"<a\s|\[/?url|\[link|\]\(", re.IGNORECASE)
_PHONE = re.compile(
    r"(?:\+|\b00)[1-9][0-9 ().\-]{7,}[0-9]|\([0-9]{2,4}\) ?[0-9]{3}"
    r"|(?<![0-9.])[0-9]{10,13}(?![0-9.])|\b[0-9]{3}[ .\-][0-9]{3}[ .\-][0-9]{4}\b"
    r"|5555-55"  # how the corpora mask long numbers
)
_MESSENGERS = (  # looked for one by one: ten times as fast as one expression
    "whatsapp", "whats app", "telegram", " viber", "wechat", "signal:", "skype", " wickr",
    "threema", "text me", "inbox me", " dm me", "contáctame", "contáctenos", "contactame",
    "contactenos", "escríbeme", "escríbenos", "escribeme", "escribenos", "контакт:",
)  # fmt: skip
# Only whether there is one: one sign before the @ is enough, and a run of them would be read anew
# from each of its signs, which takes minutes in a comment that is one long word.
_ADDRESS = re.compile(r"[\w.+\-] ?(?:@|\(at\)|\[at\]) ?[\w\-]+ ?(?:\.|\(dot\)|\[dot\]) ?[a-z]{2}")
_HANDLE = re.compile(r"(?<!\w)@[\w.]{3,}")
_PHONE_FIGURES = 7
_NUMBER = re.compile(r"[0-9+(][0-9 ().+\-]{6,}")  # where a phone number could be, found quickly
_MONEY = re.compile(r"[$€£₿] ?[0-9]|[0-9] ?(?:[$€£₿]|usd|dollars|euros|d[oó]lares|btc)\b")
_QUOTED = re.compile(
    '["\u201c-\u201e\u00ab\u00bb][^"\u201c-\u201e\u00ab\u00bb]{12,400}["\u201c\u201d\u00ab\u00bb]'
)
_QUOTED_ONCE = re.compile(  # in single quotes, with one apostrophe at most
    r"(?:^|\s)['\u2018][^'\u2018\u2019]{12,400}(?:['\u2019]\w[^'\u2018\u2019]{1,400})?['\u2019](?!\w)"
)
_HIDDEN = re.compile("[\u00ad\u200b\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069]")
_STYLED = re.compile("[\uff21-\uff5a\u2460-\u24ff\U0001d400-\U0001d7ff\U0001f130-\U0001f189]")
_UNREAD = re.compile("[^\\W\\d_\x00-\u036f\u1e00-\u1eff]")  # letters outside COVERED_SCRIPTS
_LONG = 300  # characters from which on a longer comment tells no more
_LONG_WORD = 5  # letters of a word that tells something
_WORD = re.compile(rf"\w{{{_LONG_WORD},}}")
_NO_SIGNS = {code: " " for code in range(128) if not re.match(r"\w", chr(code))}
_COMMON = frozenset(
    "about above after again against because before being below between could doing during "
    "further having itself other people really should since still their theirs there these "
    "thing things think those though through under until where which while would yours years "
    "every never always aunque como contra cuando desde donde entre estaba estado estamos "
    "estan están estas estos haber hacer hasta mientras mucho muchos nosotros porque puede "
    "pueden quien quién siempre sobre solo también tambien tiene tienen todos todas usted "
    "ustedes".split()
)
_HOST_WORD = re.compile("[a-z]{4,}")
_STEM = 6  # letters of a word that count when comparing with the article
_UPPER = bytes(range(65, 91))
_LETTERS = _UPPER + bytes(range(97, 123))
_FIGURES = bytes(range(48, 58))


@dataclass(frozen=True, slots=True)
class Body:
    """A comment in the forms its signals look at; `plain` and `folded` are without its links."""

    written: str
    unveiled: str
    plain: str
    folded: str
    links: tuple[Link, ...]


def signal_values(body: Body, submission: Submission) -> dict[int, float]:
    """The signals that are not zero, by their place in SIGNALS."""
    found: dict[str, float] = {}
    words = body.folded.split()
    related = _relevance(body, submission, found)
    _look_at_links(body, words, found)
    _look_at_author(body, submission, related, found)
    _look_at_contacts(body, found)
    _look_at_form(body, words, found)
    return {_ORDER[name]: value for name, value in found.items() if value}


def _path(url: str) -> str:
    return url.rpartition("://")[2].partition("/")[2].strip("/")


def _is_odd(host: str) -> bool:
    return host.count("-") >= 2 or len(_DIGITS.findall(host)) >= 2 or len(host) > 30


def _look_at_links(body: Body, words: list[str], found: dict[str, float]) -> None:
    if not body.links:
        return
    count = len(body.links)
    hosts = {link.host for link in body.links}
    found["link"] = 1.0
    found["links"] = min(count, 10) / 10
    found["many-links"] = float(count >= 3)
    found["hosts"] = float(len(hosts) >= 2)
    found["shortener"] = float(not _SHORTENERS.isdisjoint(hosts))
    found["messenger"] = float(not _MESSENGER_HOSTS.isdisjoint(hosts))
    found["link-only"] = float(len(words) <= 3)
    found["link-share"] = count / (count + len(words))
    found["markup-link"] = float(_MARKUP.search(body.unveiled) is not None)
    found["link-trade"] = float(any(map(is_trade, hosts)))
    found["link-odd"] = float(any(map(_is_odd, hosts)))
    paths = [_path(link.url) for link in body.links]
    found["link-front"] = float("" in paths)
    found["link-deep"] = float(any(path.count("/") >= 2 or len(path) > 40 for path in paths))
    unread = len(_UNREAD.findall(body.folded))
    found["link-unread"] = float(unread * 2 > len(body.folded) - body.folded.count(" "))


def _look_at_author(
    body: Body, submission: Submission, related: int, found: dict[str, float]
) -> None:
    if submission.website:
        host = host_of(submission.website)
        found["website"] = 1.0
        found["website-trade"] = float(is_trade(host))
        found["website-advert"] = float(related == 0) * found["website-trade"]
        own = {word[:_STEM] for word in _HOST_WORD.findall(host)[:8]}
        found["website-named"] = float(
            any(word[:_STEM] in own for word in _HOST_WORD.findall(body.folded))
            or any(link.host == host for link in body.links)
        )
        found["website-odd"] = float(_is_odd(host))
        found["website-page"] = float(_path(submission.website) != "")
        found["website-praise"] = praise(body.folded) * (related < 3)
        found["website-related"] = min(related, 4) / 4
    if submission.email:
        local, _, domain = submission.email.lower().rpartition("@")
        found["email-disposable"] = float(domain in blocklist)
        found["email-digits"] = float(len(_DIGITS.findall(local)) >= 4)
        found["email-trade"] = float(is_trade(submission.email.lower()))
    if submission.name:
        name = normalise(submission.name)
        found["name-trade"] = float(is_trade(name))
        found["name-long"] = float(name.count(" ") >= 3)
        found["name-link"] = float(_LINKLIKE_NAME.search(name) is not None)


def _look_at_contacts(body: Body, found: dict[str, float]) -> None:
    text = body.folded
    raw = text.encode("utf-8", "replace")
    figures = len(raw) - len(raw.translate(None, _FIGURES))
    for name in _MESSENGERS:
        if name in text:
            found["messenger"] = 1.0
            break
    if "@" in text or "(at)" in text or "[at]" in text:
        found["address"] = float(_ADDRESS.search(text) is not None)
        found["handle"] = float(_HANDLE.search(text) is not None)
    if figures >= _PHONE_FIGURES:
        found["phone"] = float(
            any(_PHONE.search(text, *place.span()) for place in _NUMBER.finditer(text))
        )
    if figures and _MONEY.search(text):
        found["money"] = 1.0


def _look_at_form(body: Body, words: list[str], found: dict[str, float]) -> None:
    raw = body.unveiled.encode("utf-8", "replace")
    size = len(raw)
    letters = size - len(raw.translate(None, _LETTERS))
    capitals = size - len(raw.translate(None, _UPPER))
    if letters >= 12:
        found["capitals"] = max(0.0, capitals / letters - 0.3)
    figures = size - len(raw.translate(None, _FIGURES))
    found["digits"] = min(1.0, 4 * max(0.0, figures / max(size, 1) - 0.05))
    found["asked"] = min(raw.count(b"?"), 2) / 2
    found["quoted"] = float(_quotes(body.plain))
    found["exclaimed"] = min(raw.count(b"!"), 5) / 5
    if len(words) >= 8:
        found["repeated"] = max(0.0, 0.7 - len(set(words)) / len(words))
    found["short"] = max(0.0, 1 - len(body.folded) / 30)
    found["long"] = min(1.0, len(body.folded) / _LONG)
    if not body.written.isascii():
        found["hidden"] = min(len(_HIDDEN.findall(body.written)), 4) / 4
        found["styled"] = min(len(_STYLED.findall(body.written)), 8) / 8
    found["spaced"] = float(len(words) * 3 < len(body.plain.split()) * 2)


def _quotes(text: str) -> bool:
    """Whether some words of a text stand in quotation marks."""
    plain = text.isascii()
    if ('"' in text or not plain) and _QUOTED.search(text):
        return True
    return ("'" in text or not plain) and _QUOTED_ONCE.search(text) is not None


def _relevance(body: Body, submission: Submission, found: dict[str, float]) -> int:
    """How many of the article's words the comment uses; sets the signals that tell it."""
    if not submission.page_title and not submission.page_text:
        return 0
    article = article_words(submission.page_title, submission.page_text)
    own = stems(body.folded)
    shared = len(own & article)
    found["related"] = shared / max(len(own), 4)
    return shared


def stems(folded: str) -> frozenset[str]:
    """The beginnings of the longer, telling words of a normalised text."""
    if folded.isascii():  # the same words, without an expression
        words = [w for w in folded.translate(_NO_SIGNS).split() if len(w) >= _LONG_WORD]
    else:
        words = _WORD.findall(folded)
    return frozenset([word[:_STEM] for word in words if word not in _COMMON])


@lru_cache(maxsize=256)
def article_words(title: str, excerpt: str) -> frozenset[str]:
    """The telling words of an article, kept for the next comment under it."""
    return stems(normalise(f"{title} {excerpt[:2000]}"))
