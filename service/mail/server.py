"""Which mail server a URL names, how it is spoken to, and who mails come from."""

import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

_SCHEMES = {"smtp": (25, False, False), "smtp+starttls": (587, False, True),
            "smtps": (465, True, False)}  # fmt: skip
_EXPECTED = "expected smtp://, smtp+starttls:// or smtps://USER:PASSWORD@HOST:PORT"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PLAIN = re.compile(r"[^\s@<>\"',;:()\[\]\\]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server: TLS from the start, after STARTTLS, or not at all; `sender` as in From."""

    host: str
    port: int
    tls: bool
    starttls: bool
    sender: Address
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def domain(self) -> str:
        """What stands after the @ of the sender; message ids end with it."""
        return self.sender.domain


def parse_mail_server(url: str, sender: str = "") -> MailServer | None:
    """The server that a URL names; None without one. Raises ValueError saying what is expected.

    The sender may stand in the URL instead: `?from=comments@news.example`.
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        default, tls, starttls = _SCHEMES[parts.scheme]
        port = parts.port or default
    except (KeyError, ValueError):
        raise ValueError(_EXPECTED) from None
    if not parts.hostname:
        raise ValueError(_EXPECTED)
    if parts.username and parts.scheme == "smtp" and parts.hostname not in _LOOPBACK:
        raise ValueError("a password goes over TLS only: take smtp+starttls:// or smtps://")
    named = sender or parse_qs(parts.query).get("from", [""])[0]
    return MailServer(
        parts.hostname, port, tls, starttls, parse_sender(named),
        unquote(parts.username or ""), unquote(parts.password or ""),
    )  # fmt: skip


def parse_sender(text: str) -> Address:
    """`comments@news.example`, or with a name before it. Raises ValueError."""
    name, plain = parseaddr(text)
    is_one = text.count("@") == 1 and text.isprintable() and "=?" not in text
    if not (is_one and _PLAIN.fullmatch(plain) and plain.isascii()):
        raise ValueError("expected the address mails come from, such as comments@news.example")
    return Address(name, addr_spec=plain)
