"""Which mail server a URL names, and who mails come from."""

import pytest

from service.mail.server import parse_mail_server, parse_sender

FROM = "comments@news.example"


@pytest.mark.parametrize(
    ("url", "port", "tls", "starttls"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp+starttls://mail.example", 587, False, True),
        ("smtps://mail.example", 465, True, False),
        ("smtps://mail.example:2465/", 2465, True, False),
    ],
)
def test_the_scheme_says_how_the_line_is_kept_private(
    url: str, port: int, tls: bool, starttls: bool
) -> None:
    server = parse_mail_server(url, FROM)

    assert server is not None
    assert (server.host, server.port) == ("mail.example", port)
    assert (server.tls, server.starttls) == (tls, starttls)
    assert server.domain == "news.example"


def test_user_password_and_sender_may_stand_in_the_url() -> None:
    server = parse_mail_server("smtps://desk%40news:p%2Fw@mail.example?from=a@news.example")

    assert server is not None
    assert (server.user, server.password) == ("desk@news", "p/w")
    assert str(server.sender) == "a@news.example"
    assert "p/w" not in repr(server)


def test_the_setting_wins_over_the_url_and_may_have_a_name() -> None:
    server = parse_mail_server("smtp://mail.example?from=a@x.example", f"News Desk <{FROM}>")

    assert server is not None
    assert str(server.sender) == f"News Desk <{FROM}>"


def test_without_a_url_there_is_none() -> None:
    assert parse_mail_server("", FROM) is None


@pytest.mark.parametrize(
    "url",
    ["mail.example", "smtp://", "http://mail.example", "smtp://x:port", "smtp://[",
     "smtp://desk:pw@mail.example"],
)  # fmt: skip
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected smtp://|TLS"):
        parse_mail_server(url, FROM)


def test_a_password_in_the_clear_stays_on_the_machine() -> None:
    assert parse_mail_server("smtp://desk:pw@127.0.0.1:2525", FROM) is not None


@pytest.mark.parametrize(
    "sender",
    ["", "news", "a@b@c", "a@news.example, b@news.example", "a@news.example\r\nBcc: b@x.example",
     "añb@news.example", "News <>", "=?utf-8?q?=0A?= <a@news.example>"],
)  # fmt: skip
def test_a_sender_is_one_address(sender: str) -> None:
    with pytest.raises(ValueError, match="the address mails come from"):
        parse_sender(sender)
