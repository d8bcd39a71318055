"""Which causes make a letter, which none, and how many letters anybody can get."""

import asyncio
from datetime import timedelta

import pytest

from service import confirm, review
from service.deliver import FROM_ONE, TO_ONE
from service.revise import withdraw
from service.store import sites, subscriptions
from service.store.database import Database
from service.tokens import edit_token, unsubscribe_token
from service.vocabulary import CONFIRM, RuleKind, Status
from tests.desk import Desk
from tests.factories import (
    ADMIN,
    NOW,
    PAGE,
    SECRET,
    a_comment,
    a_rule,
    a_site,
    a_submission,
    approving,
    rejecting,
)
from tests.mail_server import MailServer
from tests.mailing import PUBLIC, deliver, links_of, text_of, token_of
from tests.tiny_model import FINE_TEXT

LATER = NOW + timedelta(minutes=2)
DAY = timedelta(days=1)


def subscribed(database: Database, *, email: str = "ann@mail.example") -> str:
    """A published comment whose author is told of replies; its id."""
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=Status.PUBLISHED, email=email)
        subscriptions.subscribe(
            conn, comment.id, site_id=comment.site_id, thread_id=comment.thread_id, email=email,
            now=NOW,
        )  # fmt: skip
    return comment.id


def a_reply(database: Database, parent_id: str, **changes: object) -> str:
    """A held reply; its id."""
    written = {"name": "Bob", "email": "bob@mail.example", "comment": "So it did."} | changes
    with database.transaction() as conn:
        return a_comment(conn, parent_id=parent_id, **written).id  # type: ignore[arg-type]


def approve(database: Database, *ids: str) -> str:
    """Approve comments; the decision's id."""
    made = asyncio.run(review.decide(ADMIN, approving(*ids), store=database, now=NOW))
    return made.decision_id


# --- confirming -------------------------------------------------------------------------------


def test_what_was_rejected_causes_no_letter(desk: Desk, mail_server: MailServer) -> None:
    with desk.database.transaction() as conn:
        a_rule(conn, RuleKind.WORD, "casino", site=a_site(conn))
    desk.take(a_submission(comment="Our casino is open.", notify=True, confirm=True))
    (held,) = desk.take(a_submission(comment=FINE_TEXT, notify=True, confirm=True))
    asyncio.run(review.decide(ADMIN, rejecting(held.id), store=desk.database, now=NOW))

    assert deliver(desk.database, mail_server, NOW) == {"dropped": 1}
    assert mail_server.letters == []


def test_where_proof_earns_nothing_none_is_asked_for(desk: Desk, mail_server: MailServer) -> None:
    with desk.database.transaction() as conn:
        a_site(conn, publish__proven="off")
    desk.take(a_submission(comment=FINE_TEXT, confirm=True))

    assert deliver(desk.database, mail_server, NOW) == {}


def test_s36_nobody_is_flooded_whoever_types_their_address(
    desk: Desk, mail_server: MailServer
) -> None:
    with desk.database.transaction() as conn:
        a_site(conn)
    many = [
        a_submission(
            comment=f"{FINE_TEXT} {n}", email=("Ann" if n % 2 else "ann") + "@mail.example",
            notify=True, address=f"203.0.{n}.9", address_prefixes=(f"203.0.{n}.9/32",),
        )
        for n in range(8)
    ]  # fmt: skip
    desk.take(*many)

    assert deliver(desk.database, mail_server, NOW) == {
        "sent": TO_ONE[CONFIRM], "dropped": 8 - TO_ONE[CONFIRM],
    }  # fmt: skip

    (receipt,) = desk.take(a_submission(comment="A day later.", notify=True), now=NOW + DAY * 1.01)
    assert receipt.id
    assert deliver(desk.database, mail_server, NOW + DAY * 1.02) == {"sent": 1}


def test_s36_one_network_floods_nobody_however_many_addresses_it_types(
    desk: Desk, mail_server: MailServer
) -> None:
    with desk.database.transaction() as conn:
        a_site(conn, limit__address="off", limit__network="off")
    desk.take(
        *(
            a_submission(
                comment=f"{FINE_TEXT} {n}", email=f"reader{n}@mail.example", notify=True,
                address=f"2001:db8::{n}",
            )
            for n in range(FROM_ONE + 5)
        )
    )  # fmt: skip

    assert deliver(desk.database, mail_server, NOW) == {"sent": FROM_ONE, "dropped": 5}


def test_s36_a_percent_sign_in_an_address_stands_for_nothing_else(
    desk: Desk, mail_server: MailServer
) -> None:
    with desk.database.transaction() as conn:
        a_site(conn, limit__address="off")
    emails = ["ann@mail.example"] * 3 + ["%@mail.example", "a_n@mail.example"]
    for n, email in enumerate(emails):
        desk.take(a_submission(comment=f"{FINE_TEXT} {n}", email=email, notify=True, address=""))

    assert deliver(desk.database, mail_server, NOW) == {"sent": 5}


# --- replies ----------------------------------------------------------------------------------


def test_a_reply_is_told_of_once_it_is_approved_and_not_before(
    database: Database, mail_server: MailServer
) -> None:
    parent = subscribed(database)
    reply = a_reply(database, parent)
    assert deliver(database, mail_server, LATER) == {}
    decision = approve(database, reply)

    assert deliver(database, mail_server, NOW) == {}  # the moderator may think better of it
    assert deliver(database, mail_server, LATER) == {"sent": 1}

    (letter,) = mail_server.letters
    assert letter["To"] == "ann@mail.example"
    assert "Bob has replied to your comment on News" in text_of(letter)
    assert "So it did." not in text_of(letter)
    assert links_of(letter)[0] == f"{PAGE}#comment-{reply}"
    unsubscribe = f"{PUBLIC}/unsubscribe?token={unsubscribe_token(SECRET, parent)}"
    assert links_of(letter)[1] == unsubscribe
    assert letter["List-Unsubscribe"] == f"<{unsubscribe}>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    asyncio.run(review.undo(ADMIN, decision, store=database, now=LATER))
    approve(database, reply)
    assert deliver(database, mail_server, LATER + DAY) == {}  # one letter for each reply


def test_an_approval_that_is_taken_back_in_time_tells_nobody_until_the_next_one(
    database: Database, mail_server: MailServer
) -> None:
    reply = a_reply(database, subscribed(database))
    decision = approve(database, reply)
    asyncio.run(review.undo(ADMIN, decision, store=database, now=NOW))

    assert deliver(database, mail_server, LATER) == {"dropped": 1}
    approve(database, reply)
    assert deliver(database, mail_server, LATER) == {"sent": 1}


@pytest.mark.parametrize("email", ["ann@mail.example", "Ann@mail.example"])
def test_nobody_is_told_of_their_own_reply(
    database: Database, mail_server: MailServer, email: str
) -> None:
    approve(database, a_reply(database, subscribed(database), email=email))

    assert deliver(database, mail_server, LATER) == {}


def test_a_reply_that_is_published_at_once_is_told_of_and_a_rejected_one_is_not(
    desk: Desk, mail_server: MailServer
) -> None:
    parent = subscribed(desk.database)
    with desk.database.transaction() as conn:
        site = sites.set_settings(conn, "news", {"publish.unproven": "score"})
        a_rule(conn, RuleKind.WORD, "casino", site=site)
    desk.take(
        a_submission(parent_id=parent, email="bob@mail.example", comment=FINE_TEXT),
        a_submission(parent_id=parent, email="eve@mail.example", comment="Our casino is open."),
    )

    assert deliver(desk.database, mail_server, LATER) == {"sent": 1}


@pytest.mark.parametrize("everywhere", [False, True])
def test_whoever_has_had_enough_is_told_no_more(
    database: Database, mail_server: MailServer, everywhere: bool
) -> None:
    parent = subscribed(database)
    approve(database, a_reply(database, parent))
    token = unsubscribe_token(SECRET, parent)

    asyncio.run(confirm.unsubscribe(token, everywhere=everywhere, store=database, secret=SECRET))

    assert deliver(database, mail_server, LATER) == {"dropped": 1}
    approve(database, a_reply(database, parent, comment="And another."))
    assert deliver(database, mail_server, LATER) == {}


def test_whoever_withdraws_a_comment_is_told_of_no_reply_to_it(
    database: Database, mail_server: MailServer
) -> None:
    parent = subscribed(database)
    approve(database, a_reply(database, parent))

    asyncio.run(
        withdraw(parent, edit_token(SECRET, parent), store=database, secret=SECRET, now=NOW)
    )

    assert deliver(database, mail_server, LATER) == {"dropped": 1}


@pytest.mark.parametrize(
    "name", ["evil.example", "See http://x", "a@b", "Bob\u202e", "Mr. B at evil.example"]
)
def test_a_name_that_a_mail_program_might_make_a_link_of_is_left_out(
    database: Database, mail_server: MailServer, name: str
) -> None:
    approve(database, a_reply(database, subscribed(database), name=name))

    assert deliver(database, mail_server, LATER) == {"sent": 1}

    text = text_of(mail_server.letters[0])
    assert "Somebody has replied" in text
    assert name not in text


def test_the_link_of_a_letter_opens_what_it_says(desk: Desk, mail_server: MailServer) -> None:
    with desk.database.transaction() as conn:
        a_site(conn)
    desk.take(a_submission(comment=FINE_TEXT, notify=True, confirm=True))
    deliver(desk.database, mail_server, NOW)
    token = token_of(mail_server.letters[0], "confirm")

    asked = asyncio.run(confirm.look(token, store=desk.database, secret=SECRET, now=NOW))

    assert (asked.page_url, asked.proof, asked.replies) == (PAGE, True, True)
