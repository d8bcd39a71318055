"""axe finds nothing to complain about on any page, light or dark, and small phones can read it."""

from collections.abc import Callable

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import World

pytestmark = pytest.mark.browser

TRIAL = "/desk/rules?kind=word&value=pills&effect=block&lasts=30d"
PAGES = (
    "/desk/classifier",
    "/desk/account",
    "/desk/sign-in",
    "/desk/rules",
    TRIAL,
    "/desk/attacks",
    "/desk/numbers",
    "/desk/second-factor",
    "/desk/snippets",
)

Open = Callable[..., Page]


def findings(page: Page) -> list[str]:
    """What axe finds: the rule, and the element where it is broken."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


@pytest.fixture(scope="package")
def talk(world: World) -> str:
    """An article with a published comment, a reply and one that waits."""
    article = world.article()
    parent = world.published(article, "> quoted\n\nSee [this](https://x.example), `code`.")
    world.published(article, "An answer.", name="Ana", parent_id=parent)
    world.send(article, "Buy pills at https://cheap-pills.shop now", name="Eve")
    return article


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_for_readers_are_clean(
    world: World, talk: str, scheme: str, open_page: Open, complaints: list[str]
) -> None:
    page = open_page(world.thread(talk), color_scheme=scheme)
    assert findings(page) == []

    page.get_by_role("link", name="Reply to Ana").click()
    assert findings(page) == []

    page.evaluate("document.querySelector('form').noValidate = true")
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert findings(page) == []
    complaints.clear()  # the answer is a 422

    page.goto(f"{world.service.url}/demo")
    expect(page.get_by_role("button", name="Post comment")).to_be_visible()
    assert findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_the_desk_are_clean(
    world: World, talk: str, scheme: str, visit_desk: Open
) -> None:
    everything = {"java_script_enabled": True, "color_scheme": scheme}
    page = visit_desk(f"/desk/?page_url={talk}", **everything)
    page.get_by_text("Reject…").first.click()
    page.get_by_text("Ban…").first.click()
    page.get_by_label("Tick the comment").first.check()
    assert findings(page) == []

    published = f"/desk/?status=published&page_url={talk}"
    for path in (published, *PAGES):
        page.goto(f"{world.service.url}{path}")
        assert findings(page) == [], path

    page.goto(f"{world.service.url}/desk/?page_url={talk}")
    page.get_by_role("article").first.locator("a.when").click()
    page.get_by_text("Write a note…").click()
    assert findings(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_about_people_are_clean_and_fit_a_small_phone(
    world: World, scheme: str, open_page: Open, complaints: list[str]
) -> None:
    name = f"Ada in {scheme} mode"
    phone = {"width": 320, "height": 640}
    page = open_page(world.link(name, role="admin"), color_scheme=scheme, viewport=phone)

    def check() -> None:
        assert findings(page) == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.url

    check()
    page.get_by_role("link", name="Choose a new password instead").click()
    check()
    page.get_by_label("New password").fill("iloveyou")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("alert")).to_contain_text("most common")
    check()
    complaints.clear()  # the answer was a 422
    page.get_by_label("New password").fill("seven quiet orchards")
    page.get_by_role("button", name="Set password").click()
    page.goto(f"{world.service.url}/desk/people")
    check()
    page.get_by_label("Name, as other moderators see it").fill(f"Mia in {scheme} mode")
    page.get_by_label("Every site").select_option("viewer")
    page.get_by_role("button", name="Make an invitation").click()
    check()
    page.get_by_role("link", name="Back to the people").click()
    page.get_by_role("link", name=f"Mia in {scheme} mode").click()
    check()
    page.goto(f"{world.service.url}/desk/second-factor")
    check()
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    page.get_by_label("Your present password").fill("seven quiet orchards")
    page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Turn the second factor on").click()
    check()
    page.goto(f"{world.service.url}/desk/second-factor")
    check()
    page.goto(f"{world.service.url}/desk/account")
    check()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("seven quiet orchards")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    check()


@pytest.mark.parametrize("path", ["/demo", "/desk/", *PAGES])
def test_pages_fit_a_small_phone(world: World, talk: str, path: str, visit_desk: Open) -> None:
    phone = {"width": 320, "height": 640}

    page = visit_desk(path, java_script_enabled=True, viewport=phone)

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea, summary")]
            .filter((e) => e.checkVisibility() && e.type !== "hidden" && !e.closest(".trap"))
            .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24)
            .map(([html]) => html)"""
    )
    assert small == []


def test_the_page_s_name_goes_on_in_the_line_that_says_on(
    world: World, talk: str, visit_desk: Open
) -> None:
    page = visit_desk("/desk/", java_script_enabled=True, viewport={"width": 360, "height": 740})

    apart = page.evaluate(
        """() => [...document.querySelectorAll(".where")].filter((line) => {
            const range = document.createRange();
            range.selectNodeContents(line.firstChild);
            const name = line.querySelector("bdi").getClientRects()[0];
            return name.top >= range.getBoundingClientRect().bottom;
        }).length"""
    )

    assert apart == 0
