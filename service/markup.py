"""A comment's Markdown → safe HTML, for every page that shows one; raw HTML stays text.

A subset of CommonMark: paragraphs with kept line breaks, emphasis, strong, strikethrough, code,
fenced code, quotes, lists, links. No images, headings, rules, tables, indented code or reference
definitions: a reader's comment is not a document, and what looks like one of these stays text.
"""

import re

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import mdTrim

RENDERER = 1  # stored beside rendered HTML; raise it when the same text renders differently

_MAX_NESTING = 20  # levels of tokens; a list takes two
# Beyond these, the parser's time grows with the square of the text.
_MAX_BRACKETS = 300
_MAX_ADDRESSES = 100
_MAX_QUOTED_LINES = 20_000  # marks of quotes times lines: each quote looks how far it goes
# Beyond these it takes too long for its length: 40 µs an item, 8 µs a mark.
_MAX_ITEMS = 1_000
_MAX_MARKS = 3_000

TAGS = frozenset({
    "a", "blockquote", "br", "code", "em", "li", "ol", "p", "pre", "s", "strong", "ul",
})  # fmt: skip
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "*": set[str]()}
SCHEMES = frozenset({"http", "https", "mailto"})
LINK_REL = "nofollow ugc noopener"

_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    url_schemes=SCHEMES,
    url_relative="deny",
    link_rel=LINK_REL,
)
_SAFE_LINK = re.compile(r"https?://|mailto:", re.IGNORECASE)
_ITEM = re.compile(r"(?<!\S)(?:[-+*]|[0-9]{1,9}[.)])(?!\S)")
# Anything the parser might read as more than text.
_MARKUP = re.compile(
    r"[*_`\[\\~\t\r\x00]|&[#a-z]|<\S|//|mailto:|^ *(?:>|(?:[-+]|[0-9]{1,9}[.)])(?: |$))",
    re.IGNORECASE | re.MULTILINE,
)


def _build_parser() -> MarkdownIt:
    parser = MarkdownIt(
        "commonmark",
        {"html": False, "linkify": True, "breaks": True, "maxNesting": _MAX_NESTING},
    )
    parser.enable(["linkify", "strikethrough"])
    parser.disable(["code", "heading", "hr", "html_block", "html_inline", "image", "lheading"])
    parser.disable("reference")
    parser.validateLink = _is_safe_link  # type: ignore[method-assign]
    linkify = parser.linkify
    assert linkify is not None
    # Only complete addresses become links: not every file.name, and never a bare e-mail address.
    linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    linkify.add("//", None).add("ftp:", None)
    return parser


def _is_safe_link(url: str) -> bool:
    return _SAFE_LINK.match(url) is not None


_PARSER = _build_parser()


def render(text: str) -> str:
    """The HTML of a comment: our TAGS and ATTRIBUTES only, links marked LINK_REL.

    Works on at most a comment's 10,000 characters in well under 100 ms. Text nested deeper, or
    holding more links or items, than a person writes is shown as it is, not formatted.
    """
    if _MARKUP.search(text) is None or _is_costly(text):
        return _render_plain(text)
    return _render_markdown(text)


def _is_costly(text: str) -> bool:
    addresses = text.count("//") + text.count(":") // 2 + text.count("@")
    return (
        text.count("[") > _MAX_BRACKETS
        or addresses > _MAX_ADDRESSES
        or text.count(">") * text.count("\n") > _MAX_QUOTED_LINES
        or text.count("*") + text.count("_") + text.count("~") > _MAX_MARKS
        or len(_ITEM.findall(text)) > _MAX_ITEMS
    )


def _render_markdown(text: str) -> str:
    tokens = _PARSER.parse(text)
    if any(token.level >= _MAX_NESTING - 1 for token in tokens):
        return _render_plain(text)  # the parser drops what lies deeper
    return _CLEANER.clean(_PARSER.renderer.render(tokens, _PARSER.options, {}))


def _render_plain(text: str) -> str:
    """Paragraphs and line breaks only; for text without markup, what `_render_markdown` gives."""
    paragraphs: list[list[str]] = [[]]
    for line in text.split("\n"):
        if stripped := line.strip(" "):
            paragraphs[-1].append(stripped)
        elif paragraphs[-1]:
            paragraphs.append([])
    texts = (mdTrim("\n".join(lines)) for lines in paragraphs if lines)
    return "".join(f"<p>{_escape(paragraph)}</p>\n" for paragraph in texts)


def _escape(text: str) -> str:
    """Text as an HTML5 serialiser writes it, line ends as breaks."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\xa0", "&nbsp;").replace("\n", "<br>\n")
