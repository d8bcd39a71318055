"""A reader confirms an address, is trusted in that browser, is told of replies, and ends that."""

import re
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from service.tokens import unsubscribe_token
from tests.browser.conftest import World
from tests.browser.test_accessibility import findings
from tests.mailing import links_of
from tests.redis_server import wait_until
from tests.tiny_model import FINE_TEXT

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
CONFIRM = re.compile("Send me a link to confirm my email address")
NOTIFY = re.compile("Email me when somebody replies")
PHONE = {"width": 320, "height": 640}


def link_in_letter_to(world: World, address: str) -> str:
    """The link of the first letter that an address gets, once it is there."""

    def letters() -> list[EmailMessage]:
        return [letter for letter in world.mail.letters if letter["To"] == address]

    wait_until(lambda: bool(letters()), f"a letter to {address}", seconds=30)
    return links_of(letters()[0])[-1]


def write(page: Page, name: str, email: str, comment: str, *boxes: re.Pattern[str]) -> None:
    """Fill in the form, tick boxes, and send it."""
    page.get_by_role("textbox", name="Comment").fill(comment)
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("textbox", name="Email").fill(email)
    for box in boxes:
        page.get_by_role("checkbox", name=box).check()
    page.get_by_role("button", name="Post comment").click()


def test_a_confirmed_address_publishes_from_then_on_and_replies_are_told_of(
    world: World, open_page: Open
) -> None:
    article, email = world.article(), "nora@mail.example"
    page = open_page(article)
    write(page, "Nora", email, FINE_TEXT, CONFIRM, NOTIFY)
    expect(page.get_by_text("A moderator will look at your comment")).to_be_visible()
    expect(page.get_by_text("An email with a link is on its way to you.")).to_be_visible()
    expect(page.get_by_role("checkbox", name=CONFIRM)).not_to_be_checked()

    page.goto(link_in_letter_to(world, email))
    page.get_by_role("button", name="Confirm my address").click()
    expect(page.get_by_role("heading", name="Your email address is confirmed")).to_be_visible()
    page.get_by_role("link", name="Back to the article").click()

    expect(page.get_by_text("Your email address is confirmed in this browser")).to_be_visible()
    assert page.url == article  # nothing of the proof is left there
    assert page.evaluate("Object.keys(localStorage)") == ["comment-desk news proof"]

    page.reload()
    write(page, "Nora", email, f"{FINE_TEXT} Again.")
    expect(page.get_by_text("Your comment is published")).to_be_visible()
    expect(page.get_by_role("checkbox", name=CONFIRM)).to_be_hidden()


def test_without_scripts_the_page_with_the_proof_has_a_form_of_its_own(
    world: World, open_page: Open
) -> None:
    article, email = world.article(), "pia@mail.example"
    page = open_page(world.thread(article), java_script_enabled=False)
    write(page, "Pia", email, FINE_TEXT, CONFIRM)

    page.goto(link_in_letter_to(world, email))
    page.get_by_role("button", name="Confirm my address").click()
    write(page, "Pia", email, f"{FINE_TEXT} Once more.")

    expect(page).to_have_url(re.compile(re.escape(article)))
    held = world.client.get(
        "/api/v1/queue", params={"page_url": article},
        headers={"Authorization": f"Bearer {world.token}"},
    ).json()["items"]  # fmt: skip
    # it counts as proven; a test types faster than a person, so it is held all the same
    codes = [{reason["code"] for reason in comment["reasons"]} for comment in held]
    assert codes == [{"too-fast", "proven-author", "score-fine"}]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_of_links_are_clean_and_fit_a_small_phone(
    world: World, open_page: Open, scheme: str
) -> None:
    article, email = world.article(), f"axe-{scheme}@mail.example"
    page = open_page(world.thread(article), color_scheme=scheme, viewport=PHONE)
    check(page)
    write(page, "Axel", email, FINE_TEXT, CONFIRM, NOTIFY)

    link = link_in_letter_to(world, email)
    page.goto(link)
    check(page)
    page.get_by_role("button", name="Confirm my address").click()
    expect(page.get_by_role("heading", name="Your email address is confirmed")).to_be_visible()
    check(page)

    secret = (world.service.data_dir / "secret").read_bytes().strip()
    comment_id = link.partition("token=")[2].partition(".")[0]
    token = unsubscribe_token(secret, comment_id)
    page.goto(f"{world.service.url}/unsubscribe?token={token}")
    check(page)
    page.get_by_role("button", name="End mails about this page").click()
    expect(page.get_by_role("heading", name="No more mails")).to_be_visible()
    check(page)


def check(page: Page) -> None:
    """axe finds nothing, nothing is wider than the screen, and nothing is too small to hit."""
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    boxes = page.get_by_role("checkbox").all() + page.get_by_role("button").all()
    for box in boxes:
        place = box.bounding_box()
        assert place is not None
        assert min(place["width"], place["height"]) >= 24
