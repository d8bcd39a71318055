"""axe finds nothing to complain about on any page, light or dark, and small phones can read it."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import World

pytestmark = pytest.mark.browser

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
    page.get_by_label("Tick the comment").first.check()
    assert findings(page) == []

    published = f"/desk/?status=published&page_url={talk}"
    for path in (published, "/desk/numbers", "/desk/classifier", "/desk/account", "/desk/sign-in"):
        page.goto(f"{world.service.url}{path}")
        assert findings(page) == [], path

    page.goto(f"{world.service.url}/desk/?page_url={talk}")
    page.get_by_role("article").first.locator("a.when").click()
    assert findings(page) == []


@pytest.mark.parametrize(
    "path",
    ["/demo", "/desk/", "/desk/account", "/desk/classifier", "/desk/numbers", "/desk/sign-in"],
)
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
