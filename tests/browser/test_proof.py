"""A page's own script makes the proof of work that is asked for, and leaves the page its turn."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Request

from tests.browser.conftest import SITE, World

pytestmark = pytest.mark.browser

LONGEST_STALL = 100  # milliseconds of the page's own thread, on a machine that does much else

Open = Callable[..., Page]


@pytest.fixture(autouse=True)
def asking(world: World) -> Any:
    world.service.desk("site", "set", SITE, "proof=on")
    yield
    world.service.desk("site", "set", SITE, "proof=attack")


def write(page: Page) -> dict[str, Any]:
    """Fill the form in and send it; what was sent."""
    page.get_by_role("textbox", name="Comment").fill("The crossing was closed on Monday.")
    page.get_by_role("textbox", name="Name").fill("Noor")
    page.get_by_role("textbox", name="Email").fill("noor@mail.example")

    def is_comment(request: Request) -> bool:
        return request.method == "POST" and request.url.endswith("/api/v1/comments")

    with page.expect_request(is_comment) as sent:
        page.get_by_role("button", name="Post comment").click()
    page.get_by_text("Waiting for review").wait_for()
    return dict(sent.value.post_data_json or {})


def reasons(world: World, article: str) -> set[str]:
    answer = world.client.get(
        "/api/v1/queue",
        params={"page_url": article},
        headers={"Authorization": f"Bearer {world.token}"},
    )
    (item,) = answer.json()["items"]
    return {reason["code"] for reason in item["reasons"]}


def test_the_script_proves_its_work_and_never_holds_the_page_up(
    world: World, open_page: Open
) -> None:
    article = world.article()
    page = open_page(article)
    page.evaluate(
        """() => {
            window.stalls = [];
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) window.stalls.push(entry.duration);
            }).observe({ entryTypes: ["longtask"] });
        }"""
    )

    fields = write(page)

    assert fields["proof"]
    assert "proof-missing" not in reasons(world, article)
    assert max(page.evaluate("window.stalls"), default=0) < LONGEST_STALL


def test_a_page_without_such_arithmetic_sends_without_a_proof(
    world: World, open_page: Open
) -> None:
    article = world.article()
    page = open_page(article)
    page.evaluate("Object.defineProperty(crypto, 'subtle', { value: undefined })")

    fields = write(page)

    assert "proof" not in fields
    assert "proof-missing" in reasons(world, article)
