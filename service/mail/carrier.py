"""The way to the mail server: one connection for as long as there is something to send."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from service.mail.letter import Letter, address_on_the_wire, message_of
from service.mail.server import MailServer

if TYPE_CHECKING:
    from datetime import datetime

    import aiosmtplib

_SECONDS = 20.0  # for one answer of the server
_WHOLE = 60.0  # for one letter, however slowly it goes


class Undelivered(Exception):
    """This letter was not taken; `for_good` when no later attempt will do better.

    `fault` names no address and nothing that the server said.
    """

    def __init__(self, fault: str, *, for_good: bool = False) -> None:
        super().__init__(fault)
        self.fault = fault
        self.for_good = for_good


class ServerAway(Exception):
    """The mail server cannot be used now, whatever the letter."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class Carrier:
    """Sends letters one after the other; connects when there is one, and again after a break."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self._client: aiosmtplib.SMTP | None = None

    async def send(self, letter: Letter, now: "datetime") -> None:
        """Hand one letter over. Raises Undelivered or ServerAway."""
        try:
            wire = address_on_the_wire(letter.recipient)
            body = message_of(letter, self.server, now).as_bytes()
        except ValueError as error:
            raise Undelivered(f"cannot be written: {type(error).__name__}", for_good=True) from None
        try:
            async with asyncio.timeout(_WHOLE):
                client = await self._connected()
                await self._hand_over(client, wire, body)
        except TimeoutError:
            await self.aclose()
            raise Undelivered("the mail server took too long") from None

    async def check(self) -> None:
        """Connect, and sign in where the server asks for it. Raises ServerAway."""
        try:
            async with asyncio.timeout(_SECONDS):
                await self._connected()
        except TimeoutError:
            await self.aclose()
            raise ServerAway("the mail server took too long") from None

    async def aclose(self) -> None:
        """Let the connection go."""
        import aiosmtplib

        client, self._client = self._client, None
        if client is None:
            return
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            if client.is_connected:
                await client.quit(timeout=2)
        client.close()

    async def _connected(self) -> "aiosmtplib.SMTP":
        import aiosmtplib

        if self._client is not None and self._client.is_connected:
            return self._client
        server = self.server
        client = aiosmtplib.SMTP(
            hostname=server.host, port=server.port, use_tls=server.tls, start_tls=server.starttls,
            username=server.user or None, password=server.password or None, timeout=_SECONDS,
            local_hostname=server.domain,
        )  # fmt: skip
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            client.close()
            raise ServerAway(_named(error)) from None
        self._client = client
        return client

    async def _hand_over(self, client: "aiosmtplib.SMTP", wire: str, body: bytes) -> None:
        import aiosmtplib

        options = [] if wire.isascii() else ["SMTPUTF8"]
        try:
            if options and not (await client.ehlo()).message.upper().count("SMTPUTF8"):
                raise Undelivered("the mail server takes no such address", for_good=True)
            await client.sendmail(self.server.sender.addr_spec, [wire], body, mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = error.recipients[0].code
            raise Undelivered(f"recipient refused ({code})", for_good=code >= 500) from None
        except aiosmtplib.SMTPSenderRefused as error:  # a matter of our settings, not of the letter
            raise Undelivered(f"sender refused ({error.code})") from None
        except aiosmtplib.SMTPDataError as error:
            raise Undelivered(
                f"letter refused ({error.code})", for_good=error.code >= 500
            ) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.aclose()
            raise Undelivered(_named(error)) from None


def _named(error: Exception) -> str:
    """The kind of an error, with the server's code; what it said might repeat an address."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__}{f' ({code})' if code else ''}"
