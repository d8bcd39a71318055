"""A letter as the bytes that go out: plain text, no header that anybody but we wrote."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email
from msgspec import Struct

from service.mail.server import MailServer

# Begins an encoded word (RFC 2047). The library decodes one even where it is set as plain text, and
# writes the line break that may be in it straight into the head.
_ENCODED = "=?"


class Letter(Struct, frozen=True):
    """What one recipient is told. `id` stays the same over all attempts.

    `unsubscribe` is the address that ends letters of this kind when it is posted to (RFC 8058).
    """

    id: str
    recipient: str
    subject: str
    text: str
    unsubscribe: str = ""


def address_on_the_wire(recipient: str) -> str:
    """The address as mail servers take it: its domain in ASCII. Raises ValueError for none."""
    try:
        found = validate_email(recipient, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("not an e-mail address") from None
    if _ENCODED in found.local_part:
        raise ValueError("an address that reads as an encoded word")
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"


def message_of(letter: Letter, server: MailServer, now: datetime) -> EmailMessage:
    """The letter as a message; what would break out of a header is refused with ValueError."""
    local, _, domain = address_on_the_wire(letter.recipient).rpartition("@")
    message = EmailMessage(policy=SMTP if local.isascii() else SMTP.clone(utf8=True))
    message["From"] = server.sender
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = " ".join(letter.subject.split()).replace(_ENCODED, "= ?")
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{letter.id}@{server.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers
    if letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    return message
