"""The judge of whatever is shown: an HTML5 parser, our few tags, and nothing that is alive."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import html5lib

from service.markup import LINK_REL, SCHEMES, TAGS
from tests.conftest import ROOT

_LINKS = ("href", "src", "action", "formaction", "data", "poster", "background")
_ALWAYS = {"html", "head", "body", "tbody"}  # which a parser adds by itself


def _templates() -> str:
    folder = ROOT / "service" / "web" / "templates"
    return "".join(path.read_text("utf-8") for path in sorted(folder.rglob("*.html")))


_OURS = frozenset(re.findall(r"<([a-z][a-z0-9-]*)", _templates())) | TAGS | _ALWAYS | {"h1", "mark"}


@lru_cache(maxsize=64)  # pages are asked for again and again
def live_markup(page: str) -> list[str]:
    """What a browser would run, load from elsewhere, or follow to a scheme we do not allow."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    mutated = html5lib.serialize(tree, omit_optional_tags=False)
    again = html5lib.parse(mutated, namespaceHTMLElements=False)
    return [*_alive_in(tree), *_alive_in(again)]


def _alive_in(tree: Any) -> Iterator[str]:
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag not in _OURS or (element.tag == "script" and not element.get("src")):
            yield element.tag
        if element.tag == "bdi" or element.get("class") == "words text":  # text, or marks in it
            yield from (f"{child.tag} in a text" for child in element if child.tag != "mark")
        for name, value in element.attrib.items():
            if str(name).startswith("on") or name in ("style", "srcdoc"):
                yield f"{element.tag} {name}={value}"
            loaded = element.tag != "link" or element.get("rel") != "canonical"
            if name in _LINKS and loaded and not _is_harmless(element.tag, name, value):
                yield f"{element.tag} {name}={value}"


def _is_harmless(tag: str, name: str, value: str) -> bool:
    address = urlsplit(value.strip())
    if name == "href" and tag == "a":
        return address.scheme in ("http", "https", "mailto", "")
    return not address.scheme and not address.netloc  # nothing is loaded from elsewhere


def findings(page: str) -> list[str]:
    """What a browser would find in the HTML beyond our tags, attributes and schemes.

    Parsed, serialised and parsed again, since markup can change its meaning on the way.
    """
    tree = html5lib.parseFragment(page, namespaceHTMLElements=False)
    again = html5lib.parseFragment(html5lib.serialize(tree), namespaceHTMLElements=False)
    return [*_findings_in(tree), *_findings_in(again)]


def _findings_in(tree: Any) -> Iterator[str]:
    for element in list(tree.iter())[1:]:
        if not isinstance(element.tag, str) or element.tag not in TAGS:
            yield f"tag {element.tag}"
            continue
        attributes = dict(element.attrib)
        if element.tag == "a":
            scheme = attributes.pop("href", "https:").partition(":")[0].lower()
            if attributes.pop("rel", "") != LINK_REL or scheme not in SCHEMES:
                yield f"link {element.attrib}"
        if element.tag == "ol":
            attributes.pop("start", None)
        if attributes:
            yield f"attributes {attributes} of {element.tag}"
