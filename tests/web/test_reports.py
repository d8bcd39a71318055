"""Reports over HTTP: the same answer for every id, from every listed page, within a limit."""

from starlette.testclient import TestClient

from service.store import comments
from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Role, Status
from tests.factories import NOW, ORIGIN, PAGE, a_comment, a_site
from tests.web.asking import COMMENTS, a_token, check_problem
from tests.web.moderating import sign_in


def path(comment_id: str) -> str:
    return f"{COMMENTS}/{comment_id}/reports"


def test_s12_a_report_is_answered_alike_whatever_stands_behind_the_id(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)
        ids = [a_comment(conn, status=s).id for s in (Status.PUBLISHED, Status.HELD)]

    answers = [
        client.post(path(i), headers={"Origin": origin})
        for i in (*ids, new_id(NOW))
        for origin in (ORIGIN, "https://elsewhere.example")
    ]

    assert {(a.status_code, a.content) for a in answers} == {(202, b'{"received":true}')}
    listed = [a.headers.get("access-control-allow-origin") for a in answers]
    assert listed == [ORIGIN, None] * 3


def test_reports_are_limited_for_each_address(client: TestClient, sqlite: Database) -> None:
    answers = [client.post(path(new_id(NOW))) for _ in range(11)]

    assert [a.status_code for a in answers] == [202] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    check_problem(answers[-1], 429, "rate-limited")


def test_a_reported_comment_shows_in_the_queue_and_at_the_desk(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=Status.PUBLISHED, name="Rude Rudi")
        a_comment(conn, status=Status.PUBLISHED)
    client.post(path(comment.id), json={"anything": "goes"})

    query = {"status": "published", "reported": "1", "order": "reported"}
    (item,) = client.get(
        "/api/v1/queue", params=query, headers=a_token(sqlite, Role.VIEWER)
    ).json()["items"]
    assert (item["id"], item["reports"]) == (comment.id, 1)
    eva = sign_in(client, sqlite, "eva")
    assert "1 published comment reported by readers" in eva.get("/desk/").text
    page = eva.get("/desk/?status=published&reported=1&order=reported").text
    assert "Rude Rudi" in page
    assert "by 1 reader" in page
    answer = eva.post(
        "/desk/decisions", {f"tick:{comment.id}": "1", "decide": "approve", "back": "/desk/"}
    )
    assert answer.status_code == 303
    assert "reported by readers" not in eva.get("/desk/").text


def test_without_scripts_a_page_asks_and_a_page_thanks(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)
        comment = a_comment(conn, status=Status.PUBLISHED)
    place = f"site=news&page_url={PAGE}"

    asked = client.get(f"/threads/report?{place}&id={comment.id}")
    thanked = client.post(path(comment.id), headers={"Accept": "text/html"}, data={"": ""})

    assert f'action="/api/v1/comments/{comment.id}/reports"' in asked.text
    assert f"{PAGE}#comment-{comment.id}" in asked.text
    assert thanked.status_code == 202
    assert "The moderators will look at it." in thanked.text
    with sqlite.transaction() as conn:
        found = comments.find_comment(conn, comment.id)
        assert found is not None
        assert found.reports == 1


def test_no_page_asks_about_what_is_not_named_or_elsewhere(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)

    assert client.get(f"/threads/report?site=news&page_url={PAGE}").status_code == 404
    elsewhere = f"site=news&page_url=https://elsewhere.example/&id={new_id(NOW)}"
    assert client.get(f"/threads/report?{elsewhere}").status_code == 403
