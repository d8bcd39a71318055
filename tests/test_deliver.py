"""What waits in the outbox goes out, once for each cause, and one bad letter holds up no other."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.desk import Desk
from tests.factories import NOW, PAGE, a_site, a_submission
from tests.mail_server import MailServer, running_mail_server
from tests.mailing import PUBLIC, deliver, links_of, text_of
from tests.tiny_model import FINE_TEXT


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with running_mail_server() as server:
        yield server


def test_a_wish_becomes_one_letter_that_links_to_the_service_and_the_article_only(
    desk: Desk, mail_server: MailServer
) -> None:
    with desk.database.transaction() as conn:
        a_site(conn)
    (receipt,) = desk.take(a_submission(comment=FINE_TEXT, notify=True))

    assert deliver(desk.database, mail_server, NOW) == {"sent": 1}
    assert deliver(desk.database, mail_server, NOW + timedelta(days=1)) == {}

    (letter,) = mail_server.letters
    assert letter["To"] == "ann@mail.example"
    assert letter["From"] == "comments@news.example"
    assert letter["Message-ID"].endswith("@news.example>")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "text/plain"
    assert letter.get_content_charset() == "utf-8"
    assert links_of(letter)[0] == PAGE
    assert links_of(letter)[1].startswith(f"{PUBLIC}/confirm?token={receipt.id}.")
    assert FINE_TEXT not in text_of(letter)
