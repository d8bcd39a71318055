"""Groups of near-identical comments at the desk: one card, one decision, one undo."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient

from service.domain import Cluster
from service.store import comments
from service.store.database import Database
from service.vocabulary import Status
from tests.factories import NOW, a_comment, a_site
from tests.web.moderating import Moderator, sign_in

ALIKE = Cluster("00000000000000aa", 3)


@pytest.fixture
def eva(client: TestClient, sqlite: Database) -> Moderator:
    with sqlite.transaction() as conn:
        a_site(conn)
    return sign_in(client, sqlite, "eva")


def three(conn: Connection) -> list[str]:
    """Three of a group, a second apart."""
    return [
        a_comment(conn, cluster=ALIKE, name=f"Seller {n}", now=NOW + timedelta(seconds=n)).id
        for n in range(3)
    ]


def statuses(database: Database, ids: list[str]) -> list[Status]:
    with database.transaction() as conn:
        found = comments.list_comments(conn, ids)
    return [found[comment_id].status for comment_id in ids]


def ticks(page: str) -> dict[str, str]:
    """What the form of the first card sends when nothing is unticked."""
    form = re.search(r'<form method="post"[^>]* id="decide-([0-9a-f-]{36})"', page)
    assert form is not None
    return dict(
        re.findall(
            rf'<input type="checkbox" checked form="decide-{form[1]}"'
            r' name="(tick:[^"]+)" value="(\d+)"',
            page,
        )
    ) | {f"tick:{form[1]}": "1"}


def test_a_group_is_one_card_that_lists_the_others(eva: Moderator, sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        ids = three(conn)
        lone = a_comment(conn, now=NOW + timedelta(seconds=9)).id

    page = eva.get("/desk/").text

    assert re.findall(r'<article class="card" id="comment-([^"]+)"', page) == [ids[0], lone]
    assert "2 more like this, decided together" in page
    assert set(ticks(page)) == {f"tick:{comment_id}" for comment_id in ids}


def test_one_decision_is_for_all_that_are_ticked_and_one_undo_takes_it_back(
    eva: Moderator, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        ids = three(conn)
    sent = ticks(eva.get("/desk/").text)
    del sent[f"tick:{ids[1]}"]

    answer = eva.post("/desk/decisions", sent | {"decide": "reject:spam"})

    assert statuses(sqlite, ids) == [Status.REJECTED, Status.HELD, Status.REJECTED]
    assert ids[1] in eva.get("/desk/").text
    decision = answer.headers["location"].rpartition("=")[2]
    eva.post(f"/desk/decisions/{decision}/undo", {})
    assert statuses(sqlite, ids) == [Status.HELD] * 3


def test_a_note_typed_for_a_rejection_does_not_come_along_with_an_approval(
    eva: Moderator, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)

    sent = {f"tick:{comment.id}": "1", "note": "Rude."}
    eva.post("/desk/decisions", sent | {"decide": "approve"})

    assert "Rude." not in eva.get(f"/desk/comments/{comment.id}").text


def test_what_stands_around_a_comment_is_shown_and_can_be_decided_there(
    eva: Moderator, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        parent = a_comment(conn, status=Status.PUBLISHED, name="Parent")
        beside = a_comment(
            conn, status=Status.PUBLISHED, name="Sibling", parent_id=parent.id,
            now=NOW + timedelta(seconds=1),
        )  # fmt: skip
        reply = a_comment(conn, parent_id=parent.id, now=NOW + timedelta(seconds=2))
        a_comment(conn, status=Status.PUBLISHED, name="Stranger", page_url="https://news.example/x")

    page = eva.get("/desk/").text

    assert "Around it on the page" in page
    assert "It rained in August." in page
    assert page.index("Answered by this comment:") < page.index("Beside it:")
    assert "Stranger" not in page
    sent = {f"tick:{beside.id}": "1", "decide": "reject:spam", "back": "/desk/", "at": reply.id}
    answer = eva.post("/desk/decisions", sent)
    assert answer.headers["location"].endswith(f"#comment-{reply.id}")
    assert statuses(sqlite, [beside.id, reply.id]) == [Status.REJECTED, Status.HELD]
