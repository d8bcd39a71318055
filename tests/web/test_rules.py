"""The desk's page of rules: a trial first, then the rule; bans from a card, and their way back."""

import re
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from service.rulebook import Rule
from service.store import comments, rules, sites
from service.store.database import Database
from service.vocabulary import Role, RuleKind, Status
from tests.factories import a_comment, a_rule, a_site
from tests.tiny_model import FINE_TEXT
from tests.web.asking import post
from tests.web.moderating import Moderator, sign_in

PAGE = "/desk/rules"
FORM = {"kind": "word", "effect": "block", "site": "news", "lasts": "30d", "days": "30", "note": ""}


@pytest.fixture(autouse=True)
def site_id(sqlite: Database) -> int:
    with sqlite.transaction() as conn:
        a_site(conn, "blog", origin="https://blog.example")
        return a_site(conn, publish__unproven="score").id


@pytest.fixture
def max_(client: TestClient, sqlite: Database, site_id: int) -> Moderator:
    return sign_in(client, sqlite, "max", site_id=site_id)


def try_out(who: Moderator, **fields: str) -> str:
    answer = who.client.get(PAGE, params=FORM | fields, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


def led(who: Moderator, path: str, fields: dict[str, str]) -> str:
    """The page that a form leads to."""
    answer = who.post(path, fields)
    assert answer.status_code == 303, answer.text
    return who.get(answer.headers["location"]).text


def status_of(database: Database, comment_id: str) -> Status:
    with database.transaction() as conn:
        found = comments.find_comment(conn, comment_id)
    assert found is not None
    return found.status


def the_rule(database: Database) -> Rule:
    with database.transaction() as conn:
        (rule,) = rules.list_rules(conn, None, datetime.now(UTC))
    return rule


def test_a_trial_shows_what_readers_would_have_missed_and_changes_nothing(
    client: TestClient, sqlite: Database, max_: Moderator
) -> None:
    seen = post(client, comment=FINE_TEXT)
    assert seen["status"] == "published"

    page = try_out(max_, value="barley")

    assert "It would have met 1 comment" in page
    assert "Readers see 1 comment that it would have stopped." in page
    assert f"/desk/comments/{seen['id']}" in page
    assert "It would have met nothing" in try_out(max_, value="arley")
    with sqlite.transaction() as conn:
        assert rules.list_rules(conn, None, datetime.now(UTC)) == []


def test_a_rule_counts_from_the_next_comment_on_and_no_more_once_it_ended(
    client: TestClient, sqlite: Database, max_: Moderator
) -> None:
    hidden = re.findall(
        r'type="hidden" name="(\w+)" value="([^"]*)"', try_out(max_, value="Barley")
    )
    assert "The rule counts from the next comment on." in led(max_, PAGE, dict(hidden))

    rejected = post(client, comment="The barley stood well.")
    assert status_of(sqlite, rejected["id"]) is Status.REJECTED
    rule = the_rule(sqlite)
    assert (rule.hits, rule.value, rule.actor) == (1, "Barley", "max")
    assert "1 comment, the last" in max_.get(PAGE).text
    assert "Barley" in max_.get(f"/desk/comments/{rejected['id']}").text

    max_.post(f"{PAGE}/{rule.id}/end", {})
    assert status_of(sqlite, post(client, comment="More barley here.")["id"]) is not Status.REJECTED
    assert "Barley" not in max_.get(PAGE).text
    assert "Barley" in max_.get(f"{PAGE}?show=past").text

    max_.post(f"{PAGE}/{rule.id}/restore", {})
    assert status_of(sqlite, post(client, comment="Barley again.")["id"]) is Status.REJECTED


def test_a_slip_in_the_form_is_said_and_what_was_typed_stays(max_: Moderator) -> None:
    answer = max_.client.get(
        PAGE, params=FORM | {"kind": "address", "value": "nowhere"}, headers={"Accept": "text/html"}
    )

    assert answer.status_code == 422
    assert "Write an address or a network" in answer.text
    assert 'value="nowhere"' in answer.text


def test_viewers_look_and_have_no_form(client: TestClient, sqlite: Database, site_id: int) -> None:
    with sqlite.transaction() as conn:
        a_rule(conn, RuleKind.DOMAIN, "pills.example")
    vera = sign_in(client, sqlite, "vera", Role.VIEWER, site_id)

    page = vera.get(PAGE).text

    assert "pills.example" in page
    assert "Every site" in page
    assert "<button" not in page.partition('id="listed"')[2].partition("</form>")[2]
    assert "A new rule" not in page
    assert "You may look" in try_out(vera, value="barley")


def test_a_ban_from_a_card_rejects_what_comes_and_what_waits_and_is_taken_back_in_one_step(
    client: TestClient, sqlite: Database, max_: Moderator
) -> None:
    with sqlite.transaction() as conn:
        waiting = a_comment(conn, email="eve@mail.example", now=datetime.now(UTC)).id
    assert "Ban…" in max_.get("/desk/").text
    fields = {"scope": "email", "lasts": "1d", "waiting": "1", "back": "/desk/?site=news"}

    page = led(max_, f"/desk/comments/{waiting}/ban", fields)

    assert "Banned, and what of theirs was waiting is rejected." in page
    assert status_of(sqlite, waiting) is Status.REJECTED
    later = post(client, email="EVE@mail.example", comment="Me again.")
    assert status_of(sqlite, later["id"]) is Status.REJECTED

    form = page.partition('role="status"')[2].partition("</form>")[0]
    undo = re.search(r'action="([^"]+/end)"', form)
    back = re.search(r'name="back" value="([^"]+)"', form)
    assert undo is not None
    assert back is not None
    assert back[1] == fields["back"]
    assert "The ban is taken back, with what was rejected by it." in led(
        max_, undo[1], {"back": back[1]}
    )
    assert status_of(sqlite, waiting) is Status.HELD
    free = post(client, email="eve@mail.example", comment="Once more.")
    assert status_of(sqlite, free["id"]) is not Status.REJECTED


def test_the_rules_page_takes_a_ban_back_with_its_decision(
    sqlite: Database, max_: Moderator
) -> None:
    with sqlite.transaction() as conn:
        waiting = a_comment(conn, now=datetime.now(UTC)).id
    max_.post(f"/desk/comments/{waiting}/ban", {"scope": "email", "waiting": "1"})
    assert "End, and take its rejections back" in max_.get(PAGE).text

    max_.post(f"{PAGE}/{the_rule(sqlite).id}/end", {})

    assert status_of(sqlite, waiting) is Status.HELD


def test_a_moderator_of_one_site_changes_no_rule_of_another_or_of_all(
    sqlite: Database, max_: Moderator
) -> None:
    with sqlite.transaction() as conn:
        everywhere = a_rule(conn, RuleKind.WORD, "casino")
        blog = next(site for site in sites.list_sites(conn) if site.key == "blog")
        foreign = a_rule(conn, RuleKind.WORD, "loans", site=blog)

    assert "loans" not in max_.get(PAGE).text
    assert max_.post(f"{PAGE}/{everywhere.id}/end", {}).status_code == 403
    assert max_.post(f"{PAGE}/{foreign.id}/end", {}).status_code == 404
    assert max_.post(PAGE, FORM | {"value": "x", "site": ""}).status_code == 403
    assert max_.post(PAGE, FORM | {"value": "x", "site": "blog"}).status_code == 404
