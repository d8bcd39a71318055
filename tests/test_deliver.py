"""What waits in the outbox goes out at least once, and one bad letter holds up no other."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import structlog

from service.deliver import ATTEMPTS, LEASE, pause_after
from service.domain import Message
from service.store import outbox, sites
from service.store.database import Database
from tests.desk import Desk
from tests.factories import NOW, PAGE, a_site, a_submission
from tests.mail_server import MailServer, running_mail_server
from tests.mailing import PUBLIC, deliver, delivering, links_of, text_of
from tests.redis_server import free_port
from tests.tiny_model import FINE_TEXT

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def wish(desk: Desk) -> Callable[..., str]:
    """A comment whose author wants mail, from a network of their own; returns its id."""
    with desk.database.transaction() as conn:
        a_site(conn)

    def send(email: str = "ann@mail.example", number: int = 0) -> str:
        submission = a_submission(
            comment=f"{FINE_TEXT} {number}", email=email, notify=True,
            address=f"203.0.{number}.9", address_prefixes=(f"203.0.{number}.9/32",),
        )  # fmt: skip
        return desk.take(submission)[0].id

    return send


def standing(database: Database) -> tuple[int, int, int]:
    """(waiting, troubled, failed)."""
    with database.transaction() as conn:
        found = outbox.standing(conn)
    return found.waiting, found.troubled, found.failed


def faults(database: Database) -> list[tuple[str, int]]:
    with database.transaction() as conn:
        return outbox.list_faults(conn)


def test_a_wish_becomes_one_letter_that_links_to_the_service_and_the_article_only(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    comment_id = wish()

    assert deliver(desk.database, mail_server, NOW) == {"sent": 1}
    assert deliver(desk.database, mail_server, NOW + DAY) == {}

    (letter,) = mail_server.letters
    assert letter["To"] == "ann@mail.example"
    assert letter["From"] == "comments@news.example"
    assert letter["Message-ID"].endswith("@news.example>")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert (letter.get_content_type(), letter.get_content_charset()) == ("text/plain", "utf-8")
    assert links_of(letter)[0] == PAGE
    assert links_of(letter)[1].startswith(f"{PUBLIC}/confirm?token={comment_id}.")
    assert len(links_of(letter)) == 2
    assert FINE_TEXT not in text_of(letter)
    assert "Ann" not in text_of(letter)


def test_r20_a_refused_recipient_is_given_up_and_holds_up_nobody(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    mail_server.refuse["gone@mail.example"] = "550 no such mailbox"
    for number, name in enumerate(("ann", "gone", "bob")):
        wish(f"{name}@mail.example", number)

    assert deliver(desk.database, mail_server, NOW) == {"sent": 2, "failed": 1}

    assert mail_server.recipients == ["ann@mail.example", "bob@mail.example"]
    assert standing(desk.database) == (0, 0, 1)
    assert faults(desk.database) == [("recipient refused (550)", 1)]


def test_r20_a_recipient_refused_for_now_is_tried_again_later_under_the_same_id(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    mail_server.refuse["ann@mail.example"] = "451 come again"
    wish()

    assert deliver(desk.database, mail_server, NOW) == {"put-off": 1}
    assert standing(desk.database) == (1, 1, 0)
    assert deliver(desk.database, mail_server, NOW + timedelta(seconds=1)) == {}
    mail_server.refuse.clear()

    assert deliver(desk.database, mail_server, NOW + HOUR) == {"sent": 1}
    assert standing(desk.database) == (0, 0, 0)


def test_r20_while_the_mail_server_is_away_all_waits_and_goes_out_when_it_is_back(
    desk: Desk, wish: Callable[..., str]
) -> None:
    port = free_port()
    for number in range(5):
        wish(f"reader{number}@mail.example", number)

    done = deliver(desk.database, MailServer(port), NOW)  # nobody listens there

    assert done == {"put-off": 1, "away": 1}  # and the others were left alone
    with running_mail_server(port) as server:
        assert deliver(desk.database, server, NOW + HOUR) == {"sent": 5}
    assert standing(desk.database) == (0, 0, 0)


def test_r2_a_letter_whose_answer_was_lost_goes_out_again_with_the_same_message_id(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    mail_server.break_off = 1
    wish()
    wish("bob@mail.example", 1)

    assert deliver(desk.database, mail_server, NOW) == {"put-off": 1, "sent": 1}
    assert deliver(desk.database, mail_server, NOW + HOUR) == {"sent": 1}

    first, other, again = mail_server.letters
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert text_of(first) == text_of(again)


def test_r2_what_a_dead_process_had_taken_is_taken_again_when_its_lease_ends(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    wish()
    with desk.database.transaction() as conn:
        taken = outbox.take(conn, NOW, LEASE)  # and then it dies
    assert taken is not None

    assert deliver(desk.database, mail_server, NOW + LEASE - timedelta(seconds=1)) == {}
    assert deliver(desk.database, mail_server, NOW + LEASE) == {"sent": 1}
    assert mail_server.letters[0]["Message-ID"] == f"<{taken.id}@news.example>"


def test_several_that_send_at_once_send_each_letter_once(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    for number in range(12):
        wish(f"reader{number}@mail.example", number)

    async def scenario() -> int:
        sending = [delivering(desk.database, mail_server, NOW) for _ in range(4)]
        return sum(done["sent"] for done in await asyncio.gather(*sending))

    assert asyncio.run(scenario()) == 12
    assert sorted(mail_server.recipients) == sorted(f"reader{n}@mail.example" for n in range(12))


def test_after_the_last_attempt_it_is_a_dead_letter(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    mail_server.refuse["ann@mail.example"] = "451 come again"
    wish()
    with desk.database.transaction() as conn:
        for number in range(ATTEMPTS - 1):
            due = outbox.take(conn, NOW, timedelta(seconds=0))
            assert due is not None
            assert due.attempts == number + 1

    assert deliver(desk.database, mail_server, NOW) == {"failed": 1}
    assert standing(desk.database) == (0, 0, 1)
    assert deliver(desk.database, mail_server, NOW + DAY) == {}


def test_r21_a_message_nobody_can_write_is_put_off_and_the_others_go_out(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    with desk.database.transaction() as conn:
        site = a_site(conn, "blog")
        outbox.add(conn, site.id, (Message("of-tomorrow", "ann@mail.example"),), NOW)
    wish()

    assert deliver(desk.database, mail_server, NOW) == {"put-off": 1, "sent": 1}
    assert faults(desk.database) == [("cannot be written: KeyError", 1)]


def test_what_a_process_of_the_version_before_writes_down_is_dropped(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    comment_id = wish()
    with desk.database.transaction() as conn:
        message = Message("comment-held", "desk@news.example", comment_id)
        outbox.add(conn, sites.get_site(conn, "news").id, (message,), NOW)

    assert deliver(desk.database, mail_server, NOW) == {"dropped": 1, "sent": 1}


def test_an_address_no_mail_can_go_to_is_given_up(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    with desk.database.transaction() as conn:
        a_site(conn, "blog", notify__email="not an address\nBcc: all@mail.example")
    wish()
    with desk.database.transaction() as conn:
        site = sites.get_site(conn, "news")
        sites.set_settings(conn, "news", {"notify.email": "nobody"})
        outbox.add(conn, site.id, (Message("digest", "nobody"),), NOW)

    assert deliver(desk.database, mail_server, NOW) == {"sent": 1, "failed": 1}
    assert faults(desk.database) == [("cannot be written: ValueError", 1)]


def test_what_could_not_go_out_for_a_week_is_dropped(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    wish()

    assert deliver(desk.database, mail_server, NOW + 8 * DAY) == {"dropped": 1}
    assert standing(desk.database) == (0, 0, 0)


def test_no_address_and_no_text_is_logged(
    desk: Desk, wish: Callable[..., str], mail_server: MailServer
) -> None:
    mail_server.refuse["ann@mail.example"] = "550 no mailbox ann@mail.example here"
    wish()

    with structlog.testing.capture_logs() as logged:
        deliver(desk.database, mail_server, NOW)

    assert [line["event"] for line in logged] == ["mail not sent"]
    assert "ann@" not in json.dumps(logged)
    assert "ann@" not in json.dumps(faults(desk.database))


def test_pauses_double_are_out_of_step_and_end_at_four_hours() -> None:
    first = [pause_after(1) for _ in range(50)]

    assert 22 < min(first) < max(first) < 38
    assert all(45 < pause_after(2) < 75 for _ in range(50))
    assert all(3 * 3600 <= pause_after(attempts) <= 5 * 3600 for attempts in (12, 19, 500))
