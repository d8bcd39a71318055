"""How fast a queue is cleared by keyboard, and that each decision is stored once, cut or not."""

import sys
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.at_keyboard import Sitting, sit_down
from tests.browser.conftest import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

Open = Callable[..., Page]
NUMBER = 100
PACE = 2.0  # decisions a second
CUT = 10.0  # seconds without network
KEYS = ("a", "s", "a", "1", "a", "s", "a", "3")  # what is decided about one after the other
STATUS = {"a": "published"}


def decide(desk: Sitting, place: int) -> None:
    """Press the key for the comment in this place, and go on when the next one has the focus."""
    desk.press(KEYS[place % len(KEYS)])
    if place + 1 < NUMBER:
        desk.has_focus(place + 1)


def wanted() -> list[tuple[str, int]]:
    """What has to be stored of all comments, each decided once."""
    return [(STATUS.get(KEYS[n % len(KEYS)], "rejected"), 1) for n in range(NUMBER)]


def test_a_hundred_comments_are_decided_by_keyboard_at_two_a_second_or_more(
    world: World, visit_desk: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = sit_down(world, visit_desk, NUMBER)
    desk.has_focus(0)

    began = time.monotonic()
    for place in range(NUMBER):
        decide(desk, place)
    shown = time.monotonic() - began
    desk.sent()
    stored = time.monotonic() - began

    assert desk.stored() == wanted()
    with capsys.disabled():
        rates = f"{NUMBER / shown:.1f} a second shown, {NUMBER / stored:.1f} stored"
        sys.stdout.write(f"\n  {NUMBER} decisions: {rates}\n")
    assert NUMBER / stored >= PACE


def test_ten_seconds_without_network_lose_and_double_nothing(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    desk = sit_down(world, visit_desk, NUMBER)
    context = desk.page.context
    desk.has_focus(0)

    for place in range(20):
        decide(desk, place)
    context.set_offline(True)
    cut_at = time.monotonic()
    for place in range(20, 24):
        decide(desk, place)
    expect(desk.page.locator(".wait:not(:empty)").first).to_contain_text("cannot be reached")
    desk.page.wait_for_timeout((CUT - (time.monotonic() - cut_at)) * 1000)
    assert desk.stored()[23] == ("held", 0)
    context.set_offline(False)
    for place in range(24, NUMBER):
        decide(desk, place)
    desk.sent()

    assert desk.stored() == wanted()
    expect(desk.page.locator(".slip, .became")).to_have_count(0)
    complaints.clear()  # of the broken connections
