"""Decisions as stored: for undo, for the numbers and as labels."""

from datetime import timedelta

import pytest
from sqlalchemy import exc

from service.store import comments, decisions
from service.store.database import Database
from service.store.decisions import MadeItem
from service.tokens import new_id
from service.vocabulary import Choice, Reason, Status
from tests.factories import FINE, NOW, SPAM, a_comment, a_site, approving, rejecting

_ID = new_id(NOW)


def test_a_decision_comes_back_with_what_it_did(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
        item = MadeItem(comment.id, Status.HELD, None, 2)
        decisions.add(conn, _ID, rejecting(comment.id, note="again"), "max", NOW)
        decisions.add_item(conn, _ID, item)
        made = decisions.find(conn, _ID)

        assert made is not None
        assert (made.actor, made.choice, made.created_at) == ("max", Choice.REJECT, NOW)
        assert made.undone_at is None
        assert decisions.list_items(conn, _ID) == [item]
        assert decisions.find(conn, new_id(NOW)) is None


def test_an_item_belongs_to_a_decision_and_a_comment_that_exist(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
        with pytest.raises(exc.IntegrityError), conn.begin_nested():
            decisions.add_item(conn, _ID, MadeItem(comment.id, Status.HELD, None, 2))


def test_the_latest_that_stand_come_newest_first(database: Database) -> None:
    ids = [new_id(NOW + timedelta(seconds=n)) for n in range(4)]
    with database.transaction() as conn:
        for place, decision_id in enumerate(ids):
            at = NOW + timedelta(seconds=place)
            decisions.add(conn, decision_id, approving("x"), "max", at)
        decisions.add(conn, new_id(NOW), approving("x"), "eva", NOW)
        decisions.mark_undone(conn, ids[2], NOW)

        assert [m.id for m in decisions.latest_of(conn, "max", limit=2)] == [ids[3], ids[1]]
        undone = decisions.find(conn, ids[2])
        assert undone is not None
        assert undone.undone_at == NOW


def test_the_numbers_count_comments_by_choice_reason_and_score(database: Database) -> None:
    with database.transaction() as conn:
        news, blog = a_site(conn), a_site(conn, "blog")
        for decision, at, chosen in (
            (approving(), NOW, [a_comment(conn), a_comment(conn)]),
            (rejecting(), NOW, [a_comment(conn, score=SPAM), a_comment(conn, site="blog")]),
            (rejecting(reason=Reason.ABUSE), NOW, [a_comment(conn, score=None)]),
            (approving(), NOW - timedelta(days=2), [a_comment(conn)]),
        ):
            decision_id = new_id(at)
            decisions.add(conn, decision_id, decision, "max", at)
            for comment in chosen:
                comments.change_status(
                    conn, comment, Status.PUBLISHED, actor="max", action="x",
                    decision_id=decision_id, now=at,
                )  # fmt: skip

        assert FINE.probability < 0.05
        assert set(decisions.tally_since(conn, None, NOW)) == {
            ("approve", None, 0.0, 2),
            ("reject", "spam", 1.0, 1),
            ("reject", "spam", 0.0, 1),
            ("reject", "abuse", None, 1),
        }
        assert decisions.tally_since(conn, frozenset({blog.id}), NOW) == [
            ("reject", "spam", 0.0, 1)
        ]
        everything = decisions.tally_since(conn, frozenset({news.id}), NOW - timedelta(days=3))
        assert sum(total for *_rest, total in everything) == 5


def test_who_decided_is_known_of_the_decision_in_force(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        decided, open_ = a_comment(conn), a_comment(conn)
        decisions.add(conn, _ID, approving(decided.id), "max", NOW)
        comments.change_status(
            conn, decided, Status.PUBLISHED, actor="max", action="x", decision_id=_ID, now=NOW
        )

        assert decisions.find_by_comments(conn, [decided.id, open_.id]) == {decided.id: "max"}
