"""A desk from its first admin on: invited, accepted, a second factor, and comments cleared.

Once with scripts, once without: everything is a link or a form.
"""

import re
from collections.abc import Callable
from itertools import count

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SITE, World
from tests.redis_server import wait_until

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
_numbers = count(1)
TEXTS = (  # nothing alike, since what is alike is one card
    "The barley came in wet this year, and half of it went to the pigs.",
    "Who counts the lorries at night, when the second scanner stands still?",
    "My grandmother crossed there in the winter of 1961 with a goat on a rope.",
)


def set_password(page: Page, password: str) -> None:
    page.get_by_label("New password").fill(password)
    page.get_by_role("button", name="Set password").click()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_first_day_of_the_desk(world: World, open_page: Open, scripts: bool) -> None:
    number = next(_numbers)
    admin_name, moderator_name = f"Ada {number}", f"Mia {number}"
    article = world.article()
    for place, text in enumerate(TEXTS):
        world.send(article, f"{text} {number}", name=f"Author {number}{place}")

    # a newcomer comes by the one-time link and sets a password
    admin = open_page(world.link(admin_name, role="admin"), java_script_enabled=scripts)
    admin.get_by_role("button", name="Sign in").click()
    set_password(admin, "seven quiet orchards")
    expect(admin.get_by_role("status")).to_contain_text("Your password is set.")

    # and invites somebody
    admin.get_by_role("link", name="People").click()
    admin.get_by_label("Name, as other moderators see it").fill(moderator_name)
    admin.get_by_label(SITE, exact=True).select_option("moderator")
    admin.get_by_role("button", name="Make an invitation").click()
    invitation = admin.get_by_label("Link").input_value()

    # who chooses a password
    moderator = open_page(invitation, java_script_enabled=scripts)
    expect(moderator.get_by_role("heading", level=1)).to_have_text(f"Welcome, {moderator_name}")
    moderator.get_by_label("New password").fill("rivers under the moon")
    moderator.get_by_role("button", name="Set password and sign in").click()
    expect(moderator).to_have_url(f"{world.service.url}/desk/")
    expect(moderator.get_by_role("link", name="People")).to_have_count(0)

    # and sets a second factor up
    moderator.get_by_role("link", name=moderator_name).click()
    moderator.get_by_role("link", name="Set up a second factor").click()
    secret = moderator.locator("code.secret").inner_text().replace(" ", "")
    device = pyotp.TOTP(secret)
    moderator.get_by_label("Your present password").fill("rivers under the moon")
    moderator.get_by_label("Code").fill(device.now())
    moderator.get_by_role("button", name="Turn the second factor on").click()
    codes = moderator.get_by_role("listitem").all_inner_texts()
    assert len(codes) == 10

    # signs out and in again, in two steps
    moderator.get_by_role("link", name="I have kept them").click()
    moderator.get_by_role("button", name="Sign out").click()
    moderator.get_by_label("Name").fill(moderator_name)
    moderator.get_by_label("Password").fill("rivers under the moon")
    moderator.get_by_role("button", name="Sign in").click()
    expect(moderator.get_by_role("heading", name="One more step")).to_be_visible()
    moderator.goto(f"{world.service.url}/desk/?page_url={article}")
    expect(moderator.get_by_role("heading", name="Sign in")).to_be_visible()
    moderator.goto(f"{world.service.url}/desk/sign-in/code")
    moderator.get_by_label("Code").fill(codes[0])
    moderator.get_by_role("button", name="Sign in").click()

    # and clears the article's comments
    moderator.goto(f"{world.service.url}/desk/?page_url={article}")
    for place in range(3):
        card = moderator.get_by_role("article", name=f"Author {number}{place}")
        card.get_by_role("button", name=re.compile("^Approve" if place else "^Spam")).click()

    def published() -> int:
        asked = {"site": SITE, "page_url": article}
        shown: int = world.client.get("/api/v1/comments", params=asked).json()["count"]
        return shown

    wait_until(lambda: published() == 2, "two comments to be published")

    # the admin sees who is there
    admin.get_by_role("link", name="Back to the people").click()
    row = admin.get_by_role("listitem").filter(has_text=moderator_name)
    expect(row).to_contain_text(f"moderator on {SITE}")
    expect(row).to_contain_text("Second factor on.")
