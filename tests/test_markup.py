"""Markup: whatever is written comes out as our few tags and safe links, and soon."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import html5lib
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service import markup
from service.markup import LINK_REL, TAGS, render
from tests.hostile.judging import findings


def text_of(page: str) -> str:
    return "".join(html5lib.parseFragment(page, namespaceHTMLElements=False).itertext())


RENDERED = {
    "a plain line": ("Hello.", "<p>Hello.</p>\n"),
    "line breaks and paragraphs": (
        "one\ntwo\n\n\n  three  ", "<p>one<br>\ntwo</p>\n<p>three</p>\n",
    ),
    "signs": ("1 < 2 & 3 > 2 \"'", "<p>1 &lt; 2 &amp; 3 &gt; 2 \"'</p>\n"),
    "emphasis": ("*a* **b** ~~c~~", "<p><em>a</em> <strong>b</strong> <s>c</s></p>\n"),
    "code": ("`<b>`", "<p><code>&lt;b&gt;</code></p>\n"),
    "fence": ("```js\nx\n\ny\n```", "<pre><code>x\n\ny\n</code></pre>\n"),
    "quote": ("> a\n\nb", "<blockquote>\n<p>a</p>\n</blockquote>\n<p>b</p>\n"),
    "list": ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
    "numbers": ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
    "link": (
        "[a](https://b.example 'c')",
        f'<p><a href="https://b.example" rel="{LINK_REL}">a</a></p>\n',
    ),
    "address": (
        "see https://b.example/c.",
        f'<p>see <a href="https://b.example/c" rel="{LINK_REL}">https://b.example/c</a>.</p>\n',
    ),
    "mail link": ("<mailto:a@b.example>",
        f'<p><a href="mailto:a@b.example" rel="{LINK_REL}">mailto:a@b.example</a></p>\n',
    ),
    "bare host or e-mail stays text": ("b.example a@b.example", "<p>b.example a@b.example</p>\n"),
    "heading stays text": ("# a\nb\n===", "<p># a<br>\nb<br>\n===</p>\n"),
    "rule stays text": ("a\n\n---\n\nb", "<p>a</p>\n<p>---</p>\n<p>b</p>\n"),
    "table stays text": ("|a|b|\n|-|-|\n|c|d|", "<p>|a|b|<br>\n|-|-|<br>\n|c|d|</p>\n"),
    "indented text is no code": ("    a", "<p>a</p>\n"),
    "definition stays text": ("[a]: /b", "<p>[a]: /b</p>\n"),
    "image becomes a link": (
        "![a](https://b.example/c.png)",
        f'<p>!<a href="https://b.example/c.png" rel="{LINK_REL}">a</a></p>\n',
    ),
    "other schemes stay text": ("[a](tel:1) <ftp://b>", "<p>[a](tel:1) &lt;ftp://b&gt;</p>\n"),
    "relative links stay text": ("[a](/b) [c](//d)", "<p>[a](/b) [c](//d)</p>\n"),
    "nothing": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize(("text", "page"), RENDERED.values(), ids=RENDERED)
def test_a_subset_of_markdown_is_rendered(text: str, page: str) -> None:
    assert render(text) == page


ATTACKS = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "drawing": "<svg><g/onload=alert(2)//<p>",
    "mutation": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;<img src=1>'>",
    "template": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "javascript": "[a](javascript:alert`1`) <javascript:alert(1)>",
    "javascript with an entity": "[a](&#106;avascript:alert(1)) [b](java&Tab;script:alert(1))",
    "javascript with a line end": "[a](java\nscript:alert(1)) [b](<java\nscript:alert(1)>)",
    "javascript in capitals": "[a](JaVaScRiPt:alert(1))",
    "control before the scheme": "[a](\x01javascript:alert(1)) [b](<\u00a0javascript:x>)",
    "data": "[a](data:text/html;base64,PHNjcmlwdD4=) ![b](data:image/svg+xml,x)",
    "vbscript": "[a](vbscript:x) <vbscript:x>",
    "out of the address": '[a](https://b.example/"onmouseover="alert(1)) <https://b/"x=">',
    "out of the title": "[a](https://b.example '\" onmouseover=\"alert(1)')",
    "out of the text": "[<img src=x onerror=alert(1)>](https://b.example)",
    "out of the language": '```"><script>alert(1)</script>\nx\n```',
    "out of a bare address": "https://b.example/'onmouseover='alert(1)/\"><img/src/onerror=x>",
    "out of a number": '1"onclick="x. a',
    "nested": "[[a](javascript:x)](https://b.example) *[a*](javascript:x)",
    "NUL": "<scr\0ipt>alert(1)</scr\0ipt> [a](java\0script:x)",
}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
def test_s3_an_attack_comes_out_harmless(text: str) -> None:
    assert findings(render(text)) == []


# ruff: noqa: SIM905 - marks are easier to read side by side than as a list of quoted ones
MARKS = r"""
    * ** _ ~~ ` ``` > - + 1. 1) [ ] ( ) ]( < > <b <a@b.c> & &amp; &#62; \ ! # = --- | // :
    http:// https://b.example mailto:a@b.c javascript:x " ' <script> <!-- --> www.b.example
""".split()
SPACES = [
    " ",
    "  ",
    "    ",
    "\t",
    "\n",
    "\n\n",
    "\n    ",
    "\n- ",
    "\n> ",
    "\r",
    "\0",
    "\xa0",
    "\u2028",
]
pieces = st.sampled_from(MARKS) | st.sampled_from(SPACES) | st.text(max_size=5)
documents = st.lists(pieces, max_size=14).map("".join)


@given(documents)
@settings(deadline=None, max_examples=150)
def test_anything_comes_out_harmless(text: str) -> None:
    assert findings(render(text)) == []


@given(documents)
@example("a \n\xa0\n b")
@example("<3a@b.example>")
@example("\x0b")
@settings(deadline=None, max_examples=300)
def test_the_quick_way_for_plain_text_gives_what_the_parser_gives(text: str) -> None:
    plain = re.sub(r"[*_`\[\\~\t\r\0]", "", text)
    if markup._MARKUP.search(plain) is not None:
        return

    assert markup._render_plain(plain) == markup._render_markdown(plain)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n")))
@settings(deadline=None)
def test_text_shown_as_it_is_survives_every_character(text: str) -> None:
    assert text_of(markup._render_plain(text)).split() == text.split()


NASTY = {
    "brackets": "[" * 10_000,
    "pairs of brackets": "[]" * 5_000,
    "open links": "[a](" * 2_500,
    "open links to addresses": "[a](<http://" * 800,
    "addresses": "http://a.b " * 900,
    "addresses in brackets": "<http://" * 1_250,
    "mail addresses": "<a@b.c> " * 1_250,
    "mailto": "mailto:a@b " * 900,
    "emphasis": "*a **b _c __d " * 700,
    "closing emphasis": "a** " * 2_500,
    "stars": "*_" * 5_000,
    "backticks": "".join("`" * n + "a" for n in range(1, 140)),
    "quotes": "> " * 5_000,
    "quoted fences": "> ```\n&\n" * 1_250,
    "nested quotes, short lines": "1. [a]>\n" + "&\n  >> - \n" * 1_100,
    "quotes and lists": "> - " * 2_500,
    "just under the limit of quotes": "> ```\n&\n" * 95 + "*a _b " * 1_500,
    "lists": "- " * 5_000,
    "deeper lists": "".join("  " * n + "- a\n" for n in range(98)),
    "many items": "- a\n\n" * 2_000,
    "fences": "```\n" * 2_500,
    "entities": "&#1;" * 2_500,
    "backslashes": "\\" * 10_000,
    "line ends": "\n" * 10_000,
    "tags": "<b>" * 3_300,
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_nasty_text_costs_little(text: str) -> None:
    text = text[:10_000]
    start = time.thread_time()

    render(text)

    # Several times what it takes, so that a slow machine does not fail; the quadratic ways this
    # is about took from 0.4 to 10 seconds.
    assert time.thread_time() - start < 0.35


def test_text_nested_too_deep_is_shown_and_not_dropped() -> None:
    for deep in ("> " * 30 + "treasure", "- " * 30 + "treasure", "> - " * 12 + "treasure"):
        assert "treasure" in render(deep)
    assert render("> " * 8 + "treasure").count("<blockquote>") == 8


def test_a_text_full_of_links_is_shown_as_it_is() -> None:
    many = "[a](https://b.example) " * 400

    assert "<a" not in render(many)
    assert text_of(render(many)).strip() == many.strip()


def test_html_corpora_come_out_harmless(corpora: Path) -> None:
    folder = corpora / "badinputs"
    if not folder.is_dir():
        pytest.skip(f"no corpora at {folder}")
    texts = [*_strings(json.loads((folder / "blns" / "blns.json").read_text("utf-8")))]
    for path in sorted((folder / "bleach").glob("*.json")):
        texts += _strings(json.loads(path.read_text("utf-8")))
    for path in sorted((folder / "markdown-it").glob("*.txt")):
        texts += re.split(r"^\.\n", path.read_text("utf-8"), flags=re.MULTILINE)
    texts += [case["markdown"] for case in _specification(folder)]
    for path in sorted((folder / "html5lib-tests" / "tokenizer").glob("*.test")):
        cases = json.loads(path.read_text("utf-8")).get("tests", [])
        texts += [case["input"] for case in cases[:: 1 if len(cases) < 300 else 20]]

    harmful = {text: found for text in texts if (found := findings(render(text)))}

    assert len(texts) > 2_500
    assert harmful == {}


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _specification(folder: Path) -> list[dict[str, str]]:
    path = folder / "commonmark" / "spec_examples.json"
    cases: list[dict[str, str]] = json.loads(path.read_text("utf-8"))
    return cases


# What we leave out: code by indentation, raw HTML, reference definitions; links need a scheme.
_LEFT_OUT = re.compile(r"\t| {4}|<[!/?a-zA-Z]|^ *\[[^\]]*\]: |< ?https?:|^https?:", re.MULTILINE)
_BREAK = re.compile(r"\s*<br ?/>\n|\n")  # we keep line breaks


def test_what_we_support_of_commonmark_matches_the_specification(corpora: Path) -> None:
    folder = corpora / "badinputs"
    if not (folder / "commonmark").is_dir():
        pytest.skip(f"no CommonMark examples at {folder}")
    supported = [
        case
        for case in _specification(folder)
        if set(re.findall(r"<([a-z0-9]+)", case["html"])) <= TAGS
        and all(link.startswith("http") for link in re.findall('href="([^"]*)', case["html"]))
        and not _LEFT_OUT.search(case["markdown"])
    ]

    different = [
        case["example"]
        for case in supported
        if _BREAK.sub("", markup._PARSER.render(case["markdown"])) != _BREAK.sub("", case["html"])
    ]

    assert len(supported) > 250
    assert different == []


def test_a_text_of_more_items_or_marks_than_a_person_writes_is_shown_as_it_is() -> None:
    for piece in ("- a\n", "1. a\n", "- - - a\n", "*_"):
        text = (piece * 9_999)[:10_000].rstrip()
        assert render(text) == markup._render_plain(text)
    assert render("- a\n" * 900).count("<li>") == 900
