"""The desk says that a site is under attack, why, and lets a moderator end it or keep it on."""

from datetime import UTC, datetime
from functools import partial

import pytest
from starlette.testclient import TestClient

from service.pace import Pace
from service.store import attacks, sites
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import PAGE, a_site
from tests.web.asking import THREAD, post
from tests.web.moderating import sign_in

ATTACKS = "/desk/attacks"


def look_now(client: TestClient) -> None:
    """The process looks for attacks at once, and not only a few seconds later."""
    state = client.app_state
    assert client.portal is not None
    client.portal.call(partial(state["watch"].look, store=state["store"], now=datetime.now(UTC)))
    state["metrics"].sites_attacked.set(len(state["watch"].alarms))


@pytest.fixture
def attacked(client: TestClient, sqlite: Database) -> int:
    """A site under attack, which this process knows of."""
    with sqlite.transaction() as conn:
        a_site(conn, "blog", origin="https://blog.example")
        site = a_site(conn)
        attacks.begin(conn, site.id, "alike", Pace(40, 0.1, 30), datetime.now(UTC))
    look_now(client)
    return site.id


def test_every_page_says_that_a_site_is_under_attack_and_why(
    client: TestClient, sqlite: Database, attacked: int
) -> None:
    eva = sign_in(client, sqlite, "eva", Role.VIEWER, attacked)

    for path in ("/desk/", "/desk/rules", ATTACKS):
        page = eva.get(path).text
        assert "Attack mode is on for" in page
        assert "Many comments came in that are nearly the same." in page
        assert "Keep it on" not in page
    assert "commentdesk_sites_attacked 1.0" in client.get("/metrics").text
    assert post(client)["status"] == "held"


def test_who_has_no_part_in_the_site_is_not_told(
    client: TestClient, sqlite: Database, attacked: int
) -> None:
    with sqlite.transaction() as conn:
        blog = sites.get_site(conn, "blog").id
    other = sign_in(client, sqlite, "ola", Role.MODERATOR, blog)

    assert "Attack mode is on for" not in other.get("/desk/").text
    assert "There was none yet." in other.get(ATTACKS).text
    assert other.post(ATTACKS, {"site": "news", "do": "end"}).status_code == 404


def test_a_moderator_ends_it_and_finds_it_among_those_that_are_over(
    client: TestClient, sqlite: Database, attacked: int
) -> None:
    max_ = sign_in(client, sqlite, site_id=attacked)

    answer = max_.post(ATTACKS, {"site": "news", "do": "end", "back": "/desk/?site=news"})

    assert answer.headers["location"].endswith("/desk/?site=news")
    assert "Attack mode is on for" not in max_.get("/desk/").text
    listed = max_.get(ATTACKS).text
    assert "Over" in listed
    assert "<bdi>max</bdi>" in listed


def test_a_moderator_keeps_it_on_and_lets_it_go_again(
    client: TestClient, sqlite: Database, attacked: int
) -> None:
    max_ = sign_in(client, sqlite, site_id=attacked)

    max_.post(ATTACKS, {"site": "news", "do": "keep"})
    assert "It was switched on by hand" in max_.get("/desk/").text

    max_.post(ATTACKS, {"site": "news", "do": "auto"})
    assert "It ends by itself" in max_.get("/desk/").text
    assert max_.post(ATTACKS, {"site": "news", "do": "panic"}).status_code == 422


@pytest.mark.parametrize("mode", ["auto", "off"])
def test_a_form_is_asked_for_a_proof_only_in_attack_mode(
    client: TestClient, sqlite: Database, attacked: int, mode: str
) -> None:
    with sqlite.transaction() as conn:
        sites.set_settings(conn, "news", {"attack.mode": mode})

    form = client.get("/api/v1/form", params=THREAD).json()

    assert ("proof" in form) is (mode == "auto")
    if mode == "auto":
        assert form["proof"]["parameters"]["algorithm"] == "PBKDF2/SHA-256"
        assert PAGE not in str(form["proof"])
