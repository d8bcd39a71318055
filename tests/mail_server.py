"""A real SMTP server in a thread of its own, which can also refuse, be slow, or die."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.redis_server import free_port, wait_until


@dataclass
class MailServer:
    """What came in, and how the next ones are answered: `refuse` names a code for an address."""

    port: int
    envelopes: list[Envelope] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    answers: threading.Event = field(default_factory=threading.Event)  # else it says nothing
    break_off: int = 0  # how many connections are cut once a letter has been taken

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def letters(self) -> list[EmailMessage]:
        """The letters taken, as messages, in order."""
        return [_parsed(envelope) for envelope in list(self.envelopes)]

    @property
    def recipients(self) -> list[str]:
        return [to for envelope in list(self.envelopes) for to in envelope.rcpt_tos]

    def await_letters(self, number: int, seconds: float = 20) -> list[EmailMessage]:
        """The letters, once there are so many."""
        wait_until(lambda: len(self.envelopes) >= number, f"{number} letters", seconds=seconds)
        return self.letters

    # --- what aiosmtpd calls ---

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        if self.break_off:
            self.break_off -= 1
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        await asyncio.get_running_loop().run_in_executor(None, self.answers.wait, 30)
        return "250 taken"


def _parsed(envelope: Envelope) -> EmailMessage:
    content: Any = envelope.content
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@contextmanager
def running_mail_server(port: int = 0) -> Iterator[MailServer]:
    """A mail server for the length of the block."""
    server = MailServer(port or free_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port, enable_SMTPUTF8=True)
    server.answers.set()
    controller.start()
    try:
        yield server
    finally:
        server.answers.set()
        controller.stop()
