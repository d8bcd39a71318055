"""Pathological text at the length limit: rendered, scored, normalised, marked in 100 ms each."""

import time
from collections.abc import Callable
from itertools import cycle, islice

import pytest

from service.likeness import fingerprint
from service.markup import render
from service.scoring.model import Model, shipped_models
from service.text import find_links, normalise
from service.web.highlight import highlight
from tests.factories import a_submission
from tests.hostile.judging import findings
from tests.hostile.table import TIMED

pytestmark = pytest.mark.slow

LIMIT = 10_000  # characters of a comment
ALLOWED = 0.1  # seconds of the processor, the best of three


def repeated(piece: str) -> str:
    """As much of it as a comment may hold."""
    return piece * (LIMIT // len(piece))


def counted(piece: str) -> str:
    """As much of it as a comment may hold, each with another number in place of @."""
    text, number = "", 0
    while len(text) < LIMIT:
        text, number = text + piece.replace("@", str(number)), number + 1
    return text[:LIMIT]


def mixed(*pieces: str) -> str:
    """The pieces in turn."""
    text = ""
    for piece in cycle(pieces):
        if len(text) + len(piece) > LIMIT:
            return text
        text += piece
    return text


def closed(start: str, middle: str, end: str) -> str:
    """So often opened and as often closed again."""
    half = (LIMIT - len(middle)) // (len(start) + len(end))
    return start * half + middle + end * half


# By the ways in which parsers of Markdown have become slow, such as CVE-2022-21670 of markdown-it
# and CVE-2022-39209, CVE-2023-22483 to 22486, CVE-2023-24824 and CVE-2023-37463 of cmark-gfm.
TEXTS = {
    "nested quotes": repeated(">"),
    "quotes, blanks": repeated("> "),
    "quotes of many lines": repeated(">>>>>>>>>> a\n"),
    "quotes, one deeper each line": "".join(">" * n + " a\n" for n in range(1, 138)),
    "lazy quotes": "> " * 50 + repeated("a\n")[:9000],
    "quotes and lists": repeated("> - "),
    "quotes in items": repeated("- > 1. "),
    "open brackets": repeated("["),
    "closed brackets": repeated("]"),
    "brackets in brackets": closed("[", "a", "]"),
    "links in links": closed("[", "a", "](b)"),
    "open links": repeated("[a]("),
    "links to brackets": repeated("[a](<"),
    "links with open titles": repeated('[a](b "'),
    "links, parentheses": "[a](" + "(" * 9900,
    "images": repeated("![[]()"),
    "images in images": closed("![", "a", "](b)"),
    "footnotes": repeated("[^1]"),
    "references": counted("[a@]"),
    "definitions": counted("[a@]: /b\n"),
    "one definition open": "[" + repeated("\\a")[:9990] + "]: b",
    "definitions, open titles": repeated('[a]: b "\n'),
    "definitions of nothing": repeated("[]:\n"),
    "stars": repeated("*"),
    "stars apart": repeated("* "),
    "stars and lines": repeated("*_"),
    "open emphasis": repeated("*a "),
    "closing emphasis": repeated("a* "),
    "open strong, closing lines": repeated("**a ")[:5000] + repeated("a__ ")[:5000],
    "emphasis of all kinds": repeated("*a **b _c __d "),
    "emphasis in emphasis": closed("*a ", "b", "*"),
    "emphasis and underscores": repeated("a**b" + "c* "),
    "many delimiters": repeated("a***b__c~~d"),
    "tildes": repeated("~"),
    "open strikes": repeated("~~a "),
    "strikes of three": repeated("~~~a~~ "),
    "backticks": repeated("`"),
    "backticks of many lengths": "".join("`" * n + " " for n in range(140)),
    "open code": repeated("`a``b"),
    "fences": repeated("```\n"),
    "fences in fences": "".join("`" * n + "\n" for n in range(3, 140)),
    "tilde fences": repeated("~~~ a\n"),
    "comments": repeated("<!--"),
    "comments closed": repeated("<!-->"),
    "comments, dashes": repeated("<!-- -"),
    "instructions": repeated("<?"),
    "declarations": repeated("<!A "),
    "sections": repeated("<![CDATA["),
    "tags": repeated("<b>"),
    "open tags": repeated("<a b='"),
    "tags with attributes": "<a" + repeated(" b=c")[:9990] + ">",
    "closing tags": repeated("</"),
    "autolinks": repeated("<http://"),
    "autolinks closed": repeated("<http://a>"),
    "autolinks of mail": repeated("<a@b.c>"),
    "one long autolink": "<http:" + "a" * 9990 + ">",
    "one long mail": "<" + "a" * 9000 + "@b>",
    "mail and dots": "<a@" + repeated("a.")[:9990],
    "addresses": repeated("http://a.b "),
    "addresses, brackets": repeated("http://a.b(("),
    "addresses, closing": "http://a.b/" + ")" * 9980,
    "addresses, stops": "http://a.b/" + "." * 9980,
    "addresses in one word": repeated("http://"),
    "addresses, commas": repeated("http://a,"),
    "hosts": repeated("a.b.c.d.com "),
    "one host": repeated("a."),
    "hosts and dots": repeated("w.com.."),
    "at signs": repeated("@"),
    "mail": repeated("mailto:a@b "),
    "mail in one word": repeated("a@b."),
    "colons": repeated(":"),
    "slashes": repeated("//"),
    "split hosts": repeated("a . com "),
    "split hosts, brackets": repeated("a[.]com "),
    "words and dots": repeated("a (dot) "),
    "entities": repeated("&#1;"),
    "ampersands": repeated("&"),
    "nested entities": repeated("&amp;"),
    "entities in entities": "&" + repeated("amp;")[:9990],
    "open entities": repeated("&#x"),
    "long entity": "&" + "a" * 9990 + ";",
    "numbers": repeated("&#1114112;"),
    "backslashes": repeated("\\"),
    "escapes": repeated("\\*\\_\\["),
    "lists": repeated("- "),
    "deep lists": "".join("  " * n + "- a\n" for n in range(98)),
    "lists of numbers": repeated("1. "),
    "items": repeated("- a\n"),
    "items apart": repeated("- a\n\n"),
    "empty items": repeated("-\n"),
    "items of lists": repeated("- - - - - a\n"),
    "numbers of items": counted("@. a\n"),
    "items, other marks": mixed("- a\n", "+ a\n", "* a\n"),
    "tables": "|a|b|\n|-|-|\n" + repeated("|c|d|\n")[:9980],
    "wide tables": "|" * 3000 + "\n" + "|-" * 1500 + "|\n" + "|" * 3900,
    "dashes": repeated("-"),
    "rules": repeated("---\n"),
    "underlines": repeated("a\n=\n"),
    "headings": repeated("#"),
    "headings closed": "# " + repeated(" #")[:9990],
    "line ends": repeated("\n"),
    "blanks": repeated(" "),
    "blanks before lines": repeated("    \n"),
    "tabs": repeated("\t"),
    "tabs and quotes": repeated(">\t"),
    "carriage returns": repeated("\r"),
    "one word": "a" * LIMIT,
    "one word of Han": "漢" * LIMIT,
    "words of one letter": repeated("a "),
    "spaced letters": repeated("v i a g r a  "),
    "signs between letters": repeated("a.b-c_d "),
    "different words": counted("w@ "),
    "look-alikes": repeated("аррӏе "),
    "mixed scripts": repeated("аbв "),
    "marks": "Z" + "\u0300" * 9999,
    "marks of two kinds": "Z" + repeated("\u0300\u0327"),
    "astral marks": "a" + "\U0001d165" * 9999,
    "marks and letters": repeated("e\u0301\u0327"),
    "joiners": repeated("👩‍👩‍👧‍👦"),
    "ligatures": "\ufdfa" * LIMIT,
    "wide letters": "ａ" * LIMIT,
    "invisible": repeated("a\u200b\u2060"),
    "soft hyphens": repeated("a\xad"),
    "turned": repeated("\u202ea\u202c"),
    "isolated": repeated("\u2066"),
    "Hangul": repeated("\u1100\u1161\u11a8"),
    "upper case": "İ" * LIMIT,
    "sharp s": "ß" * LIMIT,
    "digits": "9" * LIMIT,
    "prices": repeated("$1,000.00 "),
    "quotes, fences, entities": repeated("> ```\n&\n"),
    "lists, quotes, links": repeated("- > [a](b) *c\n"),
    "emphasis and links": repeated("*[a](http://b) _"),
    "brackets and stars": repeated("[*"),
    "code and links": repeated("[`](` "),
    "links and tags": repeated("[<a ]("),
    "all at once": mixed(
        "> ",
        "- ",
        "1. ",
        "*a ",
        "[b](",
        "`c",
        "<d ",
        "&e",
        "~~f",
        "\\",
        "\n",
        "http://g.h ",
        "\u0300",
    ),
    "blanks in a line": "a" + " " * 9990 + "b",
    "blanks at the ends": repeated("a" + " " * 97 + "\n"),
    "address, stars": "http://a/" + "*" * 9990,
    "every sign": "".join(islice(cycle(map(chr, range(33, 127))), LIMIT)),
}


def best_of_three(work: Callable[[], object]) -> float:
    """Seconds of the processor, with nothing remembered from the time before."""
    taken = []
    for _ in range(3):
        normalise.cache_clear()
        find_links.cache_clear()
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


@pytest.mark.parametrize("name", TEXTS)
def test_a_pathological_text_costs_less_than_100_ms(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    text = TEXTS[name][:LIMIT]
    submission = a_submission(comment=text, name=text[:100])
    models = [Model.load(shipped_models() / "base") for _ in range(3)]  # each remembers words
    terms = [term.text for term in models[0].score(submission).terms]
    assert len(text) > LIMIT * 0.9

    times = {
        "render": best_of_three(lambda: render(text)),
        "score": best_of_three(lambda: models.pop().score(submission)),
        "normal": best_of_three(lambda: (normalise(text), find_links(text), fingerprint(text))),
        "mark": best_of_three(lambda: highlight(text, terms)),
    }

    record_property(TIMED, (name, *(seconds * 1000 for seconds in times.values())))
    assert {what: seconds for what, seconds in times.items() if seconds > ALLOWED} == {}
    assert findings(render(text)) == []
