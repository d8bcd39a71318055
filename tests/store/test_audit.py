"""The audit trail only grows, and the outbox is written with what it tells of."""

from datetime import timedelta

from sqlalchemy import select

from service.domain import AuditEntry, Message
from service.store import audit, outbox, schema
from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Status
from tests.factories import NOW, a_site


def test_the_trail_of_a_comment_is_in_order_and_its_own(database: Database) -> None:
    mine, other = new_id(NOW), new_id(NOW)
    with database.transaction() as conn:
        for comment_id, actor, before in ((mine, "system", None), (other, "max", None)):
            audit.record(
                conn, comment_id, actor=actor, action="hold", from_status=before,
                to_status=Status.HELD, detail="unscored", now=NOW,
            )  # fmt: skip
        audit.record(
            conn, mine, actor="max", action="approve", from_status=Status.HELD,
            to_status=Status.PUBLISHED, detail="", now=NOW - timedelta(hours=1),
        )  # fmt: skip

        assert audit.list_entries(conn, mine) == [
            AuditEntry(mine, NOW, "system", "hold", None, Status.HELD, "unscored"),
            AuditEntry(
                mine, NOW - timedelta(hours=1), "max", "approve", Status.HELD,
                Status.PUBLISHED, "",
            ),
        ]  # fmt: skip
        assert audit.list_entries(conn, new_id(NOW)) == []


def test_each_message_has_an_id_of_its_own_and_is_due_at_once(database: Database) -> None:
    comment_id = new_id(NOW)
    with database.transaction() as conn:
        site = a_site(conn)
        outbox.add(conn, site.id, (), NOW)
        assert outbox.count_waiting(conn) == 0

        messages = tuple(
            Message("comment-held", name, comment_id) for name in ("a@x.example", "b@x.example")
        )
        outbox.add(conn, site.id, messages, NOW)
        rows = conn.execute(select(schema.outbox)).all()

        assert outbox.count_waiting(conn) == 2
        assert len({row.id for row in rows}) == 2
        assert {(row.recipient, row.comment_id, row.due_at, row.attempts) for row in rows} == {
            ("a@x.example", comment_id, NOW, 0),
            ("b@x.example", comment_id, NOW, 0),
        }
