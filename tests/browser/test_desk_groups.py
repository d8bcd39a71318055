"""A group of near-identical comments at the keyboard, and what stands around a comment."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.at_keyboard import Sitting, stored
from tests.browser.conftest import World
from tests.browser.test_accessibility import findings
from tests.deciding import honest

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
PITCH = "Order an essay number {} tonight and relax until Monday, says the man at the mill."


def sit_before_a_group(world: World, visit_desk: Open, number: int = 4) -> Sitting:
    """So many alike, then one that is not."""
    article = world.article()
    texts = [PITCH.format(n) for n in range(number)] + [honest(3)]
    ids = [world.send(article, text, name=f"Writer {n}") for n, text in enumerate(texts)]
    page = visit_desk(f"/desk/?page_url={article}", java_script_enabled=True)
    return Sitting(world, page, article, ids)


def test_a_group_is_one_stop_one_decision_and_one_undo(world: World, visit_desk: Open) -> None:
    desk = sit_before_a_group(world, visit_desk)
    expect(desk.page.get_by_role("article")).to_have_count(2)
    desk.has_focus(0)

    desk.press("s")

    desk.said("4 comments: marked as spam, 1 left")
    desk.has_focus(4)
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["rejected"] * 4 + ["held"]
    desk.press("z")
    desk.sent()
    desk.has_focus(0)
    assert [status for status, _ in desk.stored()] == ["held"] * 5

    desk.press("a")
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["published"] * 4 + ["held"]


def test_who_is_unticked_is_left_out(world: World, visit_desk: Open) -> None:
    desk = sit_before_a_group(world, visit_desk)
    desk.page.get_by_text("3 more like this").click()
    desk.page.get_by_label("Writer 2").uncheck()
    assert findings(desk.page) == []
    desk.press("Escape")
    desk.has_focus(0)

    desk.press("s")

    desk.said("3 comments: marked as spam, 2 left")
    desk.sent()
    wanted = ["rejected", "rejected", "held", "rejected", "held"]
    assert [status for status, _ in desk.stored()] == wanted


def test_a_sibling_is_decided_inside_the_card_and_one_comes_back_to_it(
    world: World, visit_desk: Open
) -> None:
    article = world.article()
    beside = world.published(article, "Published, and rude.", name="Sibling")
    waits = world.send(article, honest(5), name="Waiting")
    page = visit_desk(f"/desk/?page_url={article}", java_script_enabled=True)
    page.get_by_text("Around it on the page").click()
    assert findings(page) == []

    page.get_by_role("button", name="The comment by Sibling is spam").click()

    page.wait_for_url(f"**#comment-{waits}")
    assert [status for status, _ in stored(world, [beside, waits])] == ["rejected", "held"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_that_asks_about_all_that_match_is_clean_and_fits_a_small_phone(
    world: World, visit_desk: Open, scheme: str
) -> None:
    article = world.article()
    for n in range(3):
        world.send(article, honest(n), name=f"Writer {n}")
    small = {"width": 320, "height": 640}
    page = visit_desk(f"/desk/?page_url={article}", color_scheme=scheme, viewport=small)
    page.get_by_role("link", name="Decide all that match").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("3 comments match")
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 320
    page.get_by_role("button", name="All are spam").click()
    expect(page.get_by_role("status").first).to_contain_text("Rejected 3 comments (spam).")
    page.go_back()
    script = visit_desk(f"/desk/all?page_url={article}&status=rejected", color_scheme=scheme,
                        java_script_enabled=True)  # fmt: skip
    assert findings(script) == []
