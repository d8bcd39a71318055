"""Web addresses as intake reads them: split, checked and put in normal form, as a browser would.

Used by `page` for the pages comments belong to and by `submission` for an author's website.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote

import idna

_PORTS = {"http": 80, "https": 443}
_SHAPE = re.compile(r"(?s)(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE)
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]@%\\]+)(?::([0-9]{0,5}))?")
# What no address holds: blanks, controls, and characters that only steer the display of others.
# U+200C and U+200D stay: Persian and Hindi words are spelled with them.
_UNSAFE = re.compile(
    r"[\s\x00-\x20\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_ASCII_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_KEPT = "!$&()*+,;=:@/?%[]|^"  # what browsers leave alone in a path or query, % as already encoded


@dataclass(frozen=True, slots=True)
class WebUrl:
    """An http(s) address: host in ASCII lower case, `port` None for the scheme's own."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str | None
    fragment: str | None

    @property
    def origin(self) -> str:
        """Scheme, host and port, as a browser writes them in an `Origin` header."""
        return f"{self.scheme}://{self.host}" + ("" if self.port is None else f":{self.port}")

    def __str__(self) -> str:
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.origin}{self.path}{query}{fragment}"


def split_web_url(text: str) -> WebUrl:
    """Read an http or https address with a host and without credentials; ASCII throughout.

    The path is at least `/` and has no dot segments; escapes are upper case and only where
    needed. Putting the result's `str` in again gives the same. Raises ValueError otherwise.
    """
    match = _SHAPE.fullmatch(text)
    if match is None or _UNSAFE.search(text):
        raise ValueError("not an http or https address")
    scheme = match[1].lower()
    authority = _HOST_AND_PORT.fullmatch(match[2])
    if authority is None:
        raise ValueError("no host, or more than a host and a port")
    path = match[3].replace("\\", "/")  # as browsers read it
    return WebUrl(
        scheme,
        _normal_host(authority[1]),
        _normal_port(authority[2], scheme),
        _without_dots(_escaped(path)) if path else "/",
        None if match[4] is None else _escaped(match[4]),
        None if match[5] is None else _escaped(match[5]),
    )


def _normal_host(host: str) -> str:
    if host.startswith("["):
        return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
    # an IDNAError is a ValueError
    host = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
    if len(host) > 254 or _ASCII_HOST.fullmatch(host) is None:
        raise ValueError("not a host name")
    return host


def _normal_port(digits: str | None, scheme: str) -> int | None:
    if not digits:
        return None
    port = int(digits)
    if port > 65535:
        raise ValueError("no such port")
    return None if port == _PORTS[scheme] else port


def _escaped(text: str) -> str:
    """Escapes in upper case, none where a plain character means the same (RFC 3986, 6.2.2)."""
    if text.isascii() and text.replace("/", "").isalnum():
        return text
    if "%" in text:
        text = _PERCENT.sub(_normal_escape, text)
    return quote(text, safe=_KEPT)


def _normal_escape(match: re.Match[str]) -> str:
    if match[1] is None:
        return "%25"
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _without_dots(path: str) -> str:
    """Resolve `.` and `..` segments (RFC 3986, 5.2.4); `..` stops at the root."""
    if "/." not in path:
        return path
    *inner, last = path.split("/")[1:]
    kept: list[str] = []
    for segment in inner:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if last == "..":
        del kept[-1:]
    return "/" + "/".join((*kept, "" if last in (".", "..") else last))
