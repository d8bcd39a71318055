"""Normal forms, links and tokens of text: pure, total, linear in the text's length.

`unveil` undoes what hides characters and keeps case and lines; `normalise` goes on to the form in
which words are compared. Neither changes what is stored. Look-alike letters are folded to Latin
only where Latin is what they pretend to be, so that honest Russian stays Russian.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_LOOKALIKES: dict[int, str] = {
    ord(char): line[0]
    for line in (Path(__file__).with_name("confusables.txt")).read_text("utf-8").splitlines()
    if not line.startswith("#")
    for char in line[2:]
}

# Control characters but tab and line ends; soft hyphen, zero-width, bidi, fillers, selectors, tags.
_INVISIBLE_SET = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_INVISIBLE_SET}]+")
# Marks that pile up on letters ("zalgo"): what is left of them after NFKC composed all it could.
_STUFFING = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
# Normalising takes time that grows with the square of a run of marks; 30 are more than any language
# stacks (UAX #15, stream-safe). Planes apart: the sets of the first are looked up at once.
_LONGEST_STACK = 30
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_LONGEST_TEXT = 20_000  # some characters become eighteen; what is beyond is not compared


def _too_many_marks(planes: range) -> re.Pattern[str]:
    marks = "".join(filter(unicodedata.combining, map(chr, planes)))
    return re.compile(f"([{marks}]{{{_LONGEST_STACK}}})[{marks}]+")


_TOO_MANY_MARKS = _too_many_marks(range(0x300, 0x10000))
_TOO_MANY_ASTRAL_MARKS = _too_many_marks(range(0x10000, 0x1E950))
_AMPERSANDS = re.compile(r"&(?:amp;?|#0{0,6}38;?|#x0{0,6}26;?)+", re.IGNORECASE)
_LOOKALIKE_SET = frozenset(map(chr, _LOOKALIKES))
_BEYOND = re.compile("[\u0180-\U0010ffff]")  # where look-alikes begin
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_LATIN = re.compile("[a-z]")
_UNMISTAKABLE = re.compile(f"[^\\W\\d_\x00-\u036f\u1e00-\u1eff{''.join(_LOOKALIKE_SET)}]")
_WORD = re.compile(r"\w+")
_SPACED = re.compile(r"(?<!\w)[^\W_](?: [^\W_]){3,}(?!\w)")
_SPACED_HINT = re.compile(r" [^\W_] [^\W_] ")  # in every such run, and quick to look for
_SEPARATED_HINT = re.compile(r"[.\-_*|~+][^\W_][.\-_*|~+]")
_SEPARATED = re.compile(r"(?<!\w)[^\W_]([.\-_*|~+])[^\W_](?:\1[^\W_]){2,}(?!\w)")
_PASSES = 4  # more layers of disguise than this lose their ampersands


def unveil(text: str) -> str:
    """The characters a reader sees: entities decoded, NFKC, invisible characters stripped.

    Case, lines and blanks stay. Idempotent.
    """
    if text.isascii() and "&" not in text and not _CONTROL.search(text):
        return text
    for _ in range(_PASSES):
        seen, text = text, _unveil_once(text)
        if seen == text:
            return text
    return _unveil_once(text.replace("&", " "))


def _unveil_once(text: str) -> str:
    if "&" in text:
        text = html.unescape(_AMPERSANDS.sub("&", text))
    text = _INVISIBLE.sub("", text)
    if len(text) > _LONGEST_STACK:
        text = _TOO_MANY_MARKS.sub(r"\1", text)
        if _ASTRAL.search(text):
            text = _TOO_MANY_ASTRAL_MARKS.sub(r"\1", text)
    return unicodedata.normalize("NFKC", text)[:_LONGEST_TEXT]


@lru_cache(maxsize=64)  # several stages read the same comment one after the other
def normalise(text: str) -> str:
    """The form in which words are compared. Idempotent; every step is linear.

    HTML entities → NFKC → case folded → zero-width, bidi and stacked marks stripped → blanks
    collapsed → "s p a c e d" words joined → look-alike letters (UTS #39) folded.
    """
    for _ in range(_PASSES):
        text = _fold(text)
        if _is_settled(text):
            return text
    return _fold(text.replace("&", " "))


def _fold(text: str) -> str:
    text = unveil(text)
    if text.isascii():
        return _join_spaced(text.lower())
    text = unicodedata.normalize("NFKC", text.casefold())
    text = unicodedata.normalize("NFKC", _STUFFING.sub("", text))
    return _fold_lookalikes(_join_spaced(text))


def _is_settled(text: str) -> bool:
    """Whether folding once more would change nothing."""
    if "&" in text:
        return _fold(text) == text
    return text.isascii() or (unicodedata.is_normalized("NFKC", text) and text.casefold() == text)


def _fold_lookalikes(text: str) -> str:
    """Fold look-alikes where Latin is meant: everywhere if no letter is unmistakably of another
    script, else in the words that hold a Latin letter and no such letter."""
    if not _BEYOND.search(text) or _LOOKALIKE_SET.isdisjoint(text) or not _LATIN.search(text):
        return text
    if not _UNMISTAKABLE.search(text):
        return text.translate(_LOOKALIKES)
    return _WORD.sub(_fold_word, text)


def _fold_word(match: re.Match[str]) -> str:
    word = match[0]
    if word.isascii() or not _LATIN.search(word) or _UNMISTAKABLE.search(word):
        return word
    return word.translate(_LOOKALIKES)


def _join_spaced(text: str) -> str:
    """Blanks collapsed and single letters with the same sign between them joined, four or more."""
    if _SPACED_HINT.search(text):
        text = _SPACED.sub(_joined, text)
    text = " ".join(text.split())
    if _SPACED_HINT.search(text):
        text = _SPACED.sub(_joined, text)
    return _SEPARATED.sub(_joined, text) if _SEPARATED_HINT.search(text) else text


def _joined(match: re.Match[str]) -> str:
    letters = match[0][::2]
    return match[0] if letters.isdigit() else letters


# Blanks, punctuation and symbols. What is left between them is a token: letters, digits and the
# vowel signs that Python's \w leaves out, so that words of Hindi or Thai stay whole.
_BREAK_SET = (
    r"\s!-/:-@\[-`{-~\u00a1-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u055a-\u055f"
    r"\u0589\u05be\u05c0\u05c3\u05f3\u05f4\u060c\u061b\u061f\u066a-\u066d\u06d4\u0964\u0965\u0e3f"
    r"\u0e4f\u0e5a\u0e5b\u10fb\u1360-\u1368\u2000-\u206f\u20a0-\u20cf\u2100-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\u303d-\u303f\u30a0\u30fb\ufe10-\ufe1f\ufe30-\ufe6f"
    r"\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\ufffc-\uffff\U0001f000-\U0001faff"
)
_UNSPACED_SET = (
    "\u0e00-\u0e7f\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
_TOKEN = re.compile(f"[{_UNSPACED_SET}]|[^{_BREAK_SET}{_UNSPACED_SET}]+")


def tokens(text: str) -> list[str]:
    """The words of the normalised text, in order, without punctuation.

    Scripts written without blanks (Han, kana, Thai, Khmer, Burmese) give one token a character.
    """
    return split_words(normalise(text))


def split_words(text: str) -> list[str]:
    """A text cut at blanks and punctuation, as it stands."""
    return _TOKEN.findall(text)


def outline(name: str) -> str:
    """What is left of a name at a glance: look-alikes folded in every script, only letters kept."""
    return re.sub(r"[\W_]+", "", normalise(name).translate(_LOOKALIKES)).translate(_FIGURES)


_FIGURES = str.maketrans("0135", "oles")  # as they are misused


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a text: `url` as written, `host` in lower case, non-ASCII names as punycode."""

    url: str
    host: str


# Top-level domains that make a bare name a link, and those which, being words or file endings,
# do so only before a path: "made.it" is a missing blank, "made.it/x" is a link.
# ruff: noqa: SIM905 - one string is easier to read and to extend than a list of quoted words
_TOP_LEVEL = frozenset(
    "com net org info biz edu gov mil int name pro mobi app dev page blog news shop store online "
    "site website web xyz top club vip win bet casino poker loan loans credit cash money finance "
    "market trade pharmacy health care clinic doctor diet guru ninja expert agency digital media "
    "marketing solutions services support email link click space fun live world today tech cloud "
    "host press wiki art icu buzz cyou rest bar cam sbs quest bond beauty hair skin makeup lol "
    "ltd work works life icu monster cfd stream download racing review science party date faith "
    "men directory company center group team network systems technology gratis io ai co tv cc ws "
    "ru ua by kz su de fr es it nl pl pt br mx ar cl pe uk eu ch at be se dk fi no cz sk hu ro bg "
    "gr tr ir il in id jp cn kr tw hk vn th my ph sg au nz ca us za ng ke gh eg ma sa ae pk bd lk "
    "np uz ge am az lt lv ee si hr rs ba me ie is pw tk ml ga cf gq to gg fm la ly ms nu st sh рф "
    "xn--p1ai xn--p1acf xn--80asehdb xn--80adxhks xn--j1amh xn--d1acj3b".split()
)
_WORDLIKE = frozenset(
    "it in is at be no my am me to us so do by la in ms sh st ml ga fm top win bar men date art "
    "work works life live today space fun world care link click email name pro int press review "
    "science party faith rest hair skin team group center company network systems "
    "technology".split()
)
_NOT_HOSTS = frozenset({"asp.net", "ado.net", "vb.net", "ml.net", "paint.net"})
_LINK = re.compile(
    r"(?:https?|hxxps?|ftp):[/\\]{1,3}(?P<rest>(?:\[[0-9a-f:.]{2,45}\])?[^\s<>\"'\[\]{}|^`]{0,2000})"
    r"|(?<![\w@.\-/:])(?://)?(?P<bare>(?:[^\W_](?:[\w-]{0,61}[^\W_])?[.。]){1,5}"
    r"(?P<top>xn--[a-z0-9-]{1,59}|[^\W\d_]{2,24})(?::[0-9]{1,5})?(?![\w@-])"
    r"(?P<path>[/?#][^\s<>\"'\[\]{}|^`]{0,2000})?)",
    re.IGNORECASE,
)
_SPLIT_NAME = re.compile(
    r"(?<![\w@.\-])(?P<name>[a-z0-9][a-z0-9-]{1,62})"
    r"(?: \. ?| ?[(\[{] ?(?:dot|\.) ?[)\]}] ?)"
    r"(?P<top>com|net|org|info|biz|ru|top|xyz|online|site|shop|store|club|io|co)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=64)
def find_links(text: str) -> tuple[Link, ...]:
    """Every different link in the text, in order: URLs, bare domains, HTML, BBCode, Markdown.

    Reads what `unveil` shows; sees through "hxxp", "name . com" and "name[.]com" as well. E-mail
    addresses and file or version names are no links.
    """
    text = unveil(text)
    if "." not in text and ":" not in text and "。" not in text and "dot" not in text.lower():
        return ()
    return tuple(dict.fromkeys(_links(text)))


def _links(text: str) -> Iterator[Link]:
    last = text.count(". ") + text.count(": ") + text.endswith((".", ":"))
    if text.count(".") + text.count(":") > last or "。" in text:  # a stop inside a word
        for chunk in text.split():
            if "." in chunk[:-1] or ":" in chunk[:-1] or "。" in chunk:
                yield from _links_in(chunk)
    if " ." in text or "[" in text or "(" in text or "{" in text:
        for match in _SPLIT_NAME.finditer(text):
            yield Link(match[0], f"{match['name']}.{match['top']}".lower())


def _links_in(chunk: str) -> Iterator[Link]:
    for match in _LINK.finditer(chunk):
        if match["bare"] is None:
            url, authority = _trimmed(match[0]), match["rest"]
        elif _is_link(match):
            url = authority = _trimmed(match["bare"])
        else:
            continue
        if host := host_of(authority):
            yield Link(url, host)


def _is_link(match: re.Match[str]) -> bool:
    top = match["top"].lower()
    if top not in _TOP_LEVEL:
        return False
    if match["bare"].lower().startswith("www."):
        return True
    return match["path"] is not None or (
        top not in _WORDLIKE and match["bare"].lower() not in _NOT_HOSTS
    )


def _trimmed(url: str) -> str:
    """Without the punctuation of the sentence around it; a closing bracket stays if opened."""
    url = url.rstrip(".,;:!?*_~…")
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(".,;:!?*_~…")
    return url


def host_of(url: str) -> str:
    """The host of a URL or of its authority part, as in `Link.host`; empty when there is none."""
    if (start := url.find("://")) >= 0:
        url = url[start + 3 :]
    authority = re.split(r"[/?#\\\s]", url, maxsplit=1)[0].rpartition("@")[2]
    host = re.sub(r":[0-9]*$", "", authority).replace("。", ".").strip(".,;:!?*_~()").lower()
    if host.isascii():
        return host
    try:
        return host[:253].encode("idna").decode("ascii")
    except UnicodeError:  # no valid name: shown as it is
        return host
