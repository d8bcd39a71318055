"""The page of people over HTTP."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from service.store import sites
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import a_site
from tests.web.moderating import HTML, Moderator, sign_in
from tests.web.test_account import post


@pytest.fixture
def ada(client: TestClient, sqlite: Database) -> Moderator:
    """An admin of every site, of which there are two."""
    with sqlite.transaction() as conn:
        a_site(conn)
        a_site(conn, "blog")
    return sign_in(client, sqlite, "ada", Role.ADMIN)


def invite(admin: Moderator, name: str, **roles: str) -> str:
    """The secret of the link that an invitation gives."""
    answer = admin.post("/desk/people", {"name": name, **roles})
    assert answer.status_code == 200, answer.text
    found = re.search('id="link" class="wide" value="([^"]+)"', answer.text)
    assert found is not None
    return parse_qs(urlsplit(found[1]).query)["link"][0]


def number_of(admin: Moderator, name: str) -> str:
    found = re.search(f'/desk/people/(\\d+)"><bdi>{name}</bdi>', admin.get("/desk/people").text)
    assert found is not None
    return found[1]


def test_who_is_invited_chooses_a_password_and_is_in(client: TestClient, ada: Moderator) -> None:
    link = invite(ada, "mia", **{"role:news": "moderator"})
    client.cookies.clear()

    for _ in range(3):  # looking uses nothing up
        page = client.get(f"/desk/welcome?link={link}", headers=HTML)
        assert "<bdi>mia</bdi>" in page.text
    weak = post(client, "/desk/welcome", link=link, password="password1")
    done = post(client, "/desk/welcome", link=link, password="a walk in the rain")
    again = post(client, "/desk/welcome", link=link, password="a walk in the rain")

    assert (weak.status_code, done.status_code, again.status_code) == (422, 303, 401)
    assert "most common" in weak.text
    assert "password1" not in weak.text
    assert "used already, or has expired" in client.get("/desk/welcome?link=x", headers=HTML).text
    assert "You are moderator on <bdi>news</bdi>" in client.get("/desk/account", headers=HTML).text


def test_the_list_says_role_last_seen_and_second_factor(ada: Moderator) -> None:
    invite(ada, "mia", **{"role:news": "moderator", "role:blog": "viewer"})

    page = ada.get("/desk/people").text

    assert "moderator on news, viewer on blog" in page
    assert "Never seen. No second factor." in page
    assert re.search(r"Seen (just now|\d+ seconds? ago)", page)


def test_other_rights_a_new_link_and_a_shut_door(
    client: TestClient, sqlite: Database, ada: Moderator
) -> None:
    invite(ada, "mia", **{"role:news": "moderator"})
    place = f"/desk/people/{number_of(ada, 'mia')}"

    assert (
        "The rights are changed"
        in ada.get(ada.post(f"{place}/rights", {"role": "viewer"}).headers["location"]).text
    )
    assert (
        "nothing is changed"
        in ada.get(ada.post(f"{place}/rights", {"role": "viewer"}).headers["location"]).text
    )
    assert "shown this once" in ada.post(f"{place}/link", {}).text
    assert "Shut out" in ada.get(ada.post(f"{place}/disable", {}).headers["location"]).text
    assert ada.post(f"{place}/link", {}).status_code == 422
    assert "Let in again" in ada.get(ada.post(f"{place}/enable", {}).headers["location"]).text


def test_what_cannot_be_done_is_said_on_the_page(ada: Moderator) -> None:
    own = f"/desk/people/{number_of(ada, 'ada')}"

    demoted = ada.post(f"{own}/rights", {"role": "viewer"})
    nothing = ada.post("/desk/people", {"name": "mia"})
    taken = ada.post("/desk/people", {"name": "ada", "role": "viewer"})
    unknown = ada.post("/desk/people", {"name": "mia", "role": "owner"})

    assert [a.status_code for a in (demoted, nothing, taken, unknown)] == [422] * 4
    assert "last admin of every site" in demoted.text
    assert "Choose a role on one site at least" in nothing.text
    assert "exists already" in taken.text
    assert ada.get("/desk/people/99999999999999999999").status_code == 404


def test_an_admin_of_one_site_is_offered_that_site_alone(
    client: TestClient, sqlite: Database, ada: Moderator
) -> None:
    with sqlite.transaction() as conn:
        news = sites.get_site(conn, "news").id
    nils = sign_in(client, sqlite, "nils", Role.ADMIN, news)

    page = nils.get("/desk/people").text
    refused = nils.post("/desk/people", {"name": "eve", "role": "admin", "role:blog": "admin"})

    assert 'name="role:news"' in page
    assert 'name="role:blog"' not in page
    assert 'name="role"' not in page
    assert "<bdi>ada</bdi></a></h3>" not in page
    assert refused.status_code in (403, 422)


def test_names_come_out_as_text(ada: Moderator) -> None:
    invite(ada, "<b>mia</b>", role="viewer")

    assert "&lt;b&gt;mia&lt;/b&gt;" in ada.get("/desk/people").text
