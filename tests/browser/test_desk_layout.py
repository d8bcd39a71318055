"""What the desk looks like: clean in every state, and nothing moves that nobody asked to move."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.at_keyboard import sit_down
from tests.browser.conftest import World
from tests.browser.test_accessibility import findings
from tests.browser.test_desk_others import decide
from tests.deciding import honest

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
DECISIONS = "**/api/v1/decisions"
PAINTED = """() => new Promise((resolve) =>
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now()))))"""
SHIFTS = """(since) => new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries()
        .filter((entry) => !entry.hadRecentInput && entry.startTime > since)
        .map((entry) => [entry.value, ...entry.sources.map((s) => s.node?.outerHTML?.slice(0, 99))])
    )).observe({type: "layout-shift", buffered: true});
    setTimeout(() => resolve([]), 100);
})"""
# Takes a form away element by element, as a browser that is still reading it has not got them.
MOVED_BY_WHAT_FOLLOWS = """(form) => {
    const place = (e) => Object.values(e.getBoundingClientRect().toJSON()).slice(0, 3).join(" ");
    const all = [...form.querySelectorAll(":scope > *")];
    const places = all.map(place);
    const moved = [];
    for (; all.length; all.pop().remove()) {
        all.forEach((e, at) => place(e) === places[at] || moved.push(e.textContent));
    }
    return moved;
}"""


@pytest.mark.slow
def test_nothing_shifts_but_by_the_moderator_s_own_keys(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, 8, "&limit=6")
    since = desk.page.evaluate(PAINTED)
    ids = [*desk.ids, *(world.send(desk.article, honest(20 + n)) for n in range(3))]

    desk.press("a", "s")
    decide(world, ids[3], "approve")
    decide(world, ids[5], "approve")
    desk.look()
    expect(desk.card(3)).to_contain_text("Already approved by tests")
    desk.page.wait_for_timeout(600)  # the browser excuses half a second after each key
    desk.page.route(DECISIONS, lambda route: route.fulfill(status=400, body="{}"))
    desk.press("s")
    expect(desk.card(2).locator(".slip")).to_be_visible()
    desk.page.get_by_role("button", name="3 new").click()

    assert desk.page.evaluate(SHIFTS, since) == []
    complaints.clear()  # of the 400


@pytest.mark.parametrize("width", [1280, 320])
def test_no_field_of_the_search_moves_while_the_page_is_still_coming_in(
    world: World, visit_desk: Open, width: int
) -> None:
    desk = sit_down(world, visit_desk, 0, viewport={"width": width, "height": 640})
    form = desk.page.get_by_role("search")
    expect(form.get_by_label("Address of the page")).to_be_visible()

    assert form.evaluate(MOVED_BY_WHAT_FOLLOWS) == []


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_cards_in_every_state_are_clean_and_fit_a_small_phone(
    world: World, visit_desk: Open, complaints: list[str], scheme: str
) -> None:
    phone = {"width": 320, "height": 640}
    desk = sit_down(world, visit_desk, 8, color_scheme=scheme, viewport=phone)
    headers = {"Authorization": f"Bearer {world.token}"}
    world.client.post("/api/v1/queue/claim", json={"ids": desk.ids[7:]}, headers=headers)
    decide(world, desk.ids[2], "approve")
    world.send(desk.article, "A late remark.")
    desk.press("a")
    desk.sent()
    desk.page.route(DECISIONS, lambda route: route.fulfill(status=400, body="{}"))
    desk.press("s")
    expect(desk.card(1).locator(".slip")).to_be_visible()
    desk.page.unroute(DECISIONS)
    desk.look()
    expect(desk.page.get_by_role("button", name="1 new")).to_be_visible()
    desk.page.route(DECISIONS, lambda route: route.abort())
    desk.press("j", "s")
    expect(desk.page.locator(".wait:not(:empty)")).to_be_visible()
    desk.press("x", "d")

    assert findings(desk.page) == []
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 320
    small = desk.page.evaluate(
        """() => [...document.querySelectorAll("button, summary, input, article a")]
            .filter((e) => e.checkVisibility() && e.type !== "hidden" && e.tagName !== "A")
            .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""
    )
    assert small == []
    desk.press("Escape", "?")
    assert findings(desk.page) == []
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 320
    desk.page.unroute(DECISIONS)
    desk.page.evaluate("dispatchEvent(new Event('online'))")  # tried again now, not in a while
    desk.sent()  # so that no further connection breaks
    complaints.clear()  # of the 400 and the broken connections
