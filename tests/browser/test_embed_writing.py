"""Authors: preview, edit, withdraw, being remembered, and a connection that comes back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import World
from tests.browser.test_embed import write

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def test_a_preview_shows_what_will_be_published_and_goes_when_somebody_writes_on(
    world: World, open_page: Open
) -> None:
    page = open_page(world.article())
    comment = page.get_by_role("textbox", name="Comment")
    comment.fill("The *barley* was late. <b>Honestly.</b>")
    page.get_by_role("button", name="Preview").click()

    shown = page.get_by_role("region", name="As it will look")
    expect(shown).to_contain_text("The barley was late. <b>Honestly.</b>")
    expect(shown.locator("em")).to_have_text("barley")
    expect(shown).to_be_focused()
    comment.press_sequentially("!")
    expect(shown).to_be_hidden()


def test_an_empty_preview_says_what_is_missing(
    world: World, open_page: Open, complaints: list[str]
) -> None:
    page = open_page(world.article())
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("textbox", name="Comment")).to_have_accessible_description(
        "Please write a comment."
    )
    complaints.clear()


def test_an_author_edits_and_then_withdraws(world: World, open_page: Open) -> None:
    page = open_page(world.article())
    write(page, "The barly was late.")
    page.get_by_role("button", name="Post comment").click()
    row = page.get_by_role("listitem")
    expect(row).to_contain_text("The barly was late.")
    page.get_by_role("textbox", name="Comment").fill("Half a thought")

    row.get_by_role("button", name="Edit").click()
    comment = page.get_by_role("textbox", name="Comment")
    expect(comment).to_be_focused()
    expect(comment).to_have_value("The barly was late.")
    expect(page.get_by_role("textbox", name="Email")).to_be_hidden()
    comment.fill("The barley was late.")
    page.get_by_role("button", name="Save changes").click()
    expect(row).to_contain_text("The barley was late.")
    expect(row).to_contain_text("edited")
    expect(comment).to_have_value("Half a thought")

    row.get_by_role("button", name="Withdraw").click()
    ask = page.get_by_role("group", name="Take this comment back?")
    expect(ask.get_by_role("button", name="Withdraw")).to_be_focused()
    ask.get_by_role("button", name="No, leave it").click()
    expect(ask).to_have_count(0)
    row.get_by_role("button", name="Withdraw").click()
    ask.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("Your comment is gone.")).to_be_visible()
    expect(row).to_have_count(0)


def test_leaving_an_edit_brings_the_draft_back(world: World, open_page: Open) -> None:
    page = open_page(world.article())
    write(page, "One.")
    page.get_by_role("button", name="Post comment").click()
    row = page.get_by_role("listitem")
    expect(row).to_contain_text("One.")
    comment = page.get_by_role("textbox", name="Comment")
    comment.fill("Two, unfinished")
    row.get_by_role("button", name="Edit").click()
    page.get_by_role("button", name="Cancel").click()

    expect(comment).to_have_value("Two, unfinished")
    expect(page.get_by_role("button", name="Post comment")).to_be_visible()
    expect(page.get_by_role("textbox", name="Email")).to_be_visible()


def test_an_author_is_remembered_only_where_they_ask_for_it(world: World, open_page: Open) -> None:
    article = world.article()
    page = open_page(article)
    write(page, "Once.")
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_role("listitem")).to_contain_text("Once.")
    assert page.evaluate("localStorage.length") == 0

    page.get_by_label("Save my name, email and website").check()
    page.get_by_role("textbox", name="Comment").fill("Twice.")
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_text("Twice.")).to_be_visible()
    page.goto(world.article())
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Ana")
    expect(page.get_by_role("textbox", name="Email")).to_have_value("ana@mail.example")
    expect(page.get_by_label("Save my name, email and website")).to_be_checked()

    page.get_by_label("Save my name, email and website").uncheck()
    write(page, "No more.")
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_role("listitem")).to_contain_text("No more.")
    assert page.evaluate("localStorage.length") == 0


def test_what_is_sent_offline_goes_out_once_when_the_connection_is_back(
    world: World, open_page: Open, complaints: list[str]
) -> None:
    page = open_page(world.article())
    write(page, "From the train.")
    expect(page.get_by_role("button", name="Post comment")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_role("alert")).to_contain_text("You are offline.")
    page.context.set_offline(False)

    expect(page.get_by_role("listitem")).to_contain_text("From the train.")
    expect(page.get_by_role("listitem")).to_have_count(1)
    complaints.clear()


def test_a_browser_that_keeps_nothing_can_still_comment(world: World, open_page: Open) -> None:
    page = open_page(world.article())
    page.add_init_script(
        """for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, { get() { throw new DOMException('no') } });"""
    )
    page.goto(world.article())
    write(page, "Kept nowhere.")
    page.get_by_role("button", name="Post comment").click()

    expect(page.get_by_role("status").filter(has_text="Thank you.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("")
