"""The index of words finds the same in both databases, whatever is asked for."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from service.domain import Verdict
from service.store import comments, forgetting, search
from service.store.database import Database
from service.store.schema import comment as table
from service.tokens import NO_ID
from service.vocabulary import Band, Outcome
from tests.factories import NOW, a_comment, a_site


def indexed(conn: Connection) -> int:
    """How many comments were missing, which are in now."""
    entries = search.list_missing(conn, 100)
    search.add_entries(conn, entries)
    return len(entries)


def found(conn: Connection, query: str) -> list[str]:
    """The names of who wrote what is found."""
    names = select(table.c.name).where(search.found_by(conn, query, table)).order_by(table.c.id)
    return list(conn.scalars(names))


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("barley", True),
        ("BARL", True),
        ("barl juice", False),  # only the last word may be unfinished
        ("juice barley", True),
        ('"barley juice"', True),
        ('"juice barley"', False),
        ('"barley jui"', False),
        ("cafe", True),
        ("zoe@mail.example", True),
        ("zoe@mai", True),
        ("mail.example", True),
        ("shop.example/juice", True),
        ("example.zoe", False),
        ("日本", True),
        ("本日", False),
        ("müller", True),
        ("xn--mnchen-3ya", True),
        ("nobody", False),
        ("'); DROP TABLE comment; --", False),
        ("barley AND nobody*", False),
        ("!!!", False),
    ],
)
def test_words_beginnings_phrases_addresses_and_domains_are_found(
    database: Database, query: str, is_found: bool
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        a_comment(conn, name="Ann", email="ann@post.example", comment="Of no interest.")
        a_comment(
            conn, name="Zoë Muller", email="zoe@mail.example", website="https://shop.example/juice",
            comment="Barley juice, 100 %, from the café. 日本語 https://münchen.example/x",
        )  # fmt: skip
        assert indexed(conn) == 2

        assert found(conn, query) == (["Zoë Muller"] if is_found else [])


def test_what_comes_in_late_with_a_lower_id_is_not_overlooked(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        a_comment(conn, name="first", now=NOW + timedelta(seconds=5))
        assert indexed(conn) == 1
        a_comment(conn, name="late", now=NOW)
        assert indexed(conn) == 1
        a_comment(conn, name="imported", now=NOW - timedelta(days=9))
        assert indexed(conn) == 0

        entries = search.list_missing(conn, 100, after=NO_ID)
        assert len(entries) == 1
        search.add_entries(conn, entries)
        search.add_entries(conn, entries)
        assert found(conn, "barley") == ["imported", "late", "first"]


def test_an_edit_and_an_erasure_change_what_is_found_at_once(database: Database) -> None:
    with database.transaction() as conn:
        a_site(conn)
        edited, erased = a_comment(conn, name="Edda"), a_comment(conn, name="Erik")
        assert indexed(conn) == 2
        comments.change_text(
            conn, edited, "Only oats here.", score=None, band=Band.UNSCORED,
            verdict=Verdict(Outcome.HOLD), now=NOW,
        )  # fmt: skip
        forgetting.erase_text(conn, erased.id)

        assert found(conn, "barley") == found(conn, "erik") == []
        assert found(conn, "oats") == ["Edda"]
        assert indexed(conn) == 0


def test_what_has_changed_since_its_words_were_read_waits_for_the_next_time(
    database: Database,
) -> None:
    with database.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn)
        stale = search.list_missing(conn, 9)
        conn.execute(table.update().where(table.c.id == comment.id).values(version=2))
        search.add_entries(conn, stale)

        assert found(conn, "barley") == []
        assert indexed(conn) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=st.text(max_size=60))
def test_no_query_is_an_error(database: Database, query: str) -> None:
    with database.transaction() as conn:
        assert found(conn, query) == []
