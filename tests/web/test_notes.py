"""Notes on the comment's page and on cards; snippets beside the reasons, kept with the decision."""

import re

import pytest
from starlette.testclient import TestClient

from service.store import audit
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import a_comment, a_site
from tests.web.moderating import Moderator, sign_in


@pytest.fixture
def comment_id(sqlite: Database) -> str:
    with sqlite.transaction() as conn:
        a_site(conn)
        return a_comment(conn).id


@pytest.fixture
def max_(client: TestClient, sqlite: Database, comment_id: str) -> Moderator:
    return sign_in(client, sqlite)


def test_a_note_shows_on_the_page_and_on_the_card_and_its_writer_deletes_it(
    max_: Moderator, comment_id: str
) -> None:
    page = f"/desk/comments/{comment_id}"
    assert "may ask to see it" in max_.get(page).text

    answer = max_.post(
        f"{page}/notes", {"text": "Ask <b>Ida</b>.", "about": "author", "back": page}
    )

    assert answer.headers["location"].endswith(page)
    for path in (page, f"{page}/card", "/desk/"):
        assert "Ask &lt;b&gt;Ida&lt;/b&gt;." in max_.get(path).text
    remove = re.search(r'action="(/desk/notes/[^"]+)"', max_.get(page).text)
    assert remove is not None
    max_.post(remove[1], {"back": page})
    assert "Ask" not in max_.get(page).text


def test_a_viewer_reads_notes_and_has_no_form(
    client: TestClient, sqlite: Database, max_: Moderator, comment_id: str
) -> None:
    page = f"/desk/comments/{comment_id}"
    max_.post(f"{page}/notes", {"text": "Ask Ida.", "about": "comment"})

    seen = sign_in(client, sqlite, "vera", Role.VIEWER).get(page).text

    assert "Ask Ida." in seen
    assert "Write a note" not in seen
    assert "Delete this note" not in seen


def test_a_snippet_is_offered_beside_the_reasons_and_kept_with_the_decision(
    sqlite: Database, max_: Moderator, comment_id: str
) -> None:
    max_.post("/desk/snippets", {"site": "news", "text": "Please stay with the article."})
    card = max_.get("/desk/").text
    assert "<option>Please stay with the article.</option>" in card

    chosen = {"snippet": "Please stay with the article.", "note": " "}
    max_.post(
        "/desk/decisions", {f"tick:{comment_id}": "1", "decide": "reject:off-topic", **chosen}
    )

    with sqlite.transaction() as conn:
        (*_, last) = audit.list_entries(conn, comment_id)
    assert last.detail == "off-topic: Please stay with the article."


def test_snippets_are_changed_and_removed_and_a_slip_is_said(max_: Moderator) -> None:
    max_.post("/desk/snippets", {"site": "news", "text": "Stay kind."})
    path = re.search(r'action="(/desk/snippets/[^"]+)"', max_.get("/desk/snippets").text)
    assert path is not None

    max_.post(path[1], {"text": "Be kind."})
    assert "Be kind." in max_.get("/desk/snippets").text
    assert "Write something first." in max_.post("/desk/snippets", {"site": "news"}).text
    max_.post(path[1], {"text": "Be kind.", "do": "remove"})
    assert "Be kind." not in max_.get("/desk/snippets").text
