"""The desk's pages and forms over HTTP."""

import gzip
import random
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
    assert 'value="approve">Approve</button>' in page
    assert 'value="reject:spam">Spam</button>' not in page


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


def test_a_stale_version_is_a_conflict_that_names_who_was_faster(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    moderator = sign_in(client, sqlite, "ada")
    moderator.post("/desk/decisions", {f"tick:{comment.id}": "1", "decide": "approve"})

    answer = moderator.post("/desk/decisions", {f"tick:{comment.id}": "1", "decide": "reject:spam"})

    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text
    assert "already published, decided by <bdi>ada</bdi>" in answer.text


@pytest.mark.parametrize(
    ("headers", "csrf"),
    [
        ({"Origin": "https://elsewhere.example"}, None),
        ({"Origin": "null"}, None),
        ({"Sec-Fetch-Site": "cross-site"}, None),
        ({}, "forged"),
    ],
    ids=["foreign origin", "null origin", "cross-site", "forged token"],
)
def test_a_form_from_elsewhere_changes_nothing(
    client: TestClient, sqlite: Database, headers: dict[str, str], csrf: str | None
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    moderator = sign_in(client, sqlite)
    fields = {f"tick:{comment.id}": "1", "decide": "approve"}

    answer = moderator.post(
        "/desk/decisions", fields if csrf is None else {**fields, "csrf": csrf}, **headers
    )

    assert answer.status_code == 403
    assert status_of(sqlite, comment.id) is Status.HELD


def test_a_viewer_sees_no_buttons_and_cannot_decide(client: TestClient, sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    viewer = sign_in(client, sqlite, "vera", Role.VIEWER)

    page = viewer.get("/desk/").text
    answer = viewer.post("/desk/decisions", {f"tick:{comment.id}": "1", "decide": "approve"})

    assert "The barley stood well this year." in page
    assert 'name="decide"' not in page
    assert 'type="checkbox"' not in page
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


@pytest.mark.parametrize(
    "query",
    ["cursor=x", "status=gone", "reason=x", "order=up", "q=" + "a" * 201, "page_url=nowhere",
     "limit=0"],
)  # fmt: skip
def test_a_slip_in_the_filter_is_told_on_the_page(
    client: TestClient, sqlite: Database, query: str
) -> None:
    answer = sign_in(client, sqlite).get(f"/desk/?{query}")

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


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


@pytest.mark.parametrize("back", [
    "//evil.example", "https://evil.example", "/desk//evil.example", "/\\evil.example",
    "/desk/\\evil.example", "/deskevil", "javascript:alert(1)", "/desk/\r\nSet-Cookie: a=b",
    "/api/v1/queue", "@evil.example", "", " /desk/", "/desk/\u2028x",
])  # fmt: skip
def test_no_trick_in_back_leads_off_the_desk(
    client: TestClient, sqlite: Database, back: str
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)

    answer = sign_in(client, sqlite).post(
        "/desk/decisions", {f"tick:{comment.id}": "1", "decide": "approve", "back": back}
    )

    assert re.fullmatch(r"/desk/\?decided=[0-9a-f-]+", answer.headers["location"])
    assert "set-cookie" not in answer.headers


def test_a_page_full_of_long_comments_stays_small(client: TestClient, sqlite: Database) -> None:
    words = [f"{random.Random(n).getrandbits(40):x}" for n in range(900)]
    with sqlite.transaction() as conn:
        for place in range(25):
            text = " ".join(random.Random(place).sample(words, 800))
            a_comment(conn, comment=f"{text} https://h{place}.example/", score=SPAM)

    page = sign_in(client, sqlite).get("/desk/")

    assert page.text.count('<article class="card"') == 25
    assert len(gzip.compress(page.content)) < 60_000


def test_pages_of_the_desk_may_not_be_framed_cached_or_scripted_from_elsewhere(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        comment = a_comment(conn)
    moderator = sign_in(client, sqlite)

    for path in ("/desk/", f"/desk/comments/{comment.id}", "/desk/account", "/desk/sign-in"):
        answer = moderator.get(path)
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert " style=" not in answer.text
        assert not re.search(r"<script(?! async src)", answer.text)


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

    assert before.count('name="reason"><option value="">No reason given</option>') == 3
    assert "Rejected 1 comment." in moderator.get(answer.headers["location"]).text


BACK = "/desk/?status=held&q=mill"


def test_an_error_keeps_the_moderator_at_the_desk_with_a_way_back(
    client: TestClient, sqlite: Database
) -> None:
    moderator = sign_in(client, sqlite)
    form = {"decide": "approve", "back": BACK}

    nothing_ticked = moderator.post("/desk/decisions", form)
    out_of_date = moderator.post("/desk/decisions", form | {"csrf": "old"})
    elsewhere = moderator.post("/desk/decisions", form | {"back": "https://evil.example/desk/"})
    gone = moderator.get("/desk/nowhere")
    unreadable = client.post("/desk/decisions", json=form)

    for answer, status in ((nothing_ticked, 422), (out_of_date, 403), (gone, 404)):
        assert answer.status_code == status
        assert 'class="mark"' in answer.text  # the desk's own frame
    for answer in (nothing_ticked, out_of_date):
        assert '<a href="/desk/?status=held&amp;q=mill">Back to the queue</a>' in answer.text
    for answer in (elsewhere, gone):
        assert '<a href="/desk/">Back to the queue</a>' in answer.text
        assert "evil" not in answer.text
    assert unreadable.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("back", "ahead"),
    [(BACK, "%2Fdesk%2F%3Fstatus%3Dheld%26q%3Dmill"), ("//evil.example/", "%2Fdesk%2F")],
    ids=["own", "foreign"],
)
def test_whoever_has_been_signed_out_is_told_so_and_led_back_after_signing_in(
    client: TestClient, sqlite: Database, back: str, ahead: str
) -> None:
    moderator = sign_in(client, sqlite)
    client.cookies.clear()

    answer = moderator.post("/desk/decisions", {"decide": "approve", "back": back})

    assert answer.status_code == 401
    assert "You have been signed out. Nothing was decided." in answer.text
    link = re.search(r'href="(/desk/sign-in[?]next=[^"]*)"', answer.text)
    assert link is not None
    asked = client.get(link[1]).text
    shown = back if back == BACK else "/desk/"
    assert f'name="next" value="{shown.replace("&", "&amp;")}"' in asked


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
