"""Signing in by an identity provider that is another site to the browser, as it is in real life."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import findings
from tests.identity_provider import running_provider
from tests.redis_server import free_port
from tests.serving import Service

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
PASSWORD = "seven quiet orchards"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service of its own that knows a provider; each test has its attempts for itself."""
    with running_provider("localhost") as provider:
        port = free_port()
        settings = provider.settings() | {"COMMENT_DESK_PUBLIC_URL": f"http://127.0.0.1:{port}"}
        provider.behave(asks=True)
        service = Service(tmp_path, settings=settings, port=port)
        try:
            service.start()
            yield service
        finally:
            service.end()


def test_linked_once_a_person_comes_in_by_the_provider_and_the_second_factor(
    service: Service, open_page: Open
) -> None:
    link = service.desk("moderator", "add", "Kim", "--role", "moderator").split()[-1]
    page = open_page(link, java_script_enabled=False)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()

    page.get_by_role("link", name="Link an identity").click()
    page.get_by_role("link", name="Go on").click()
    page.get_by_label("Your present password").fill(PASSWORD)
    page.get_by_role("button", name="Link it").click()
    expect(page.get_by_role("status")).to_contain_text("Linked.")
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("link", name="Sign in with").click()
    page.get_by_role("link", name="Go on").click()
    expect(page).to_have_url(f"{service.url}/desk/")

    page.goto(f"{service.url}/desk/second-factor")
    device = pyotp.TOTP(page.locator("code.secret").inner_text().replace(" ", ""))
    page.get_by_label("Your present password").fill(PASSWORD)
    page.get_by_label("Code").fill(device.now())
    page.get_by_role("button", name="Turn the second factor on").click()
    codes = page.get_by_role("listitem").all_inner_texts()
    page.goto(f"{service.url}/desk/account")
    page.get_by_role("button", name="Sign out").click()

    page.get_by_role("link", name="Sign in with").click()
    page.get_by_role("link", name="Go on").click()
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{service.url}/desk/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_pages_are_clean_and_fit_a_small_phone(
    service: Service, open_page: Open, scheme: str
) -> None:
    name = f"Lea in {scheme} mode"
    link = service.desk("moderator", "add", name, "--role", "viewer").split()[-1]
    phone = {"width": 320, "height": 640}
    page = open_page(link, color_scheme=scheme, viewport=phone)

    def check() -> None:
        assert findings(page) == [], page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, page.url

    page.get_by_role("link", name="Choose a new password instead").click()
    check()
    page.get_by_role("link", name="accept with").click()
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("button", name="Accept and sign in")).to_be_visible()
    check()
    page.get_by_role("link", name="Choose a password instead").click()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    page.goto(f"{service.url}/desk/account")
    check()
    page.get_by_role("link", name="Link an identity").click()
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("button", name="Link it")).to_be_visible()
    check()
    page.goto(f"{service.url}/desk/account")
    page.get_by_role("button", name="Sign out").click()
    check()
