"""A whole day at the desk: a hundred comments, thirty of them alike, an undo, a search, a rule.

Marked slow: `make desk` clears it once with scripts, by keyboard, and once without, by buttons.
"""

import re
from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.at_keyboard import Sitting
from tests.browser.conftest import World
from tests.browser.test_desk_groups import PITCH
from tests.deciding import honest

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

Open = Callable[..., Page]


@pytest.fixture
def morning(world: World) -> tuple[str, list[str]]:
    """An article with thirty comments that are alike and seventy that are not, all held."""
    article = world.article()
    texts = [PITCH.format(n) for n in range(30)] + [f"{honest(n)} {n} {n * n}" for n in range(70)]
    ids = [world.send(article, text, name=f"Writer {n}") for n, text in enumerate(texts)]
    return article, ids


def test_a_day_by_keyboard(world: World, visit_desk: Open, morning: tuple[str, list[str]]) -> None:
    article, ids = morning
    page = visit_desk(f"/desk/?page_url={article}", java_script_enabled=True)
    desk = Sitting(world, page, article, ids)
    expect(page.get_by_role("article").first).to_be_focused()

    desk.press("s")  # the thirty
    desk.said("30 comments: marked as spam")
    desk.press("z")
    desk.sent()
    assert Counter(status for status, _ in desk.stored()) == {"held": 100}
    desk.press("s")
    desk.sent()
    for place in range(30, 100):
        desk.has_focus(place)
        desk.press("a")
    desk.sent()

    found = Counter(status for status, _ in desk.stored())
    assert found == {"rejected": 30, "published": 70}
    search_and_rule(page, world, article)


def test_a_day_without_scripts(
    world: World, visit_desk: Open, morning: tuple[str, list[str]]
) -> None:
    article, ids = morning
    page = visit_desk(f"/desk/?page_url={article}")
    desk = Sitting(world, page, article, ids)

    page.get_by_role("article").first.get_by_role("button", name=re.compile("^Spam")).click()
    expect(page.get_by_role("status").first).to_contain_text("30 comments")
    page.get_by_role("status").first.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").first).to_contain_text("Taken back: 30 comments")
    page.get_by_role("article").first.get_by_role("button", name=re.compile("^Spam")).click()
    page.goto(f"{world.service.url}/desk/?page_url={article}&limit=200")
    for box in page.get_by_role("article").get_by_role("checkbox", name=re.compile("Writer")).all():
        box.check()
    page.get_by_role("button", name=re.compile("^Approve ticked")).click()

    found = Counter(status for status, _ in desk.stored())
    assert found == {"rejected": 30, "published": 70}
    search_and_rule(page, world, article)


def search_and_rule(page: Page, world: World, article: str) -> None:
    """What was rejected is found by its words, and a rule is tried and then added against it."""
    page.goto(f"{world.service.url}/desk/?status=rejected&page_url={article}&q=essay+mill")
    expect(page.get_by_role("article").first).to_contain_text("Order an essay")
    page.goto(f"{world.service.url}/desk/rules")
    page.get_by_label("The word, domain or address").fill("order an essay")
    page.get_by_label("Where").select_option("news")
    page.get_by_role("button", name="Try it out first").click()
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"\b\d+ comments?\b"))
    page.get_by_role("button", name="Add this rule").click()
    expect(page.get_by_role("status")).to_contain_text("The rule counts from the next comment on.")

    late = world.send(article, PITCH.format(99), name="Writer again")
    answer = world.client.get(
        f"/api/v1/comments/{late}/history", headers={"Authorization": f"Bearer {world.token}"}
    )
    assert answer.json()["entries"][0]["to_status"] == "rejected"
    page.get_by_role("button", name="End the rule order an essay").first.click()
