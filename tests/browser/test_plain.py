"""Readers whose browser runs no scripts: everything is a link or a form."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import World

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
PLAIN = {"java_script_enabled": False}


def write(page: Page, comment: str, *, email: str = "ana@mail.example") -> None:
    """Fill in the form."""
    page.get_by_role("textbox", name="Comment").fill(comment)
    page.get_by_role("textbox", name="Name").fill("Ana")
    page.get_by_role("textbox", name="Email").fill(email)


def test_a_comment_on_the_demo_article_waits_is_approved_and_stands_there(
    world: World, open_page: Open, visit_desk: Open
) -> None:
    demo = f"{world.service.url}/demo"
    page = open_page(demo, **PLAIN)
    before = page.get_by_role("listitem").count()
    write(page, "They ask the right question at the end.")
    page.get_by_role("button", name="Post comment").click()

    assert page.url.startswith(f"{demo}#comment-")
    expect(page.get_by_role("listitem")).to_have_count(before)

    desk = visit_desk("/desk/?site=demo&q=right+question")
    desk.get_by_role("article", name="Ana").get_by_role("button", name="Approve").click()
    page.reload()
    expect(page.get_by_role("listitem")).to_have_count(before + 1)
    expect(page.locator(":target")).to_contain_text("They ask the right question")


def test_from_the_thread_page_the_form_leads_back_to_an_article_on_another_origin(
    world: World, open_page: Open
) -> None:
    article = world.article()
    parent = world.published(article, "Who counted the lorries?")
    page = open_page(world.thread(article), **PLAIN)

    page.get_by_role("link", name="Reply to Ruth").click()
    write(page, "We did, by hand.")
    page.get_by_role("button", name="Post comment").click()
    page.wait_for_url(f"{article}#comment-*")

    reply = page.url.partition("#comment-")[2]
    world.approve(reply)
    page.goto(world.thread(article))
    row = page.get_by_role("listitem").filter(has_text="We did, by hand.")
    expect(row.get_by_role("link", name="in reply to Ruth")).to_have_attribute(
        "href", f"#comment-{parent}"
    )


def test_errors_keep_all_that_was_typed_and_lead_to_the_fields(
    world: World, open_page: Open, complaints: list[str]
) -> None:
    article = world.article()
    page = open_page(world.thread(article), java_script_enabled=True)
    page.evaluate("document.querySelector('form').noValidate = true")
    write(page, "Six\nweeks <b>!</b>", email="ana at home")
    page.get_by_role("textbox", name="Website").fill("nowhere")
    page.get_by_role("button", name="Post comment").click()

    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("Everything you typed is still here")
    expect(summary).to_be_focused()
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("Six\nweeks <b>!</b>")
    expect(page.get_by_role("textbox", name="Website")).to_have_value("nowhere")
    email = page.get_by_role("textbox", name="Email")
    expect(email).to_have_value("ana at home")
    expect(email).to_have_accessible_description(
        "Please enter a complete e-mail address, such as name@example.com."
    )
    summary.get_by_role("link", name="Please enter a complete e-mail").click()
    expect(email).to_be_focused()
    expect(page.get_by_role("link", name="Back to the article")).to_have_attribute("href", article)

    email.fill("ana@mail.example")
    page.get_by_role("textbox", name="Website").fill("ana.example")
    page.get_by_role("button", name="Post comment").click()
    page.wait_for_url(f"{article}#comment-*")
    assert [c for c in complaints if "422" not in c] == []
    complaints.clear()


def test_too_many_comments_are_told_so_with_the_text_kept(
    world: World, open_page: Open, complaints: list[str]
) -> None:
    world.service.desk("site", "add", "slow", "--origin", world.service.url)
    world.service.desk("site", "set", "slow", "limit.page=1/hour")
    url = f"{world.service.url}/threads?site=slow&page_url={world.service.url}/slow"
    for text in ("The first.", "The second."):
        page = open_page(url, **PLAIN)
        write(page, text)
        page.get_by_role("button", name="Post comment").click()

    expect(page.get_by_role("alert")).to_contain_text(
        re.compile(r"Too many comments in a short time\. Try again in (60 minutes|1 hour)\.")
    )
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("The second.")
    complaints.clear()  # the first answer leads to a page that is not there, the second is a 429


def test_a_closed_site_shows_its_comments_and_no_form(world: World, open_page: Open) -> None:
    world.service.desk("site", "add", "shut", "--origin", world.articles)
    world.service.desk("site", "set", "shut", "comments=closed")

    page = open_page(f"{world.service.url}/threads?site=shut&page_url={world.article()}", **PLAIN)

    expect(page.get_by_text("Comments are closed here.")).to_be_visible()
    assert page.locator("form").count() == 0


def test_a_thread_page_leads_on_and_fits_a_small_phone(world: World, open_page: Open) -> None:
    article = world.article()
    ids = [world.published(article, f"{n} {'w' * 200}", name="N" * 99) for n in range(3)]
    for _ in range(6):
        ids.append(world.published(article, "deeper", parent_id=ids[-1]))
    page = open_page(
        f"{world.thread(article)}&limit=7", viewport={"width": 320, "height": 640}, **PLAIN
    )

    expect(page.get_by_role("heading", name="9 comments")).to_be_visible()
    expect(page.get_by_role("listitem")).to_have_count(7)
    box = page.get_by_role("listitem").last.bounding_box()
    assert box is not None
    assert box["width"] > 200
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 320
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("link", name="First page").click()
    expect(page.get_by_role("listitem")).to_have_count(7)
