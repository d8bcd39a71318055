"""No text, whatever is in it, adds a header, a recipient or a part to a letter."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.intake.email import parse_email
from service.mail.letter import Letter, address_on_the_wire, message_of
from service.mail.server import parse_mail_server
from tests.factories import NOW

SERVER = parse_mail_server("smtp://mail.example", "News <comments@news.example>")
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
CONTENT = ["Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
TEXTS = st.text() | st.sampled_from([
    "x\r\nBcc: all@mail.example", "x\nTo: all@mail.example\n\nHello", "\r\n\r\n<script>", "x\x00y",
    "x\u2028Bcc: a@b.example", "=?utf-8?q?=0ABcc:_a@b.example?=", "x\x0bBcc: y", "x\x85Bcc: y",
    "=??Q?=0A", "==?utf-8?q?=0D=0ABcc:_a@b.example?=", "= ?utf-8?q?=0ABcc:_a@b.example?=",
])  # fmt: skip


def written(letter: Letter) -> EmailMessage:
    """The letter as whoever gets it reads it."""
    assert SERVER is not None
    read = message_from_bytes(message_of(letter, SERVER, NOW).as_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    return read


@given(subject=TEXTS, text=TEXTS)
def test_s35_no_text_adds_a_header_or_a_recipient(subject: str, text: str) -> None:
    letter = Letter("1", "ann@mail.example", subject.replace("\x00", ""), text)
    try:
        read = written(letter)
    except ValueError:
        return  # it is not written at all

    assert sorted(read.keys()) == sorted([*HEADERS, *CONTENT])
    assert read["To"] == "ann@mail.example"
    assert not read.is_multipart()
    assert read.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "recipient",
    ["", "ann", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "a@b.example\n",
     "<a@b.example>", "a b@c.example", "a:b@c.example;", "@b.example",
     "=?utf-8?q?=0ABcc=3Aall?=@mail.example", "a=?utf-8?q?=0A?=@mail.example"],
)  # fmt: skip
def test_s35_what_is_not_one_address_gets_no_letter(recipient: str) -> None:
    with pytest.raises(ValueError, match="address"):
        written(Letter("1", recipient, "Subject", "Text"))


@given(st.emails())
def test_whatever_is_taken_in_as_an_address_can_be_written_to(email: str) -> None:
    try:
        taken = parse_email(email)
    except ValueError:
        return

    assert written(Letter("1", taken, "Subject", "Text"))["To"].addresses[0].addr_spec


def test_a_domain_in_another_script_goes_out_in_ascii() -> None:
    assert address_on_the_wire("ann@müller.example") == "ann@xn--mller-kva.example"
    assert address_on_the_wire("änn@müller.example") == "änn@xn--mller-kva.example"


def test_every_letter_of_a_text_arrives_and_lines_stay_short() -> None:
    text = "Grüße, 你好, 🙂\n\nhttps://news.example/" + "a" * 2000 + "\n.\nEnd\n"
    assert SERVER is not None

    letter = Letter("1", "ann@mail.example", "Grüße für Ann", text)
    raw = message_of(letter, SERVER, NOW).as_bytes()
    read = written(letter)

    assert read.get_content().replace("\r\n", "\n") == text
    assert read["Subject"] == "Grüße für Ann"
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert raw.isascii()


def test_the_way_out_is_in_the_head_where_there_is_one() -> None:
    link = "https://comments.news.example/unsubscribe?token=" + "a" * 100

    read = written(Letter("1", "ann@mail.example", "S", "T", unsubscribe=link))

    assert read["List-Unsubscribe"] == f"<{link}>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
