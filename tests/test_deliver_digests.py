"""Moderators get one letter about all that waits on a site, and none where nothing does."""

import asyncio
from datetime import timedelta

import pytest

from service import review
from service.deliver import write_digests
from service.domain import Signal
from service.store import outbox
from service.store.database import Database
from service.vocabulary import Code, Status
from tests.factories import ADMIN, NOW, SPAM, a_comment, a_site, approving
from tests.mail_server import MailServer
from tests.mailing import PUBLIC, deliver, links_of, text_of

DAY = timedelta(days=1)


def digests(database: Database, mail_server: MailServer, now: object = NOW) -> list[str]:
    """The subjects of the digests of this moment."""
    before = len(mail_server.letters)
    asyncio.run(write_digests(store=database, now=now))  # type: ignore[arg-type]
    deliver(database, mail_server, now)  # type: ignore[arg-type]
    return [letter["Subject"] for letter in mail_server.letters[before:]]


def test_moderators_get_one_letter_a_day_about_all_that_waits(
    database: Database, mail_server: MailServer
) -> None:
    with database.transaction() as conn:
        a_site(conn, notify__email="desk@news.example")
        a_comment(conn, now=NOW)
        a_comment(conn, comment="Another.", now=NOW + timedelta(minutes=1))
        a_comment(conn, comment="Pills!", score=SPAM, reasons=(Signal(Code.SCORE_SPAM),))

    assert digests(database, mail_server) == ["2 comments wait on News"]
    assert digests(database, mail_server, NOW + timedelta(hours=17)) == []
    assert digests(database, mail_server, NOW + timedelta(hours=19)) == ["2 comments wait on News"]

    letter = mail_server.letters[0]
    assert letter["To"] == "desk@news.example"
    assert "The oldest came in on 1 March 2026 at 12:00 UTC." in text_of(letter)
    assert "One more looks like spam." in text_of(letter)
    assert links_of(letter) == [f"{PUBLIC}/desk/?site=news"]


def test_an_hourly_digest_comes_once_an_hour(database: Database, mail_server: MailServer) -> None:
    with database.transaction() as conn:
        a_site(conn, notify__email="desk@news.example", digest="hourly")
        a_comment(conn)

    assert digests(database, mail_server) == ["1 comment waits on News"]
    assert digests(database, mail_server, NOW + timedelta(minutes=59)) == []
    assert digests(database, mail_server, NOW + timedelta(minutes=60)) != []


@pytest.mark.parametrize("settings", [{}, {"notify__email": "desk@news.example", "digest": "off"}])
def test_where_nobody_wants_a_digest_there_is_none(
    database: Database, mail_server: MailServer, settings: dict[str, str]
) -> None:
    with database.transaction() as conn:
        a_site(conn, **settings)
        a_comment(conn)

    assert digests(database, mail_server) == []


def test_spam_alone_and_an_empty_queue_cause_no_digest(
    database: Database, mail_server: MailServer
) -> None:
    with database.transaction() as conn:
        a_site(conn, notify__email="desk@news.example")
        a_comment(conn, score=SPAM, reasons=(Signal(Code.SCORE_SPAM),))
        a_comment(conn, comment="Fine.", status=Status.PUBLISHED)

    assert digests(database, mail_server) == []


def test_a_digest_that_waited_too_long_to_tell_anything_is_dropped(
    database: Database, mail_server: MailServer
) -> None:
    with database.transaction() as conn:
        a_site(conn, notify__email="desk@news.example")
        comment = a_comment(conn)
    asyncio.run(write_digests(store=database, now=NOW))
    asyncio.run(write_digests(store=database, now=NOW))
    asyncio.run(review.decide(ADMIN, approving(comment.id), store=database, now=NOW))

    assert deliver(database, mail_server, NOW) == {"dropped": 1}


def test_r20_after_days_without_a_mail_server_there_is_one_digest_and_no_flood(
    database: Database, mail_server: MailServer
) -> None:
    with database.transaction() as conn:
        a_site(conn, notify__email="desk@news.example")
        a_comment(conn)
    for day in range(4):
        asyncio.run(write_digests(store=database, now=NOW + day * DAY))

    with database.transaction() as conn:
        assert outbox.count_waiting(conn) == 1
    assert deliver(database, mail_server, NOW + 4 * DAY) == {"sent": 1}
