"""The outbox: taken by one at a time, oldest first, counted, and forgotten in the end."""

from datetime import timedelta

from service.domain import Message
from service.store import outbox
from service.store.database import Database
from service.tidy import _MESSAGES_KEPT
from service.tokens import named_id
from tests.factories import NOW, a_site

LEASE = timedelta(minutes=2)
SECOND = timedelta(seconds=1)


def fill(database: Database, number: int = 1) -> None:
    with database.transaction() as conn:
        site = a_site(conn)
        for place in range(number):
            message = (Message("reply", f"reader{place}@mail.example"),)
            outbox.add(conn, site.id, message, NOW + place * SECOND)


def test_the_oldest_is_taken_first_and_each_once_until_its_lease_ends(database: Database) -> None:
    fill(database, 3)

    with database.transaction() as conn:
        later = NOW + 10 * SECOND
        taken = [outbox.take(conn, later, LEASE) for _ in range(4)]
        assert [due.recipient if due else None for due in taken] == [
            "reader0@mail.example", "reader1@mail.example", "reader2@mail.example", None,
        ]  # fmt: skip
        assert outbox.take(conn, later + LEASE - SECOND, LEASE) is None
        again = outbox.take(conn, later + LEASE, LEASE)
        assert again is not None
        assert again.attempts == 2


def test_what_is_not_due_yet_is_left(database: Database) -> None:
    fill(database, 2)

    with database.transaction() as conn:
        assert outbox.take(conn, NOW - SECOND, LEASE) is None
        assert outbox.take(conn, NOW, LEASE) is not None
        assert outbox.take(conn, NOW, LEASE) is None


def test_sent_and_given_up_are_no_longer_due_and_counted_apart(database: Database) -> None:
    fill(database, 3)
    with database.transaction() as conn:
        later = NOW + 10 * SECOND
        first, second, third = (outbox.take(conn, later, LEASE) for _ in range(3))
        assert first is not None
        assert second is not None
        assert third is not None
        outbox.mark_sent(conn, first.id, later)
        outbox.give_up(conn, second.id, "recipient refused (550)", later)
        outbox.put_off(conn, third.id, later, "letter refused (451)")

        assert outbox.standing(conn) == outbox.Standing(waiting=1, troubled=1, failed=1)
        assert dict(outbox.list_faults(conn)) == {
            "recipient refused (550)": 1, "letter refused (451)": 1,
        }  # fmt: skip
        due = outbox.take(conn, later, LEASE)
        assert due is not None
        assert due.id == third.id

        assert outbox.forget_old(conn, later) == 0
        assert outbox.forget_old(conn, later + _MESSAGES_KEPT) == 2
        assert outbox.count_waiting(conn) == 1


def test_a_message_with_a_name_of_its_own_is_put_in_once_whatever_became_of_it(
    database: Database,
) -> None:
    name = named_id("reply", "x")
    with database.transaction() as conn:
        site = a_site(conn)

        def put() -> None:
            message = Message("reply", "ann@mail.example")
            outbox.add_once(conn, name, site.id, message, due_at=NOW, now=NOW)

        put()
        put()
        assert outbox.count_waiting(conn) == 1
        outbox.mark_sent(conn, name, NOW)
        put()
        assert outbox.exists(conn, name)
        assert outbox.count_waiting(conn) == 0
