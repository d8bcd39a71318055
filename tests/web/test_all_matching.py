"""All that match a filter: the exact number first, then one decision with one undo."""

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from service import sweep
from service.store import comments
from service.store.database import Database
from service.vocabulary import Role, Status
from tests.factories import NOW, a_comment, a_site, some_comments
from tests.web.moderating import Moderator, sign_in

ALL = "/desk/all"


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the form on a page."""
    form = page[page.index(f'action="{ALL}"') :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


def statuses(database: Database, ids: list[str]) -> set[Status]:
    with database.transaction() as conn:
        return {comment.status for comment in comments.list_comments(conn, ids).values()}


@pytest.fixture
def eva(client: TestClient, sqlite: Database) -> Moderator:
    with sqlite.transaction() as conn:
        a_site(conn)
    return sign_in(client, sqlite, "eva")


def test_the_number_comes_first_and_all_of_them_are_one_decision_with_one_undo(
    eva: Moderator, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 3, lang="de")
        other = a_comment(conn, lang="en").id
    page = eva.get(f"{ALL}?lang=de").text
    assert "3 comments match" in page

    answer = eva.post(ALL, hidden(page) | {"decide": "reject:spam"})

    assert answer.status_code == 303
    assert statuses(sqlite, ids) == {Status.REJECTED}
    assert statuses(sqlite, [other]) == {Status.HELD}
    location = answer.headers["location"]
    assert location.startswith("/desk/?lang=de&decided=")
    assert "Rejected 3 comments (spam)" in eva.get(location).text
    decision = location.rpartition("=")[2]
    assert eva.post(f"/desk/decisions/{decision}/undo", {}).status_code == 303
    assert statuses(sqlite, ids) == {Status.HELD}


def test_another_number_than_was_shown_decides_nothing_and_is_told(
    eva: Moderator, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 3)
    page = eva.get(ALL).text
    eva.post("/desk/decisions", {f"tick:{ids[0]}": "1", "decide": "approve"})

    answer = eva.post(ALL, hidden(page) | {"decide": "reject:spam"})

    assert answer.status_code == 409
    assert "When you looked there were 3 comments." in answer.text
    assert "2 comments match" in answer.text
    assert statuses(sqlite, ids[1:]) == {Status.HELD}
    again = eva.post(ALL, hidden(answer.text) | {"decide": "reject:spam"})
    assert again.status_code == 303
    assert statuses(sqlite, ids[1:]) == {Status.REJECTED}


def test_what_comes_in_after_the_page_was_shown_is_not_part_of_it(
    eva: Moderator, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 2)
    page = eva.get(ALL).text
    with sqlite.transaction() as conn:
        late = a_comment(conn, now=NOW + timedelta(hours=1)).id

    assert eva.post(ALL, hidden(page) | {"decide": "approve"}).status_code == 303
    assert statuses(sqlite, [late]) == {Status.HELD}
    assert statuses(sqlite, ids) == {Status.PUBLISHED}


def test_no_more_than_a_thousand_are_decided_at_a_time_and_the_page_says_so(
    eva: Moderator, sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "MOST", 2)
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 3)
    page = eva.get(ALL).text
    assert "The oldest 2 of them are decided at a time" in page

    eva.post(ALL, hidden(page) | {"decide": "approve"})

    assert statuses(sqlite, ids[:2]) == {Status.PUBLISHED}
    assert statuses(sqlite, ids[2:]) == {Status.HELD}


def test_only_what_one_may_decide_is_counted(client: TestClient, sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)
        blog = a_site(conn, "blog")
        some_comments(conn, 3)
        a_comment(conn, site="blog")
    ida = sign_in(client, sqlite, "ida", Role.MODERATOR, blog.id)

    assert "1 comment matches" in ida.get(ALL).text
    assert "0 comments match" in ida.get(f"{ALL}?site=news").text
    assert ida.post(ALL, {"decide": "approve", "shown": "3"}).status_code == 409


@pytest.mark.parametrize("query", ["lang=!", "from=yesterday", "status=gone"])
def test_a_slip_in_the_filter_is_told(eva: Moderator, query: str) -> None:
    assert eva.get(f"{ALL}?{query}").status_code == 422
