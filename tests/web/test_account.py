"""Signing in and out over HTTP."""

import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from service.persons import Device
from service.store import people
from service.store.database import Database
from service.tokens import digest
from service.vocabulary import Role
from tests.factories import hash_once
from tests.web.moderating import HTML, sign_in

PASSWORD = "a long walk home"


def add(database: Database, *, password: str = "") -> str:
    """Max, with a one-time link."""
    now = datetime.now(UTC)
    with database.transaction() as conn:
        moderator_id = people.add_moderator(conn, "max", Role.MODERATOR, [None], now)
        if password:
            people.set_password(conn, moderator_id, hash_once(password))
        return people.add_sign_in_link(conn, moderator_id, now)


def post(client: TestClient, path: str, **fields: str) -> Response:
    return client.post(
        path,
        content=urlencode(fields),
        headers={
            **HTML,
            "Origin": "http://testserver",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )


def test_looking_at_a_link_does_not_use_it_up_and_posting_it_does(
    client: TestClient, sqlite: Database
) -> None:
    link = add(sqlite)

    for _ in range(3):
        assert client.get(f"/desk/sign-in?link={link}", headers=HTML).status_code == 200
    first = post(client, "/desk/sign-in", link=link)
    client.cookies.clear()
    second = post(client, "/desk/sign-in", link=link)

    assert first.status_code == 303
    assert second.status_code == 401
    assert "used already or has expired" in second.text


def test_a_link_leads_whoever_has_no_password_to_set_one_and_others_on(
    client: TestClient, sqlite: Database
) -> None:
    link = add(sqlite)
    without = post(client, "/desk/sign-in", link=link, next="/desk/?status=rejected")
    assert without.headers["location"] == "/desk/account"
    assert "You have no password yet" in client.get("/desk/account", headers=HTML).text

    with sqlite.transaction() as conn:
        max_ = people.find_moderator(conn, "max")
        assert max_ is not None
        people.set_password(conn, max_.id, hash_once(PASSWORD))
        link = people.add_sign_in_link(conn, max_.id, datetime.now(UTC))
    with_one = post(client, "/desk/sign-in", link=link, next="/desk/?status=rejected")
    assert with_one.headers["location"] == "/desk/?status=rejected"


@pytest.mark.parametrize("ahead", ["//evil.example", "https://evil.example/desk/", "/demo"])
def test_next_leads_only_to_the_desk(client: TestClient, sqlite: Database, ahead: str) -> None:
    add(sqlite, password=PASSWORD)

    answer = post(client, "/desk/sign-in", name="max", password=PASSWORD, next=ahead)

    assert answer.headers["location"] == "/desk/"


def test_a_refusal_keeps_the_name_and_never_the_password(
    client: TestClient, sqlite: Database
) -> None:
    add(sqlite, password=PASSWORD)

    wrong = post(client, "/desk/sign-in", name='max"><b>', password="not this one")
    unknown = post(client, "/desk/sign-in", name="nobody", password="not this one")

    assert wrong.status_code == unknown.status_code == 401
    assert 'value="max&#34;&gt;&lt;b&gt;"' in wrong.text
    assert "not this one" not in wrong.text
    assert "Name or password is not right." in unknown.text


def test_too_many_tries_are_told_how_long_to_wait(client: TestClient, sqlite: Database) -> None:
    for _ in range(40):
        answer = post(client, "/desk/sign-in", link="", name="nobody", password="")
        if answer.status_code == 429:
            break

    assert answer.status_code == 429
    assert "Try again in " in answer.text
    assert int(answer.headers["retry-after"]) > 0


def test_a_new_password_ends_other_sessions_and_keeps_this_one(
    client: TestClient, sqlite: Database
) -> None:
    moderator = sign_in(client, sqlite)
    before = client.cookies["desk"]

    short = moderator.post("/desk/password", {"password": "short"})
    answer = moderator.post("/desk/password", {"password": PASSWORD})

    assert short.status_code == 422
    assert "A password has 8 to" in short.text
    assert answer.headers["location"] == "/desk/account?saved=1"
    after = answer.cookies["desk"]
    client.cookies.clear()
    client.cookies.set("desk", after)
    assert "Your password is set." in moderator.get("/desk/account?saved=1").text
    client.cookies.clear()
    client.cookies.set("desk", before)
    assert moderator.get("/desk/").status_code == 303


def test_signing_out_ends_the_session_on_the_server(client: TestClient, sqlite: Database) -> None:
    moderator = sign_in(client, sqlite)
    secret = client.cookies["desk"]

    answer = moderator.post("/desk/sign-out", {})

    assert answer.headers["location"] == "/desk/sign-in"
    client.cookies.set("desk", secret)
    assert moderator.get("/desk/").status_code == 303


def test_an_account_says_what_one_may_do_where(client: TestClient, sqlite: Database) -> None:
    page = sign_in(client, sqlite, role=Role.VIEWER).get("/desk/account").text

    assert "You are viewer on every site." in page


def test_changing_a_password_asks_for_the_one_before(client: TestClient, sqlite: Database) -> None:
    link = add(sqlite, password=PASSWORD)
    post(client, "/desk/sign-in", link=link)
    csrf = re.search('name="csrf" value="([^"]+)"', client.get("/desk/account", headers=HTML).text)
    assert csrf is not None
    new = "a long walk back"

    wrong = post(client, "/desk/password", csrf=csrf[1], current="not this", password=new)
    weak = post(client, "/desk/password", csrf=csrf[1], current=PASSWORD, password="iloveyou")
    right = post(client, "/desk/password", csrf=csrf[1], current=PASSWORD, password=new)

    assert [a.status_code for a in (wrong, weak, right)] == [401, 422, 303]
    assert "not your present password" in wrong.text
    assert "most common" in weak.text


def test_one_s_sessions_are_listed_and_ended_one_by_one_or_all_others(
    client: TestClient, sqlite: Database
) -> None:
    moderator = sign_in(client, sqlite)
    now = datetime.now(UTC)
    with sqlite.transaction() as conn:
        others = [
            people.add_session(conn, 1, now, Device("Firefox, Linux", "203.0.113.0/24"))
            for _ in range(3)
        ]
        stranger = people.add_moderator(conn, "eva", Role.VIEWER, [None], now)
        foreign = people.add_session(conn, stranger, now)

    def alive() -> list[bool]:
        with sqlite.transaction() as conn:
            return [people.find_session(conn, s, now) is not None for s in (*others, foreign)]

    page = moderator.get("/desk/account").text
    ids = re.findall('name="session" value="([0-9a-f]{32})"', page)
    assert page.count("Firefox, Linux</strong>") == len(ids) == 3
    assert page.count("this one") == 1
    assert "Network 203.0.113.0/24." in page

    moderator.post("/desk/sessions/end", {"session": ids[0]})
    assert sorted(alive()) == [False, True, True, True]
    moderator.post("/desk/sessions/end", {"session": digest("session", foreign).hex()})
    moderator.post("/desk/sessions/end", {"session": "no number"})
    assert alive()[-1]
    moderator.post("/desk/sessions/end", {})
    assert alive() == [False, False, False, True]
    assert moderator.get("/desk/").status_code == 200
