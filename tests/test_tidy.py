"""What time does by itself, on both databases."""

import asyncio
from datetime import timedelta

from service.store import comments, outbox, subscriptions
from service.store.database import Database
from service.tidy import tidy
from tests.desk import Desk
from tests.factories import NOW, a_site, a_site_with, a_submission


def test_expired_repeats_and_old_addresses_go_and_newer_ones_stay(
    desk: Desk, database: Database
) -> None:
    later = NOW + timedelta(days=29)
    with database.transaction() as conn:
        a_site(conn)
    (old,) = desk.take(a_submission())
    (young,) = desk.take(a_submission(comment="It was a dry year here."), now=later)

    forgotten = asyncio.run(tidy(store=database, now=NOW + timedelta(days=30, seconds=1)))

    assert forgotten == 1
    with database.transaction() as conn:
        address = {
            receipt.id: found.address
            for receipt in (old, young)
            if (found := comments.find_comment(conn, receipt.id))
        }
    assert address == {old.id: "", young.id: "203.0.113.9"}
    assert desk.rows()["repeat"] == 0


def test_more_addresses_than_one_stretch_all_go(desk: Desk, database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn, limit__address="off", limit__network="off", limit__email="off")
    desk.take(*(a_submission(comment=f"Field {number} was dry.") for number in range(12)))

    forgotten = asyncio.run(tidy(store=database, now=NOW + timedelta(days=31), stretch=5))

    assert forgotten == 12


def test_each_site_keeps_addresses_as_long_as_it_says(desk: Desk, database: Database) -> None:
    with database.transaction() as conn:
        a_site_with(conn, {"address.kept": "1d"})
    (receipt,) = desk.take(a_submission())

    async def scenario() -> list[int]:
        return [await tidy(store=database, now=NOW + timedelta(hours=hours)) for hours in (23, 25)]

    assert asyncio.run(scenario()) == [0, 1]
    assert receipt.id


def test_old_messages_and_links_that_were_never_followed_are_forgotten(
    desk: Desk, database: Database
) -> None:
    with database.transaction() as conn:
        a_site(conn)
    (receipt,) = desk.take(a_submission(notify=True))
    with database.transaction() as conn:
        due = outbox.take(conn, NOW, timedelta(minutes=1))
        assert due is not None
        outbox.mark_sent(conn, due.id, NOW)

    def is_asked(days: int) -> bool:
        asyncio.run(tidy(store=database, now=NOW + timedelta(days=days)))
        with database.transaction() as conn:
            return subscriptions.find_confirmation(conn, receipt.id) is not None

    assert is_asked(7)
    assert not is_asked(9)
    assert desk.rows()["outbox"] == 1
    assert not is_asked(31)
    assert desk.rows()["outbox"] == 0
