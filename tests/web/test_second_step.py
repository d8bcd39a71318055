"""Signing in in two steps over HTTP, and one's own second factor."""

import html
import re
import time
from datetime import UTC, datetime

import pyotp
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from service.store import people, second_factors
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import hash_once
from tests.web.moderating import HTML, Moderator, sign_in
from tests.web.test_account import PASSWORD, post


@pytest.fixture
def max_(client: TestClient, sqlite: Database) -> Moderator:
    """Max, with a password, signed in."""
    moderator = sign_in(client, sqlite)
    with sqlite.transaction() as conn:
        found = people.find_moderator(conn, "max")
        assert found is not None
        people.set_password(conn, found.id, hash_once(PASSWORD))
        client.cookies.set("desk", people.add_session(conn, found.id, datetime.now(UTC)))
    csrf = re.search('name="csrf" value="([^"]+)"', client.get("/desk/", headers=HTML).text)
    assert csrf is not None
    return Moderator(moderator.client, csrf[1])


def set_up(moderator: Moderator) -> tuple[pyotp.TOTP, list[str], Response]:
    """Turn it on as the page says: the device, the recovery codes, the answer."""
    page = moderator.get("/desk/second-factor").text
    setup = re.search('name="setup" value="([^"]+)"', page)
    secret = re.search('class="secret">([A-Z2-7 ]+)<', page)
    assert setup is not None
    assert secret is not None
    device = pyotp.TOTP(secret[1].replace(" ", ""))
    answer = moderator.post(
        "/desk/second-factor",
        {"setup": html.unescape(setup[1]), "current": PASSWORD, "code": device.now()},
    )
    return device, re.findall(r"<code>([A-Z2-7-]{27})</code>", answer.text), answer


def following(device: pyotp.TOTP) -> str:
    """The code of the step to come, which is good already when the present one was used up."""
    return device.at(int(time.time()) + 30)


def test_it_is_on_once_a_code_was_right_and_the_secret_never_shown_again(
    max_: Moderator,
) -> None:
    before = max_.get("/desk/second-factor")
    device, codes, answer = set_up(max_)

    assert "<svg" in before.text
    assert "style=" not in before.text
    assert answer.status_code == 200
    assert len(set(codes)) == 10
    after = max_.get("/desk/second-factor").text
    assert "10 recovery codes are left" in after
    assert device.secret not in after.replace(" ", "")
    assert "On since" in max_.get("/desk/account").text


def test_s27_no_page_of_the_desk_opens_between_password_and_code(
    client: TestClient, max_: Moderator
) -> None:
    device, _codes, _answer = set_up(max_)
    client.cookies.clear()

    first = post(client, "/desk/sign-in", name="max", password=PASSWORD, next="/desk/?q=x")
    assert first.headers["location"] == "/desk/sign-in/code?next=%2Fdesk%2F%3Fq%3Dx"
    assert "desk" not in client.cookies
    for path in ("/desk/", "/desk/account", "/desk/second-factor", "/desk/people"):
        assert client.get(path, headers=HTML).headers["location"].startswith("/desk/sign-in?")
    assert client.get("/api/v1/queue").status_code == 401
    step = client.cookies["desk-step"]
    client.cookies.set("desk", step)  # half a sign-in is no session
    assert client.get("/api/v1/queue").status_code == 401
    client.cookies.delete("desk")

    assert client.get("/desk/sign-in/code", headers=HTML).status_code == 200
    wrong = post(client, "/desk/sign-in/code", code="000000", next="/desk/?q=x")
    right = post(client, "/desk/sign-in/code", code=following(device), next="/desk/?q=x")
    assert (wrong.status_code, right.status_code) == (401, 303)
    assert right.headers["location"] == "/desk/?q=x"
    assert client.get("/api/v1/queue").status_code == 200


def test_the_page_for_the_code_leads_back_to_the_beginning_without_a_step(
    client: TestClient,
) -> None:
    client.cookies.set("desk-step", "made up")

    looked = client.get("/desk/sign-in/code", headers=HTML)
    sent = post(client, "/desk/sign-in/code", code="123456")

    assert looked.headers["location"] == sent.headers["location"] == "/desk/sign-in"


def test_another_site_cannot_send_a_code(client: TestClient, max_: Moderator) -> None:
    device, _codes, _answer = set_up(max_)
    client.cookies.clear()
    post(client, "/desk/sign-in", name="max", password=PASSWORD)

    answer = client.post(
        "/desk/sign-in/code", content=f"code={following(device)}",
        headers={**HTML, "Origin": "https://evil.example"},
    )  # fmt: skip

    assert answer.status_code == 403


def test_a_link_leads_to_the_code_as_well_and_a_recovery_code_opens(
    client: TestClient, sqlite: Database, max_: Moderator
) -> None:
    _device, codes, _answer = set_up(max_)
    client.cookies.clear()
    with sqlite.transaction() as conn:
        found = people.find_moderator(conn, "max")
        assert found is not None
        link = people.add_sign_in_link(conn, found.id, datetime.now(UTC))

    first = post(client, "/desk/sign-in", link=link)
    second = post(client, "/desk/sign-in/code", code=codes[0].lower())

    assert first.headers["location"] == "/desk/sign-in/code"
    assert second.headers["location"] == "/desk/"


def test_turning_it_off_and_new_recovery_codes_take_password_and_code(
    client: TestClient, sqlite: Database, max_: Moderator
) -> None:
    device, codes, _answer = set_up(max_)

    refused = [
        max_.post(f"/desk/second-factor/{what}", fields)
        for what, fields in (
            ("off", {"current": "not this", "code": codes[0]}),
            ("off", {"current": PASSWORD, "code": "000000"}),
            ("recovery-codes", {"current": PASSWORD, "code": "000000"}),
        )
    ]
    assert {answer.status_code for answer in refused} == {401}

    renewed = max_.post(
        "/desk/second-factor/recovery-codes", {"current": PASSWORD, "code": following(device)}
    )
    fresh = re.findall(r"<code>([A-Z2-7-]{27})</code>", renewed.text)
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)


def test_it_can_be_turned_off(sqlite: Database, max_: Moderator) -> None:
    _device, codes, _answer = set_up(max_)

    answer = max_.post("/desk/second-factor/off", {"current": PASSWORD, "code": codes[1]})

    assert answer.headers["location"] == "/desk/account?saved=off"
    with sqlite.transaction() as conn:
        assert second_factors.find_factor(conn, 1) is None


def test_a_wrong_code_keeps_the_picture_and_a_wrong_password_turns_nothing_on(
    max_: Moderator,
) -> None:
    page = max_.get("/desk/second-factor").text
    found = re.search('name="setup" value="([^"]+)"', page)
    assert found is not None
    setup = html.unescape(found[1])

    wrong = max_.post(
        "/desk/second-factor", {"setup": setup, "current": PASSWORD, "code": "000000"}
    )
    no_password = max_.post(
        "/desk/second-factor", {"setup": setup, "current": "", "code": "000000"}
    )
    foreign = max_.post("/desk/second-factor", {"setup": "x", "current": PASSWORD, "code": "0"})

    assert f'value="{found[1]}"' in wrong.text
    assert [a.status_code for a in (wrong, no_password, foreign)] == [401, 401, 422]


def test_an_admin_s_page_turns_somebody_s_second_factor_off(
    client: TestClient, sqlite: Database, max_: Moderator
) -> None:
    set_up(max_)
    client.cookies.clear()
    ada = sign_in(client, sqlite, "ada", Role.ADMIN)

    assert "Second factor on." in ada.get("/desk/people/1").text
    answer = ada.post("/desk/people/1/second-factor", {})

    assert "The second factor is off" in ada.get(answer.headers["location"]).text
