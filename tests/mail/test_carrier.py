"""The connection to the mail server: kept, renewed, and never waited for without end."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from service.mail import carrier as module
from service.mail.carrier import Carrier, ServerAway, Undelivered
from service.mail.letter import Letter
from service.mail.server import parse_mail_server
from tests.factories import NOW
from tests.mail_server import MailServer
from tests.mailing import SENDER
from tests.redis_server import free_port

LETTER = Letter("0", "ann@mail.example", "Subject", "Text")


def carrying(url: str, act: Callable[[Carrier], Awaitable[None]]) -> None:
    """Do something with a carrier, and close it."""
    server = parse_mail_server(url, SENDER)
    assert server is not None

    async def scenario() -> None:
        carrier = Carrier(server)
        try:
            await act(carrier)
        finally:
            await carrier.aclose()

    asyncio.run(scenario())


def test_letters_share_a_connection_and_get_a_new_one_after_a_break(
    mail_server: MailServer,
) -> None:
    async def act(carrier: Carrier) -> None:
        await carrier.send(LETTER, NOW)
        first = carrier._client
        await carrier.send(LETTER, NOW)
        assert carrier._client is first
        mail_server.break_off = 1
        with pytest.raises(Undelivered) as broken:
            await carrier.send(LETTER, NOW)
        assert not broken.value.for_good
        await carrier.send(LETTER, NOW)

    carrying(mail_server.url, act)
    assert len(mail_server.letters) == 4


def test_a_refusal_leaves_the_connection_to_the_next_letter(mail_server: MailServer) -> None:
    mail_server.refuse["gone@mail.example"] = "550 gone"

    async def act(carrier: Carrier) -> None:
        with pytest.raises(Undelivered, match="550") as refused:
            await carrier.send(Letter("1", "gone@mail.example", "S", "T"), NOW)
        assert refused.value.for_good
        await carrier.send(LETTER, NOW)

    carrying(mail_server.url, act)
    assert mail_server.recipients == ["ann@mail.example"]


def test_a_server_that_never_answers_is_given_up(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WHOLE", 0.3)
    mail_server.answers.clear()

    async def act(carrier: Carrier) -> None:
        with pytest.raises(Undelivered, match="took too long") as slow:
            await carrier.send(LETTER, NOW)
        assert not slow.value.for_good
        mail_server.answers.set()
        await carrier.send(LETTER, NOW)

    carrying(mail_server.url, act)


def test_nobody_there_and_a_wrong_way_to_speak_are_said_by_kind() -> None:
    async def nobody(carrier: Carrier) -> None:
        with pytest.raises(ServerAway, match="ConnectError"):
            await carrier.send(LETTER, NOW)
        with pytest.raises(ServerAway, match="ConnectError"):
            await carrier.check()

    carrying(f"smtp://127.0.0.1:{free_port()}", nobody)


def test_where_tls_is_asked_for_nothing_goes_without(mail_server: MailServer) -> None:
    async def act(carrier: Carrier) -> None:
        with pytest.raises(ServerAway):
            await carrier.send(LETTER, NOW)

    carrying(mail_server.url.replace("smtp:", "smtp+starttls:"), act)
    carrying(mail_server.url.replace("smtp:", "smtps:"), act)
    assert mail_server.letters == []


def test_an_address_in_another_script_is_taken_where_the_server_can(
    mail_server: MailServer,
) -> None:
    async def act(carrier: Carrier) -> None:
        await carrier.send(Letter("1", "änn@müller.example", "S", "T"), NOW)

    carrying(mail_server.url, act)
    assert mail_server.recipients == ["änn@xn--mller-kva.example"]
