"""Reports over HTTP: the same answer for every id, from every listed page, within a limit."""

from starlette.testclient import TestClient

from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Role, Status
from tests.factories import NOW, ORIGIN, a_comment, a_site
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
