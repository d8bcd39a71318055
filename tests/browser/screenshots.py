"""Takes the manual's screenshots, for `make screenshots`; no test run collects it."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, ViewportSize

from tests.browser.conftest import World
from tests.browser.conversation import converse
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

IMAGES = ROOT / "docs" / "images"
LIMIT = 150 * 1024  # bytes of one picture
PHONE = {"width": 390, "height": 844}
TOUCH = {"has_touch": True, "is_mobile": True}
LAPTOP: ViewportSize = {"width": 960, "height": 720}

Open = Callable[..., Page]


def keep(name: str, shown: Page | Locator) -> None:
    """Save a picture with few colours, which is all that our pages have."""
    IMAGES.mkdir(exist_ok=True)
    picture = Image.open(io.BytesIO(shown.screenshot(animations="disabled", caret="hide")))
    path: Path = IMAGES / f"{name}.png"
    picture.convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size <= LIMIT, f"{path} is too large"


def test_take_the_screenshots(
    world: World, open_page: Open, visit_desk: Open, complaints: list[str]
) -> None:
    demo = f"{world.service.url}/demo"
    converse(world.client, demo, world.token)

    page = open_page(demo, viewport=LAPTOP)
    page.get_by_role("heading", name="comments").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('comment-thread').scrollIntoView()")
    keep("thread", page)
    page.get_by_role("textbox", name="Comment").scroll_into_view_if_needed()
    keep("form", page.locator(".comment-form").last)

    page = open_page(demo, viewport=PHONE, color_scheme="dark")
    page.get_by_role("button", name="Reply to Teo").click()
    page.keyboard.type("I asked the customs service. They opened fewer.")
    page.get_by_role("textbox", name="Name").fill("Noor")
    page.get_by_role("textbox", name="Email").fill("noor at home")
    page.get_by_role("button", name="Post comment").click()
    page.get_by_role("alert").wait_for()
    keep("errors-phone", page)
    page.get_by_role("textbox", name="Email").fill("noor@mail.example")
    page.get_by_role("button", name="Post comment").click()
    page.get_by_text("Waiting for review").wait_for()
    keep("waiting-phone", page)

    ink = {"java_script_enabled": True}
    desk = visit_desk("/desk/", viewport=LAPTOP, **ink)
    keep("queue", desk)
    card = desk.get_by_role("article", name="Karl")
    card.get_by_text("Reject…").click()
    card.get_by_label("Note").fill("The third of these this week.")
    keep("reject", card)
    desk.get_by_role("article", name="Best Pills").focus()
    desk.keyboard.press("s")
    keep("decided", desk)
    desk.set_viewport_size({"width": 960, "height": 900})
    desk.keyboard.press("?")
    keep("keys", desk.get_by_role("dialog"))
    desk.keyboard.press("Escape")
    desk.set_viewport_size(LAPTOP)
    desk.get_by_label("Tick the comment by Olu").check()
    desk.get_by_label("Tick the comment by Dana").check()
    desk.get_by_role("button", name="Approve ticked").scroll_into_view_if_needed()
    keep("ticked", desk)
    desk.goto(f"{world.service.url}/desk/?q=pills&status=rejected")
    keep("search", desk)
    desk.get_by_role("article", name="Best Pills").locator("a.when").click()
    keep("comment", desk)
    keep("queue-phone", visit_desk("/desk/", viewport=PHONE, color_scheme="dark", **TOUCH, **ink))
    complaints.clear()  # the 422 above
