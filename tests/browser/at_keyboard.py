"""A moderator at the keyboard: a stretch of the queue of their own, and what is stored of it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import World
from tests.deciding import honest
from tests.redis_server import wait_until

NAMES = ("Abel", "Berta", "Cleo", "Doris", "Edgar", "Frieda", "Gustav", "Hanna")


@dataclass
class Sitting:
    """An open desk that shows the held comments of one article, and their ids in order."""

    world: World
    page: Page
    article: str
    ids: list[str]

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def card(self, place: int) -> Locator:
        """The card in this place of the list, whatever has become of it."""
        return self.page.locator(f"#comment-{self.ids[place]}")

    def has_focus(self, place: int) -> None:
        """The card in this place has the focus."""
        expect(self.card(place)).to_be_focused()

    def said(self, words: str) -> None:
        """What was last said to those who do not see the page."""
        expect(self.page.locator("#said")).to_contain_text(words)

    def look(self) -> None:
        """Let the page look at once at what others do, instead of in a quarter of a minute."""
        with self.page.expect_response("**/queue/watch?*"):
            self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def shorten_pauses(self) -> None:
        """What fails is tried again after a moment, as often as ever."""
        self.page.evaluate("PAUSES.fill(20)")

    def sent(self) -> None:
        """All decisions have reached the service."""
        wait_until(
            lambda: bool(self.page.evaluate("outbox.jobs.length === 0")),
            "every decision to be answered",
            seconds=60,
        )

    def stored(self) -> list[tuple[str, int]]:
        """Status, and how many decisions were ever stored, for each comment in order."""
        return stored(self.world, self.ids)


def stored(world: World, ids: list[str]) -> list[tuple[str, int]]:
    """Status, and how many decisions were ever stored, for each of these comments."""
    query = (
        "SELECT status, (SELECT count(*) FROM decision_item WHERE comment_id = comment.id)"
        " FROM comment WHERE id = ?"
    )
    with closing(sqlite3.connect(world.service.data_dir / "comments.db")) as conn:
        return [conn.execute(query, (UUID(comment_id).bytes,)).fetchone() for comment_id in ids]


def sit_down(
    world: World, visit_desk: Callable[..., Page], number: int = 4, query: str = "", **options: Any
) -> Sitting:
    """A moderator before so many held comments by Abel, Berta, Cleo and so on."""
    article = world.article()
    ids = [
        world.send(article, f"Remark {n} on the harvest. {honest(n)}", name=NAMES[n % len(NAMES)])
        for n in range(number)
    ]
    options = {"java_script_enabled": True, **options}
    page = visit_desk(f"/desk/?page_url={article}{query}", **options)
    return Sitting(world, page, article, ids)
