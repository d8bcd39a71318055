"""Readers of a thread: its order, its branches, what arrives meanwhile, their own language."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import World

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def test_the_order_turns_and_turns_back(world: World, open_page: Open) -> None:
    article = world.article()
    for text in ("First of all.", "And then.", "At last."):
        world.published(article, text)
    page = open_page(article)
    rows = page.get_by_role("listitem")

    expect(rows.first).to_contain_text("First of all.")
    page.get_by_role("button", name="Newest first").click()
    expect(rows.first).to_contain_text("At last.")
    expect(page.get_by_role("button", name="Oldest first")).to_be_focused()
    page.get_by_role("button", name="Oldest first").click()
    expect(rows.first).to_contain_text("First of all.")


def test_a_branch_is_hidden_and_shown_and_a_link_into_it_opens_it(
    world: World, open_page: Open
) -> None:
    article = world.article()
    root = world.published(article, "Six weeks of rain.")
    reply = world.published(article, "Seven here.", parent_id=root)
    deeper = world.published(article, "Eight, if you ask me.", parent_id=reply)
    world.published(article, "And not a drop since.")
    page = open_page(article)

    page.get_by_role("button", name="Hide 2 replies").click()
    expect(page.get_by_text("Seven here.")).to_be_hidden()
    expect(page.get_by_text("Eight, if you ask me.")).to_be_hidden()
    expect(page.get_by_text("And not a drop since.")).to_be_visible()
    shut = page.get_by_role("button", name="Show 2 replies")
    expect(shut).to_be_focused()
    expect(shut).to_have_attribute("aria-expanded", "false")

    page.evaluate(f"location.hash = 'comment-{deeper}'")
    expect(page.get_by_text("Eight, if you ask me.")).to_be_visible()
    expect(page.get_by_role("button", name="Hide 2 replies")).to_be_visible()


def test_what_arrives_meanwhile_is_offered_and_moves_nothing_until_asked_for(
    world: World, open_page: Open
) -> None:
    article = world.article()
    world.published(article, "Early.")
    page = open_page(article)
    expect(page.get_by_text("Early.")).to_be_visible()
    page.get_by_role("textbox", name="Comment").fill("I am in the middle of")
    page.clock.install()
    page.reload()
    expect(page.get_by_text("Early.")).to_be_visible()
    world.published(article, "Late one.")
    world.published(article, "Later still.")

    page.clock.fast_forward(80_000)
    offer = page.get_by_role("button", name="Show 2 new comments")
    expect(offer).to_be_visible()
    expect(page.get_by_text("Late one.")).to_have_count(0)
    offer.click()

    expect(page.get_by_role("heading", name="3 comments")).to_be_visible()
    expect(page.get_by_role("listitem").last).to_contain_text("Later still.")
    expect(offer).to_have_count(0)
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("I am in the middle of")


def test_a_link_to_a_comment_far_down_begins_there_and_the_rest_can_be_shown(
    world: World, open_page: Open
) -> None:
    article = world.article()
    ids = [world.published(article, f"Number {n}.", name=f"Reader {n}") for n in range(103)]
    page = open_page(f"{article}#comment-{ids[101]}")

    expect(page.get_by_text("Number 101.")).to_be_visible()
    expect(page.get_by_role("listitem").first).to_be_focused()
    expect(page.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Show all comments").click()
    expect(page.get_by_role("listitem")).to_have_count(100)
    expect(page.get_by_role("listitem").first).to_contain_text("Number 0.")


def test_an_application_may_change_the_page_and_take_the_thread_away(
    world: World, open_page: Open
) -> None:
    one, other = world.article(), world.article()
    world.published(one, "Of the first page.")
    world.published(other, "Of the second page.")
    page = open_page(one)
    expect(page.get_by_text("Of the first page.")).to_be_visible()

    page.evaluate("url => { document.querySelector('comment-thread').dataset.page = url }", other)
    expect(page.get_by_text("Of the second page.")).to_be_visible()
    expect(page.get_by_text("Of the first page.")).to_have_count(0)

    page.evaluate(
        """() => {
        const thread = document.querySelector('comment-thread');
        thread.remove();
        document.querySelector('article').append(thread);
        }"""
    )
    expect(page.get_by_text("Of the second page.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Comment")).to_have_count(1)


def test_two_threads_of_two_pages_stand_on_one(world: World, open_page: Open) -> None:
    one, other = world.article(), world.article()
    world.published(one, "Of the first page.")
    world.published(other, "Of the second page.")
    page = open_page(one)
    expect(page.get_by_text("Of the first page.")).to_be_visible()

    page.evaluate(
        """url => {
        const second = document.createElement('comment-thread');
        second.dataset.page = url;
        second.dataset.site = 'news';
        document.body.append(second);
        }""",
        other,
    )

    expect(page.get_by_text("Of the second page.")).to_be_visible()
    expect(page.get_by_text("Of the first page.")).to_be_visible()


def test_a_service_that_was_away_is_tried_again(
    world: World, open_page: Open, complaints: list[str]
) -> None:
    article = world.article()
    world.published(article, "Here all along.")

    def refuse(route: Route) -> None:
        route.abort("connectionrefused")

    page = open_page(world.article())
    page.clock.install()
    page.route("**/api/v1/comments?*", refuse)
    page.goto(article)
    expect(
        page.get_by_role("link", name="Read and write comments on a page of their own")
    ).to_be_visible()
    page.unroute("**/api/v1/comments?*", refuse)
    page.clock.fast_forward(10_000)

    expect(page.get_by_text("Here all along.")).to_be_visible()
    assert all("ERR_CONNECTION_REFUSED" in complaint for complaint in complaints)
    complaints.clear()


@pytest.mark.parametrize(
    ("lang", "count", "post"),
    [("es-MX", "1 comentario", "Publicar comentario"), ("ar", "تعليق واحد", "نشر التعليق")],
)
def test_the_page_s_language_is_spoken(
    world: World, open_page: Open, lang: str, count: str, post: str
) -> None:
    article = world.article()
    world.published(article, "A good year after all.")
    page = open_page(f"{article}?lang={lang}")
    page.evaluate("url => { document.querySelector('comment-thread').dataset.page = url }", article)

    expect(page.get_by_role("heading", name=re.compile(count))).to_be_visible()
    expect(page.get_by_role("button", name=post)).to_be_visible()
    section = page.locator("section.comments")
    expect(section).to_have_css("direction", "rtl" if lang == "ar" else "ltr")
    assert not Axe().run(page, context="comment-thread").response["violations"]


def test_colours_and_type_come_from_the_page(world: World, open_page: Open) -> None:
    page = open_page(world.article(), color_scheme="dark")

    heading = page.get_by_role("heading", name="0 comments")
    expect(heading).to_be_visible()
    family = page.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily")
    expect(heading).to_have_css("font-family", family)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_reader_reports_a_comment_and_a_moderator_sees_it(
    world: World, open_page: Open, visit_desk: Open, scripts: bool
) -> None:
    article = world.article()
    world.published(article, f"Nobody asked for this, {scripts}.", name="Rude Rudi")
    page = open_page(article if scripts else world.thread(article), java_script_enabled=scripts)

    page.get_by_role("button" if scripts else "link", name="Report the comment of Rude").click()
    expect(
        page.get_by_text("Tell the moderators that this comment breaks the rules?")
    ).to_be_visible()
    page.get_by_role("button", name="Report", exact=True).click()

    expect(page.get_by_text("Thank you")).to_be_visible()
    desk = visit_desk(f"/desk/?status=published&reported=1&page_url={article}")
    expect(desk.get_by_role("article", name="Rude Rudi")).to_contain_text("by 1 reader")
