"""A real Chromium, the real service, and an article on another origin that embeds its comments."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser.articles import running_articles
from tests.browser.conversation import Written
from tests.mail_server import MailServer, running_mail_server
from tests.mailing import SENDER
from tests.serving import Service, running_service

SITE = "news"
NO_LIMITS = (
    "limit.address=off", "limit.network=off", "limit.email=off", "limit.page=off",
    "attack.mode=off",
)  # fmt: skip
_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
_DEADLINE = 10_000  # milliseconds for anything that a test waits for

_pages = count(1)


@dataclass
class World:
    """Everything a test stands in: the service, another origin's articles, ways to get in."""

    service: Service
    articles: str
    token: str
    client: httpx2.Client
    mail: MailServer
    session: dict[str, Any] = field(default_factory=dict)

    def article(self) -> str:
        """The address of an article that nobody has commented on yet."""
        return f"{self.articles}/story-{next(_pages)}"

    def thread(self, article: str) -> str:
        """The address of an article's thread on a page of its own."""
        return f"{self.service.url}/threads?site={SITE}&page_url={article}"

    def link(self, name: str, *, role: str = "moderator") -> str:
        """A one-time link to sign in as a new person."""
        printed = self.service.desk("moderator", "add", name, "--role", role).split()[-1]
        return f"{self.service.url}/desk/sign-in?{printed.partition('?')[2]}"

    def send(self, article: str, comment: str, *, name: str = "Ruth", **more: str) -> str:
        """A held comment of somebody else's; returns its id."""
        fields = {"site": SITE, "page_url": article, "name": name, "comment": comment}
        email = Written(name[:60], comment).email
        answer = self.client.post("/api/v1/comments", json={**fields, "email": email, **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def approve(self, *ids: str) -> None:
        """Publish comments."""
        answer = self.client.post(
            "/api/v1/decisions",
            json={"ids": ids, "outcome": "approve"},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert answer.status_code == 200, answer.text

    def published(self, article: str, comment: str, *, name: str = "Ruth", **more: str) -> str:
        """A published comment; returns its id."""
        comment_id = self.send(article, comment, name=name, **more)
        self.approve(comment_id)
        return comment_id


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, with nothing that reaches for the network by itself.

    It ends with this package: while Playwright is there, no other test can run an event loop.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed: make system-packages")
    assert path is not None, "Chromium is not installed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS.split())
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One service and one website for all browser tests; each test has an article of its own."""
    data_dir: Path = tmp_path_factory.mktemp("browser")
    with (
        running_mail_server() as mail,
        running_service(
            data_dir, "--demo", COMMENT_DESK_SMTP_URL=f"{mail.url}?from={SENDER}"
        ) as service,
        running_articles(service.url, SITE) as articles,
    ):
        service.desk("site", "add", SITE, "--origin", articles.origin)
        service.desk("site", "set", SITE, *NO_LIMITS)
        service.desk("site", "set", "demo", *NO_LIMITS)
        token = service.desk("token", "add", "tests", "--role", "admin").split()[-1]
        with httpx2.Client(base_url=service.url) as client:
            yield World(service, articles.origin, token, client, mail)


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about; a test may take out what it provoked itself."""
    return []


@pytest.fixture
def open_page(browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens pages in contexts of their own. At the end nothing may have been complained about."""
    contexts: list[BrowserContext] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def open_one(url: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(_DEADLINE)
        context.on("console", hear)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = context.new_page()
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def visit_desk(world: World, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens the desk as a moderator who signed in once, by default without scripts."""

    def open_one(path: str = "/desk/", **options: Any) -> Page:
        if not world.session:
            page = open_page(world.link("max"), java_script_enabled=False)
            page.get_by_role("button", name="Sign in").click()
            world.session = dict(page.context.storage_state())
        options = {"java_script_enabled": False, "storage_state": world.session, **options}
        return open_page(f"{world.service.url}{path}", **options)

    return open_one
