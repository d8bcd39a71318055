"""Notes stand with a comment or with its author; snippets are few; who may change them is said."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

import pytest

from service import annotate
from service.domain import Comment
from service.errors import Forbidden, InvalidSubmission, NotFound
from service.persons import Actor
from service.store.database import Database
from service.store.snippets import Snippet
from service.vocabulary import Role
from tests.factories import ADMIN, MODERATOR, NOW, VIEWER, a_comment, a_site

OTHER = Actor("eva", {None: Role.MODERATOR})


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def write(
    database: Database, comment: Comment, text: str, *, on_author: bool = False,
    actor: Actor = MODERATOR, now: datetime = NOW,
) -> None:  # fmt: skip
    run(annotate.add_note(actor, comment.id, text, on_author=on_author, store=database, now=now))


def texts(database: Database, *comments: Comment) -> list[list[str]]:
    found = run(annotate.read_notes(comments, store=database))
    return [[note.text for note in found[comment.id]] for comment in comments]


@pytest.fixture
def pair(database: Database) -> tuple[Comment, Comment]:
    """Two comments of one author, whose address is written in two ways."""
    with database.transaction() as conn:
        a_site(conn)
        return a_comment(conn), a_comment(conn, email="Ann@mail.example", comment="Rye, too.")


def test_a_note_on_a_comment_stands_there_and_one_on_the_author_everywhere(
    database: Database, pair: tuple[Comment, Comment]
) -> None:
    one, other = pair
    with database.transaction() as conn:
        a_site(conn, "blog", origin="https://blog.example")
        elsewhere = a_comment(conn, site="blog", page_url="https://blog.example/a")

    write(database, one, "Ask the desk.")
    write(database, other, "Writes on Mondays.", on_author=True, now=NOW + timedelta(seconds=1))

    assert texts(database, one, other, elsewhere) == [
        ["Ask the desk.", "Writes on Mondays."], ["Writes on Mondays."], [],
    ]  # fmt: skip


def test_a_note_is_deleted_by_its_writer_or_an_admin(
    database: Database, pair: tuple[Comment, Comment]
) -> None:
    one, _other = pair
    write(database, one, "First.")
    write(database, one, "Second.")
    first, second = run(annotate.read_notes([one], store=database))[one.id]

    with pytest.raises(Forbidden):
        run(annotate.remove_note(OTHER, first.id, store=database))
    run(annotate.remove_note(MODERATOR, first.id, store=database))
    run(annotate.remove_note(ADMIN, second.id, store=database))

    assert texts(database, one) == [[]]
    with pytest.raises(NotFound):
        run(annotate.remove_note(ADMIN, second.id, store=database))


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 2001, "a\x00b", "\ud800"])
def test_a_note_is_text_within_bounds(
    text: str, database: Database, pair: tuple[Comment, Comment]
) -> None:
    with pytest.raises(InvalidSubmission):
        write(database, pair[0], text)


@pytest.mark.parametrize("actor", [VIEWER, Actor("eva", {99: Role.ADMIN})])
def test_who_does_not_decide_on_a_site_writes_nothing_there(
    actor: Actor, database: Database, pair: tuple[Comment, Comment]
) -> None:
    with pytest.raises(NotFound):
        write(database, pair[0], "Hello.", actor=actor)
    with pytest.raises(NotFound):
        run(annotate.add_snippet(actor, "news", "Hello.", store=database, now=NOW))


def test_snippets_are_added_up_to_nine_changed_and_removed(database: Database) -> None:
    with database.transaction() as conn:
        site_id = a_site(conn).id

    def known() -> list[Snippet]:
        found: list[Snippet] = run(annotate.read_snippets(MODERATOR, store=database))[site_id]
        return found

    for number in range(9):
        run(annotate.add_snippet(MODERATOR, "news", f"No. {number}", store=database, now=NOW))
    with pytest.raises(InvalidSubmission, match="9 at most"):
        run(annotate.add_snippet(MODERATOR, "news", "One more", store=database, now=NOW))

    first, second, *_ = known()
    run(annotate.change_snippet(OTHER, first.id, "Be kind.", store=database))
    run(annotate.change_snippet(OTHER, second.id, " ", store=database))

    assert len(known()) == 8
    assert ("Be kind.", "eva") in {(one.text, one.actor) for one in known()}
    with pytest.raises(NotFound):
        run(annotate.change_snippet(OTHER, second.id, "Back", store=database))
