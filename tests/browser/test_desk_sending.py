"""Decisions shown at once and sent behind: what fails comes back, nothing is lost or doubled."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.browser.at_keyboard import sit_down
from tests.browser.conftest import World
from tests.redis_server import wait_until

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
DECISIONS = "**/api/v1/decisions"


def test_a_decision_is_shown_before_it_is_answered(world: World, visit_desk: Open) -> None:
    desk = sit_down(world, visit_desk, 3)
    held_up: list[Route] = []
    seen: list[str] = []
    desk.page.on("request", lambda request: seen.append(request.url))
    desk.page.route(DECISIONS, lambda route: held_up.append(route), times=1)

    desk.press("a", "s")

    desk.has_focus(2)
    expect(desk.card(0)).to_contain_text("Approved Abel Undo")
    expect(desk.card(1)).to_contain_text("Marked as spam Berta Undo")
    assert [status for status, _ in desk.stored()] == ["held"] * 3
    wait_until(lambda: bool(desk.page.evaluate("1")) and len(held_up) > 0, "the first request")
    # in order: the second is sent when the first is answered
    assert len([url for url in seen if url.endswith("/decisions")]) == 1
    held_up[0].continue_()
    desk.sent()
    assert desk.stored() == [("published", 1), ("rejected", 1), ("held", 0)]


def test_what_the_service_fails_to_do_comes_back_in_its_place_with_the_reason(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, 4)
    desk.page.route(DECISIONS, lambda route: route.fulfill(status=500, body="{}"))

    desk.press("a")
    expect(desk.card(0)).to_contain_text("Not saved yet: the service met an error")
    expect(desk.card(0).locator(".slip")).to_have_text("Not saved: the service met an error.")
    desk.has_focus(1)
    desk.said("Abel is back")
    desk.page.unroute(DECISIONS)
    desk.press("k", "s")

    desk.sent()
    assert desk.stored() == [("rejected", 1), ("held", 0), ("held", 0), ("held", 0)]
    complaints.clear()  # of the 500s


def test_a_service_that_does_not_come_back_gives_all_that_waits_back(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, 4)
    desk.page.clock.install()
    desk.page.route(DECISIONS, lambda route: route.abort())

    desk.press("a", "s", "z", "j", "2")
    for _ in range(12):
        desk.page.clock.run_for(5000)
        desk.page.evaluate("1")
        if desk.page.evaluate("outbox.jobs.length === 0"):
            break

    for place in (0, 2):
        expect(desk.card(place).locator(".slip")).to_have_text(
            "Not saved: the service cannot be reached."
        )
    expect(desk.page.locator(".line")).to_have_count(0)
    desk.page.unroute(DECISIONS)
    desk.card(0).focus()
    desk.press("a")
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["published", "held", "held", "held"]
    complaints.clear()  # of the broken connections


@pytest.mark.slow
def test_while_the_service_is_away_decisions_wait_and_then_each_is_stored_once(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, 6)

    desk.press("a")
    desk.sent()
    world.service.stop()
    desk.press("s", "a", "3")
    expect(desk.card(1)).to_contain_text("Not saved yet: the service cannot be reached")
    desk.press("z", "s")
    world.service.start()
    desk.sent()

    assert desk.stored() == [
        ("published", 1), ("rejected", 1), ("published", 1), ("rejected", 2), ("held", 0),
        ("held", 0),
    ]  # fmt: skip
    expect(desk.page.locator(".line")).to_have_count(4)
    expect(desk.page.locator(".wait:not(:empty)")).to_have_count(0)
    complaints.clear()  # of the refused connections


def test_answers_that_are_lost_double_nothing(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, 3)
    desk.shorten_pauses()
    lost: list[int] = []

    def lose(route: Route) -> None:
        """Every request reaches the service; of the first two of each nobody hears the answer."""
        answer = route.fetch()
        lost.append(answer.status)
        if len(lost) % 3:
            route.abort()
        else:
            route.fulfill(response=answer)

    desk.page.route(DECISIONS, lose)
    desk.page.route(f"{DECISIONS}/*/undo", lose)

    desk.press("a", "s", "z")
    desk.sent()

    assert lost == [200] * 7 + [404] * 2  # an undo is done when it was done already
    assert desk.stored() == [("published", 1), ("held", 1), ("held", 0)]
    expect(desk.page.locator(".slip")).to_have_count(0)
    desk.page.unroute_all()
    desk.press("a")  # whose version is right after all that
    desk.sent()
    assert desk.stored()[1] == ("published", 2)
    complaints.clear()  # of the broken connections


def test_what_was_saved_though_nobody_heard_of_it_is_saved_once_when_decided_again(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, 2)
    desk.shorten_pauses()
    desk.page.evaluate("watch.stream.close()")  # or it would hear of its own decision at once

    def lose(route: Route) -> None:
        route.fetch()
        route.fulfill(status=500, body="{}")

    desk.page.route(DECISIONS, lose)
    desk.press("s")
    expect(desk.card(0).locator(".slip")).to_contain_text("Not saved")
    desk.page.unroute(DECISIONS)
    desk.press("k", "s")
    desk.sent()

    assert desk.stored()[0] == ("rejected", 1)
    expect(desk.card(0)).to_contain_text("Marked as spam Abel Undo")
    desk.press("z")
    desk.sent()
    assert desk.stored()[0] == ("held", 1)
    complaints.clear()  # of the 500s


def test_a_comment_somebody_else_decided_is_greyed_with_who_and_nothing_is_overwritten(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, 3)
    world.approve(desk.ids[0])

    desk.press("s")

    expect(desk.card(0).locator(".became")).to_have_text("Already approved by tests")
    expect(desk.card(0).get_by_role("button")).to_have_count(0)
    desk.has_focus(1)
    desk.said("already approved by tests")
    assert desk.stored()[0] == ("published", 1)
    desk.press("z")
    desk.said("Nothing to undo")
    desk.press("k", "a", "s", "d", "1")
    desk.said("This is decided already")
    desk.sent()
    assert desk.stored()[0] == ("published", 1)
    complaints.clear()  # of the 409


def test_of_ticked_comments_only_those_are_greyed_that_others_decided(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 3)
    world.approve(desk.ids[1])

    desk.press("x", "j", "x", "j", "x", "Shift+S")
    desk.sent()

    expect(desk.card(1)).to_contain_text("Already approved by tests")
    desk.press("z")
    desk.sent()
    assert desk.stored() == [("held", 1), ("published", 1), ("held", 1)]


def test_a_comment_its_author_has_changed_is_shown_anew_and_not_decided(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, 1)
    fields = {"site": "news", "page_url": desk.article, "name": "Ines", "email": "i@mail.example"}
    receipt = world.client.post("/api/v1/comments", json=fields | {"comment": "Befor."}).json()
    desk.ids.append(receipt["id"])
    desk.page.reload()
    world.client.patch(
        f"/api/v1/comments/{receipt['id']}",
        json={"comment": "Before the rain."},
        headers={"Authorization": f"Bearer {receipt['edit_token']}"},
    )

    desk.press("j", "a")

    expect(desk.card(1)).to_contain_text("Before the rain.")
    expect(desk.card(1).locator(".slip")).to_contain_text("This has changed since you saw it.")
    assert desk.stored()[1] == ("held", 0)
    desk.card(1).focus()
    desk.press("a")
    desk.sent()
    assert desk.stored()[1] == ("published", 1)
    complaints.clear()  # of the 409


def test_undo_goes_back_decision_by_decision_and_over_a_reload(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 5)

    desk.press("a", "s", "4")
    desk.press("z")
    desk.has_focus(2)
    desk.said("Taken back: rejected (illegal)")
    desk.press("u")
    desk.has_focus(1)
    desk.press("e", "e", "a")
    desk.card(0).get_by_role("button", name="Undo").click()
    desk.has_focus(0)
    desk.sent()
    assert desk.stored() == [("held", 1), ("held", 1), ("held", 1), ("published", 1), ("held", 0)]
    desk.press("s")
    desk.sent()

    desk.page.reload()
    desk.press("z")
    desk.sent()
    expect(desk.page.locator(".done")).to_contain_text("Taken back what was decided before")
    desk.press("z")
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["held"] * 5
    desk.press("z")
    desk.said("Nothing to undo")


def test_leaving_warns_while_something_is_not_saved(world: World, visit_desk: Open) -> None:
    desk = sit_down(world, visit_desk, 2)
    held_up: list[Route] = []
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    desk.page.on("dialog", stay)
    desk.page.route(DECISIONS, lambda route: held_up.append(route))
    desk.press("a")

    desk.page.close(run_before_unload=True)
    wait_until(lambda: bool(desk.page.evaluate("1")) and asked == ["beforeunload"], "the warning")

    held_up[0].continue_()
    desk.sent()
    assert desk.stored()[0] == ("published", 1)


def test_whoever_is_signed_out_is_told_and_loses_nothing(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, 2)
    cookies: list[Any] = list(desk.page.context.cookies())
    desk.page.context.clear_cookies()

    desk.press("a")

    expect(desk.card(0).locator(".slip")).to_have_text(
        "Not saved: you are signed out; sign in again in another tab."
    )
    assert desk.stored()[0] == ("held", 0)
    desk.page.context.add_cookies(cookies)  # as signing in again in another tab does
    desk.press("k", "a")
    desk.sent()
    assert desk.stored()[0] == ("published", 1)
    complaints.clear()  # of the 401s
