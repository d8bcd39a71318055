"""The desk's pages and forms over HTTP."""

import re
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from service.domain import Signal
from service.store import comments
from service.store.database import Database
from service.vocabulary import Code, Role, Status
from tests.factories import PAGE, SPAM, a_comment, a_site, some_comments
from tests.web.moderating import HTML, sign_in


@pytest.fixture(autouse=True)
def site(sqlite: Database) -> int:
    with sqlite.transaction() as conn:
        return a_site(conn).id


def status_of(database: Database, comment_id: str) -> Status:
    with database.transaction() as conn:
        found = comments.find_comment(conn, comment_id)
    assert found is not None
    return found.status


@pytest.mark.parametrize("path", ["/desk/", "/desk/?status=rejected&q=a+b", "/desk/account"])
def test_a_browser_without_a_session_is_led_to_the_sign_in_page(
    client: TestClient, path: str
) -> None:
    answer = client.get(path, headers=HTML)

    assert answer.status_code == 303
    there = client.get(answer.headers["location"], headers=HTML)
    assert there.status_code == 200
    assert f'name="next" value="{path.replace("&", "&amp;")}"' in there.text


def test_a_program_without_a_session_is_told_401(client: TestClient) -> None:
    answer = client.get("/desk/", headers={"Accept": "*/*"})

    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"


def test_the_queue_says_why_in_words_and_marks_what_spoke_against(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        a_comment(
            conn,
            comment="Win at the Casino, or say <b>nothing</b> of viagra https://xn--mnchen-3ya.example",
            score=SPAM,
            reasons=(
                Signal(Code.HELD_WORD, "viagra"),
                Signal(Code.UNSCORED),
            ),
        )

    page = sign_in(client, sqlite).get("/desk/").text

    assert "Likely spam" in page
    assert "It holds the word “viagra”, which this site wants to see." in page
    assert "<strong>Could not be judged in full.</strong> The spam model gave no answer" in page
    assert (
        "at the <mark>Casino</mark>, or say &lt;b&gt;nothing&lt;/b&gt; of <mark>viagra</mark>"
        in page
    )
    assert "münchen.example (xn--mnchen-3ya.example)" in page
    assert "0.97" not in page


def test_a_decision_leads_back_and_can_be_undone_from_there(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        one, two = (a_comment(conn, comment=text) for text in ("One.", "Two."))
    moderator = sign_in(client, sqlite)

    answer = moderator.post(
        "/desk/decisions",
        {f"tick:{one.id}": "1", f"tick:{two.id}": "1", "decide": "reject:spam",
         "back": f"/desk/?page_url={PAGE}"},
    )  # fmt: skip

    assert answer.status_code == 303
    back = answer.headers["location"]
    assert back.startswith(f"/desk/?page_url={PAGE}&decided=")
    page = moderator.get(back).text
    assert "Rejected 2 comments (spam)." in page
    undo = re.search(r'action="(/desk/decisions/[^"]+/undo)"', page)
    assert undo is not None
    answer = moderator.post(undo[1], {"back": f"/desk/?page_url={PAGE}"})
    assert answer.headers["location"].endswith("&undone=2")
    assert (
        "Taken back: 2 comments are what they were before."
        in moderator.get(answer.headers["location"]).text
    )
    assert status_of(sqlite, one.id) is Status.HELD


def test_what_a_person_has_decided_is_not_offered_again(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    moderator = sign_in(client, sqlite)

    moderator.post("/desk/decisions", {f"tick:{comment.id}": "1", "decide": "reject:spam"})

    page = moderator.get("/desk/?status=rejected").text
    assert 'data-do="approve" aria-keyshortcuts="a">Approve' in page
    assert 'data-do="spam" aria-keyshortcuts="s">Spam' not in page


@pytest.mark.parametrize("told", ["undone=12345x", "undone=" + "9" * 5000, "decided=x", "undone=²"])
def test_a_made_up_message_is_not_shown(client: TestClient, sqlite: Database, told: str) -> None:
    page = sign_in(client, sqlite).get(f"/desk/?{told}")

    assert page.status_code == 200
    assert 'id="done"' not in page.text


def test_odd_fields_of_a_decision_do_no_harm(client: TestClient, sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    moderator = sign_in(client, sqlite)

    answer = moderator.post(
        "/desk/decisions",
        {f"tick:{comment.id}": "9" * 5000, "decide": "reject", "note": "\x00a" * 3000},
    )

    assert answer.status_code == 303
    assert status_of(sqlite, comment.id) is Status.REJECTED


def test_a_reason_and_a_note_go_with_a_rejection(client: TestClient, sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    moderator = sign_in(client, sqlite)

    moderator.post(
        "/desk/decisions",
        {f"tick:{comment.id}": "1", "decide": "reject", "reason": "off-topic", "note": " <i>no "},
    )

    page = moderator.get(f"/desk/comments/{comment.id}").text
    assert "max rejected it: off topic" in page
    assert "&lt;i&gt;no" in page


def test_a_form_with_nothing_ticked_or_nothing_chosen_changes_nothing(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    moderator = sign_in(client, sqlite)

    nothing_ticked = moderator.post("/desk/decisions", {"decide": "approve"})
    nothing_chosen = moderator.post("/desk/decisions", {f"tick:{comment.id}": "1"})

    assert nothing_ticked.status_code == nothing_chosen.status_code == 422
    assert "Tick at least one comment." in nothing_ticked.text
    assert status_of(sqlite, comment.id) is Status.HELD


def test_a_viewer_sees_no_buttons_and_cannot_decide(client: TestClient, sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    viewer = sign_in(client, sqlite, "vera", Role.VIEWER)

    page = viewer.get("/desk/").text
    answer = viewer.post("/desk/decisions", {f"tick:{comment.id}": "1", "decide": "approve"})

    assert "The barley stood well this year." in page
    assert 'name="decide"' not in page
    assert 'name="tick:' not in page
    assert answer.status_code == 403


def test_another_site_is_neither_shown_nor_offered(client: TestClient, sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        other = a_site(conn, "other", origin="https://other.example")
        hidden = a_comment(conn, site="other", page_url="https://other.example/a")
        mine = sign_in_site = a_comment(conn)
    moderator = sign_in(client, sqlite, site_id=mine.site_id)

    page = moderator.get("/desk/").text
    direct = moderator.get(f"/desk/comments/{hidden.id}")
    named = moderator.get("/desk/?site=other")
    unknown = moderator.get("/desk/?site=nobody")

    assert hidden.id not in page
    assert ">other<" not in page
    assert direct.status_code == 404
    assert (named.status_code, unknown.status_code) == (403, 404)
    assert "No such site, or not one of yours." in named.text
    assert "No such site, or not one of yours." in unknown.text
    assert other.id != sign_in_site.site_id


def test_the_queue_is_turned_page_by_page(client: TestClient, sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        ids = some_comments(conn, 60)
    moderator = sign_in(client, sqlite)

    seen: list[str] = []
    path = "/desk/"
    while True:
        page = moderator.get(path).text
        seen += re.findall(r'<article class="card" id="comment-([^"]+)"', page)
        ahead = re.search(r'href="([^"]+)">Next page', page)
        if ahead is None:
            break
        path = ahead[1].replace("&amp;", "&")

    assert seen == ids


def test_a_comment_page_shows_its_parent_its_author_and_its_trail(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        parent = a_comment(conn, status=Status.PUBLISHED, name="Pia", comment="Who counted?")
        a_comment(conn, comment="An earlier remark.")
        comment = a_comment(
            conn, parent_id=parent.id, reasons=(Signal(Code.FIRST_TIME_AUTHOR),), comment="I did."
        )

    page = sign_in(client, sqlite).get(f"/desk/comments/{comment.id}").text

    assert "In reply to <bdi>Pia</bdi>" in page
    assert "Who counted?" in page
    assert "An earlier remark." in page
    assert "The machine: held for review" in page
    assert "first comment" in page
    assert str(UUID(comment.id)) in page


@pytest.mark.parametrize("reason", ["", "nonsense"])
def test_a_rejection_without_a_reason_gives_none(
    client: TestClient, sqlite: Database, reason: str
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
        a_comment(conn, name="Bea", comment="Something else.")
    moderator = sign_in(client, sqlite)
    before = moderator.get("/desk/").text

    answer = moderator.post(
        "/desk/decisions", {f"tick:{comment.id}": "1", "decide": "reject", "reason": reason}
    )

    assert before.count('value="reject">No reason given</button>') == 2
    assert before.count('name="reason"><option value="">No reason given</option>') == 1
    assert "Rejected 1 comment." in moderator.get(answer.headers["location"]).text


@pytest.mark.parametrize(("decided", "is_shown"), [(19, False), (20, True)])
def test_how_far_people_and_model_agree_is_told_from_20_comments_on(
    client: TestClient, sqlite: Database, decided: int, is_shown: bool
) -> None:
    with sqlite.transaction() as conn:
        ids = [a_comment(conn, comment=f"On mill {n}.").id for n in range(decided)]
    moderator = sign_in(client, sqlite)
    moderator.post("/desk/decisions", {"decide": "approve"} | {f"tick:{i}": "1" for i in ids})

    page = moderator.get("/desk/").text

    assert ("People and model agreed on 100 %" in page) is is_shown


def test_s31_the_queue_says_whose_name_an_author_s_looks_like(
    client: TestClient, sqlite: Database
) -> None:
    moderator = sign_in(client, sqlite, "Kim Baker")
    with sqlite.transaction() as conn:
        posing = a_comment(conn, name="Kіm Bаker", email="k@mail.example")  # two are Cyrillic
        a_comment(conn, name="NEWS", email="n@mail.example")
        a_comment(conn, name="Ann")

    page = moderator.get("/desk/").text

    assert page.count("looks like a moderator&#39;s name") == 1
    assert page.count("looks like the site&#39;s own name") == 1
    for path in (f"/desk/comments/{posing.id}", f"/desk/comments/{posing.id}/card"):
        assert "looks like a moderator&#39;s name" in moderator.get(path).text
