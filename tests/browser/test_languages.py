"""Pages in another language than English: whole, clean, and at home on a small phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from service.web.languages import languages
from tests.browser.conftest import World
from tests.browser.test_accessibility import findings

pytestmark = pytest.mark.browser
SPOKEN = ("/desk/", "/desk/account", "/desk/second-factor", "/desk/all?status=held")
PHONE = {"width": 320, "height": 640}

Open = Callable[..., Page]


def check(page: Page, language: str) -> None:
    assert page.locator("html").get_attribute("lang") == language, page.url
    assert findings(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", [one for one in languages() if one != "en"])
def test_pages_in_a_language_are_clean_and_fit_a_small_phone(
    world: World, scheme: str, language: str, open_page: Open, visit_desk: Open
) -> None:
    article = world.article()
    world.published(article, "Good to know.")
    world.send(article, "Buy pills at https://cheap-pills.shop now", name="Eve")
    options = {
        "locale": language,
        "viewport": PHONE,
        "color_scheme": scheme,
        "java_script_enabled": True,
    }

    page = open_page(world.thread(article), **options)
    check(page, language)

    page = visit_desk(f"/desk/?page_url={article}", **options)
    for summary in page.locator("article summary").all():
        summary.click()
    check(page, language)
    page.get_by_role("article").first.locator("a.when").click()
    check(page, language)
    for path in SPOKEN:
        page.goto(f"{world.service.url}{path}")
        check(page, language)


def test_the_language_chosen_at_the_desk_stays(world: World, visit_desk: Open) -> None:
    page = visit_desk("/desk/account")
    page.get_by_label("Language of the desk in this browser").select_option("es")
    page.get_by_role("button", name="Use this language").click()
    expect(page.get_by_text("A partir de ahora la mesa")).to_be_visible()
    page.get_by_role("link", name="Comment Desk").click()
    expect(page.get_by_role("heading", name="en espera")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "es"
