"""Readers on an article that embeds its comments: another origin, a strict policy, real scripts."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import World

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def write(page: Page, comment: str, *, name: str = "Ana", email: str = "ana@mail.example") -> None:
    """Fill in the form."""
    page.get_by_role("textbox", name="Comment").fill(comment)
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("textbox", name="Email").fill(email)


def wait_as_people_do(page: Page) -> None:
    """Let the browser's clock go on by the seconds below which a form is taken for a machine's."""
    page.clock.install()
    page.clock.fast_forward(4000)


def test_a_comment_waits_is_approved_at_the_desk_and_stands_on_the_page(
    world: World, open_page: Open, visit_desk: Open
) -> None:
    article = world.article()
    page = open_page(article)
    write(page, "The barley was *late* this year.")
    page.get_by_role("button", name="Post comment").click()

    expect(page.get_by_role("status")).to_contain_text("A moderator will look at your comment")
    own = page.get_by_role("listitem").filter(has_text="The barley was late")
    expect(own).to_contain_text("Waiting for review")
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("")
    page.reload()
    expect(own).to_contain_text("Waiting for review")
    other = open_page(article)
    expect(other.get_by_text("No comments are published yet")).to_be_visible()

    desk = visit_desk(f"/desk/?page_url={article}")
    desk.get_by_role("article", name="Ana").get_by_role("button", name="Approve").click()
    expect(desk.get_by_role("status").first).to_contain_text("Approved 1 comment")

    other.reload()
    expect(other.get_by_role("heading", name="1 comment")).to_be_visible()
    expect(other.get_by_role("listitem")).to_contain_text("The barley was late this year.")
    expect(other.locator("em")).to_have_text("late")
    page.reload()
    expect(own).not_to_contain_text("Waiting for review")


def test_errors_stand_at_their_fields_and_nothing_typed_is_lost(
    world: World, open_page: Open, complaints: list[str]
) -> None:
    page = open_page(world.article())
    write(page, "Six weeks!", name="", email="ana at home")
    wait_as_people_do(page)
    page.get_by_role("button", name="Post comment").click()

    expect(page.get_by_role("alert")).to_contain_text("Everything you typed is still here")
    name = page.get_by_role("textbox", name="Name")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("Please enter your name.")
    expect(page.get_by_role("textbox", name="Email")).to_have_value("ana at home")
    expect(page.get_by_role("textbox", name="Email")).to_have_accessible_description(
        "Please enter a complete e-mail address, such as name@example.com."
    )
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("Six weeks!")
    page.reload()
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("Six weeks!")
    assert [c for c in complaints if "422" not in c] == []
    complaints.clear()


def test_html_in_a_comment_stays_text(world: World, open_page: Open) -> None:
    article = world.article()
    hostile = "<script>document.title='taken'</script><img src=x onerror=alert(1)> [x](data:,)"
    world.published(
        article, hostile, name="<b>Eve</b>", website="https://eve.example/\"onclick='x'"
    )

    page = open_page(article)

    row = page.get_by_role("listitem")
    expect(row).to_contain_text("<script>document.title='taken'</script>")
    expect(row.get_by_text("<b>Eve</b>")).to_be_visible()
    assert page.title() == "The harvest at last"
    assert row.locator("script, img, b b, [onclick], a[href^='javascript']").count() == 0


def test_markup_arrives_as_the_server_made_it(world: World, open_page: Open) -> None:
    article = world.article()
    text = '> quoted & <kept>\n\n1. one\n2. *two*\n\n`a < b` [x](https://x.example/?a=1&b="2")'
    world.published(article, text)

    page = open_page(article)

    body = page.locator(".text")
    expect(body.locator("blockquote")).to_have_text("quoted & <kept>")
    expect(body.locator("ol > li > em")).to_have_text("two")
    expect(body.locator("code")).to_have_text("a < b")
    expect(body.locator("a")).to_have_attribute("href", "https://x.example/?a=1&b=%222%22")
    expect(body.locator("a")).to_have_attribute("rel", "nofollow ugc noopener")


def test_a_reader_without_a_mouse_can_answer(world: World, open_page: Open) -> None:
    article = world.article()
    parent = world.published(article, "Who counted the lorries?")
    page = open_page(article)
    expect(page.get_by_role("button", name="Reply to Ruth")).to_be_visible()

    for _ in range(2):  # the time, which is the comment's own address; then the button
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("We did, by hand.")
    for text in ("Ana", "ana@mail.example", ""):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    wait_as_people_do(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    row = page.get_by_role("listitem").filter(has_text="We did, by hand.")
    expect(row).to_contain_text("Waiting for review")
    expect(row).to_contain_text("in reply to Ruth")
    expect(row).to_be_focused()
    world.approve((row.get_attribute("id") or "").removeprefix("comment-"))
    query = {"site": "news", "page_url": article}
    comments = world.client.get("/api/v1/comments", params=query).json()["comments"]
    assert comments[1]["parent_id"] == parent


def test_a_double_click_sends_one_comment(world: World, open_page: Open, visit_desk: Open) -> None:
    article = world.article()
    page = open_page(article)
    write(page, "Twice is once.")
    wait_as_people_do(page)
    page.get_by_role("button", name="Post comment").dblclick()

    expect(page.get_by_role("status")).to_contain_text("A moderator will look")
    expect(visit_desk(f"/desk/?page_url={article}").get_by_role("article")).to_have_count(1)


def test_without_the_service_there_is_a_link(
    world: World, open_page: Open, complaints: list[str]
) -> None:
    article = world.article()
    page = open_page("about:blank")
    page.route("**/api/v1/**", lambda route: route.abort())
    page.goto(article)
    link = page.get_by_role("link", name="Read and write comments")
    own_page = re.escape(f"{world.service.url}/threads?site=news&page_url=")
    expect(link).to_have_attribute("href", re.compile(own_page))
    complaints.clear()


def test_a_lost_connection_keeps_the_text_and_a_second_try_sends_it_once(
    world: World, open_page: Open, visit_desk: Open, complaints: list[str]
) -> None:
    article = world.article()
    page = open_page(article)
    write(page, "Through the tunnel.")
    wait_as_people_do(page)

    def lose_the_answer(route: Route) -> None:
        route.fetch()  # it arrives, and nobody hears of it
        route.abort()

    page.route("**/api/v1/comments", lose_the_answer)
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("Through the tunnel.")

    page.unroute("**/api/v1/comments")
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_role("status")).to_contain_text("A moderator will look")
    expect(page.get_by_role("listitem")).to_contain_text("Waiting for review")
    expect(visit_desk(f"/desk/?page_url={article}").get_by_role("article")).to_have_count(1)
    complaints.clear()


def test_a_site_that_has_closed_says_so_before_anybody_types(world: World, open_page: Open) -> None:
    world.service.desk("site", "add", "done", "--origin", world.articles)
    article = f"{world.article()}?site=done"
    world.published(article, "In time.", site="done")
    world.service.desk("site", "set", "done", "comments=closed")
    page = open_page(article)

    page.get_by_role("textbox", name="Comment").focus()

    expect(page.get_by_text("Comments are closed here.")).to_be_visible()
    expect(page.get_by_role("listitem")).to_contain_text("In time.")
    expect(page.get_by_role("button", name="Post comment")).to_have_count(0)
    expect(page.get_by_role("button", name="Reply")).to_have_count(0)


def test_a_page_that_is_not_the_site_s_says_so_before_anybody_types(
    world: World, open_page: Open, complaints: list[str]
) -> None:
    world.service.desk("site", "add", "apart", "--origin", "https://apart.example")
    page = open_page(f"{world.article()}?site=apart")

    with page.expect_console_message(lambda told: told.type == "warning") as warned:
        page.get_by_role("textbox", name="Comment").focus()

    expect(page.get_by_role("alert")).to_contain_text("This page is not one of the site's")
    assert world.articles in warned.value.text
    assert all("403" in complaint for complaint in complaints)
    complaints.clear()


def test_a_script_that_names_no_site_says_so_in_the_console(world: World, open_page: Open) -> None:
    page = open_page(f"{world.article()}?site=")

    with page.expect_console_message(lambda told: told.type == "warning") as warned:
        page.reload()

    assert warned.value.text == 'comment-desk: the script has no data-site="…"'


def test_thanks_go_when_somebody_writes_on(world: World, open_page: Open) -> None:
    article = world.article()
    world.published(article, "Well said.")
    page = open_page(article)
    write(page, "The barley was late.")
    page.get_by_role("button", name="Post comment").click()
    thanks = page.get_by_text("Thank you.")
    expect(thanks).to_be_visible()

    page.get_by_role("button", name="Reply to Ruth").click()

    expect(thanks).to_have_count(0)


def test_a_list_of_articles_shows_how_many_comments_each_has(world: World, open_page: Open) -> None:
    article = world.article()
    world.published(article, "One.")
    world.published(article, "Two.")

    page = open_page(f"{article}?list")

    expect(page.get_by_role("link", name="2 comments")).to_be_visible()
    assert page.locator("comment-thread").count() == 0


def test_a_link_to_a_comment_leads_to_it(world: World, open_page: Open) -> None:
    article = world.article()
    ids = [world.published(article, f"Comment number {n}") for n in range(12)]

    page = open_page(f"{article}#comment-{ids[9]}")

    row = page.get_by_role("listitem").filter(has_text="Comment number 9")
    expect(row).to_be_focused()
    expect(row).to_be_in_viewport()
    page.goto(f"{article}#comment-00000000-0000-7000-8000-000000000000")
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("That comment is not public")


def test_a_long_thread_comes_in_pieces_and_fits_a_small_phone(
    world: World, open_page: Open
) -> None:
    article = world.article()
    ids = [world.send(article, f"{'w' * 300} {n}", name=f"Long{'n' * 90}") for n in range(101)]
    world.approve(*ids)

    page = open_page(article, viewport={"width": 320, "height": 640})

    expect(page.get_by_role("listitem")).to_have_count(100)
    page.get_by_role("button", name="Show more comments").click()
    expect(page.get_by_role("listitem")).to_have_count(101)
    expect(page.get_by_role("listitem").last).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
