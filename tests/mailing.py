"""What the tests of mail share: wishes sent along with comments, and links found in letters."""

import asyncio
import re
from collections import Counter
from datetime import datetime
from email.message import EmailMessage

from service.deliver import deliver_due
from service.mail.carrier import Carrier
from service.mail.server import parse_mail_server
from service.store.database import Database
from tests.factories import SECRET
from tests.mail_server import MailServer

SENDER = "comments@news.example"
PUBLIC = "http://testserver"


async def delivering(database: Database, server: MailServer, now: datetime) -> Counter[str]:
    """Send what is due at this moment, by a connection of its own."""
    named = parse_mail_server(server.url, SENDER)
    assert named is not None
    carrier = Carrier(named)
    try:
        return await deliver_due(
            carrier, store=database, secret=SECRET, public_url=PUBLIC, clock=lambda: now
        )
    finally:
        await carrier.aclose()


def deliver(database: Database, server: MailServer, now: datetime) -> dict[str, int]:
    """Send what is due at this moment; what became of it."""
    return {name: n for name, n in asyncio.run(delivering(database, server, now)).items() if n}


def text_of(letter: EmailMessage) -> str:
    """A letter's text."""
    content: str = letter.get_content()
    return content


def links_of(letter: EmailMessage) -> list[str]:
    """Every link that stands in a letter's text."""
    return re.findall(r"https?://\S+", text_of(letter))


def token_of(letter: EmailMessage, page: str) -> str:
    """The token of the link to this page of the service."""
    found = re.search(rf"/{page}\?token=(\S+)", text_of(letter))
    assert found is not None
    return found[1]
