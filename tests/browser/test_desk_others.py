"""A desk that stays open while others work: a list that stands still, new comments, leases."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.at_keyboard import Sitting, sit_down
from tests.browser.conftest import World
from tests.deciding import honest
from tests.redis_server import wait_until

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def places(desk: Sitting) -> list[list[Any]]:
    """The id of every card, and how far below the top of the window it stands."""
    found: list[list[Any]] = desk.page.locator("article").evaluate_all(
        "all => all.map(e => [e.id, Math.round(e.getBoundingClientRect().top)])"
    )
    return found


def lookers(world: World, ids: list[str]) -> list[str]:
    """Who has a lease on each comment now."""
    answer = world.client.get(
        f"/api/v1/queue/watch?ids={','.join(ids)}",
        headers={"Authorization": f"Bearer {world.token}"},
    )
    held = {one["id"]: one["claimed_by"] for one in answer.json()["standings"]}
    return [held[comment_id] for comment_id in ids]


def decide(world: World, comment_id: str, outcome: str) -> str:
    """A decision of somebody else's; its id."""
    answer = world.client.post(
        "/api/v1/decisions",
        json={"ids": [comment_id], "outcome": outcome},
        headers={"Authorization": f"Bearer {world.token}"},
    )
    return str(answer.json()["decision_id"])


def test_new_comments_wait_behind_a_button_and_then_stand_at_the_end(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 3)
    before = places(desk)
    desk.ids += [world.send(desk.article, honest(n), name="Late") for n in (20, 21)]

    desk.look()
    button = desk.page.get_by_role("button", name="2 new")
    expect(button).to_be_visible()
    assert places(desk) == before
    button.click()

    assert places(desk)[:3] == before
    expect(desk.page.locator("article")).to_have_count(5)
    expect(button).to_be_hidden()
    desk.has_focus(0)
    desk.press("a", "a", "a", "s")
    desk.has_focus(4)
    desk.look()
    expect(desk.page.locator("#fresh")).to_be_hidden()
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["published"] * 3 + ["rejected", "held"]


def test_a_desk_that_was_empty_shows_what_comes_in(world: World, visit_desk: Open) -> None:
    desk = sit_down(world, visit_desk, 0)
    expect(desk.page.get_by_text("No comment matches this.")).to_be_visible()
    desk.ids.append(world.send(desk.article, "The first remark."))

    desk.look()
    desk.page.get_by_role("button", name="1 new").click()

    desk.has_focus(0)


@pytest.mark.slow
def test_the_newest_first_puts_what_is_new_at_the_end_too(world: World, visit_desk: Open) -> None:
    desk = sit_down(world, visit_desk, 2, "&order=newest")
    late = world.send(desk.article, "A late remark.")

    desk.look()
    desk.page.get_by_role("button", name="1 new").click()

    shown = [place[0].removeprefix("comment-") for place in places(desk)]
    assert shown == [desk.ids[1], desk.ids[0], late]


def test_the_next_comments_are_there_before_the_end_and_nothing_comes_between(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 12, "&limit=4")
    first = [f"comment-{comment_id}" for comment_id in desk.ids[:4]]
    assert [place[0] for place in places(desk)][:4] == first

    for place in range(12):
        desk.has_focus(place)  # a key counts for what has the focus, so that none is pressed before
        desk.press("a")
    desk.sent()

    assert [status for status, _ in desk.stored()] == ["published"] * 12
    assert [place[0] for place in places(desk)] == [f"comment-{i}" for i in desk.ids]
    expect(desk.page.locator("#end")).to_be_focused()
    desk.press("j")
    desk.said("This is the end of the list")
    assert desk.page.get_by_role("link", name="Next page").count() == 0


def test_what_others_decide_is_greyed_where_it_stands_and_comes_back_when_undone(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 3)
    before = places(desk)
    made = decide(world, desk.ids[1], "reject")

    desk.look()
    expect(desk.card(1)).to_contain_text("Already rejected by tests")
    expect(desk.card(1).get_by_role("button")).to_have_count(0)
    assert places(desk) == before
    desk.press("a")
    desk.has_focus(2)
    world.client.post(
        f"/api/v1/decisions/{made}/undo", headers={"Authorization": f"Bearer {world.token}"}
    )
    desk.sent()
    desk.look()

    expect(desk.card(1).get_by_role("button", name="Approve")).to_be_visible()
    desk.has_focus(2)
    desk.press("k", "s")
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["published", "rejected", "held"]


def test_what_others_decide_shows_by_itself_and_at_once(world: World, visit_desk: Open) -> None:
    desk = sit_down(world, visit_desk, 2)
    decide(world, desk.ids[1], "reject")

    expect(desk.card(1)).to_contain_text("Already rejected by tests", timeout=10_000)


def test_a_look_is_of_use_though_something_was_decided_before_its_answer(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 3)
    decide(world, desk.ids[2], "reject")
    held_up: list[Route] = []
    desk.page.route("**/queue/watch?*", lambda route: held_up.append(route), times=1)
    desk.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    wait_until(lambda: bool(desk.page.evaluate("1")) and len(held_up) > 0, "the look")
    answer = held_up[0].fetch()

    desk.press("a")
    desk.sent()
    held_up[0].fulfill(response=answer)

    expect(desk.card(2)).to_contain_text("Already rejected by tests")
    expect(desk.card(0)).to_contain_text("Approved Abel Undo")  # of which the answer knows nothing
    desk.has_focus(1)


@pytest.mark.slow
def test_what_is_looked_at_is_leased_and_freed_on_leaving_and_on_deciding(
    world: World, visit_desk: Open, open_page: Open
) -> None:
    desk = sit_down(world, visit_desk, 9)
    wait_until(lambda: lookers(world, desk.ids) == ["max"] * 6 + [""] * 3, "the first leases")
    other = open_page(world.link("lea"), java_script_enabled=False)
    other.get_by_role("button", name="Sign in").click()
    other.goto(desk.page.url)
    expect(other.locator("article").first).to_contain_text("Being looked at by max")
    expect(desk.card(0).locator(".looker")).to_be_hidden()  # nobody is told of themselves

    desk.press("a")
    wait_until(lambda: lookers(world, desk.ids) == [""] + ["max"] * 6 + [""] * 2, "one lease more")
    other.locator("article").nth(1).get_by_role("button", name="Spam").click()
    expect(other.get_by_role("status").first).to_contain_text("Rejected 1 comment")
    desk.page.goto("about:blank")

    wait_until(lambda: lookers(world, desk.ids) == [""] * 9, "the leases to be freed")


@pytest.mark.slow
def test_a_lease_is_renewed_while_the_page_is_there_and_ends_when_the_browser_dies(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, 2)

    def shorten(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('lease="60"', 'lease="3"'))

    desk.page.route(re.compile(r"/desk/\?"), shorten)
    wait_until(lambda: lookers(world, desk.ids) == ["max", "max"], "the leases of a minute")
    desk.page.reload()
    for _ in range(3):  # within the three seconds that each lease is good for
        with desk.page.expect_response("**/queue/claim", timeout=4000):
            pass
        assert lookers(world, desk.ids) == ["max", "max"]

    desk.page.context.set_offline(True)
    desk.page.context.close()

    wait_until(lambda: lookers(world, desk.ids) == ["", ""], "the leases to end", seconds=5)
    complaints.clear()  # of the broken connection


def test_a_desk_that_nobody_sits_at_asks_for_nothing_until_somebody_comes_back(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 3)
    desk.press("j")
    wait_until(lambda: desk.page.evaluate("watch.leases.size") >= 2, "what is seen to be leased")
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))

    def of_the_queue() -> list[str]:  # the browser takes its icon when it likes
        return [url for url in asked if "/static/" not in url]

    desk.page.evaluate("watch.usedAt -= 11 * 60 * 1000; watch.leases.clear()")
    desk.page.evaluate("Promise.all([watch.look(), watch.lease()])")
    assert of_the_queue() == []
    with desk.page.expect_response("**/queue/watch?*"):
        desk.press("j")


def test_who_looks_at_a_comment_comes_and_goes_without_moving_anything(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 9)
    before = places(desk)
    headers = {"Authorization": f"Bearer {world.token}"}
    for path in ("claim", "release"):
        world.client.post(f"/api/v1/queue/{path}", json={"ids": desk.ids[7:]}, headers=headers)
        desk.look()
        badges = desk.page.locator(".looker:not(:empty)")
        if path == "claim":
            expect(badges).to_have_text(["Being looked at by tests"] * 2)
        else:
            expect(badges).to_have_count(0)
        assert places(desk) == before
