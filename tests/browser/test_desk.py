"""Moderators at the desk, in a browser that runs no scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import World
from tests.deciding import honest

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
PLAIN = {"java_script_enabled": False}


def test_a_one_time_link_leads_to_a_password_that_signs_in(
    world: World, open_page: Open, complaints: list[str]
) -> None:
    link = world.link("nadia")
    page = open_page(link, **PLAIN)
    page.reload()  # looking does not use it up
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("You have no password yet")).to_be_visible()
    page.get_by_label("New password").fill("a long walk home")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("status")).to_contain_text("Your password is set.")
    page.get_by_role("button", name="Sign out").click()

    page.goto(f"{world.service.url}/desk/?status=rejected")
    page.wait_for_url("**/desk/sign-in?next=*")
    page.get_by_label("Name").fill("nadia")
    page.get_by_label("Password").fill("a long walk back")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name or password is not right.")
    page.get_by_label("Password").fill("a long walk home")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/desk/?status=rejected")

    again = open_page(link, **PLAIN)
    again.get_by_role("button", name="Sign in").click()
    expect(again.get_by_role("alert")).to_contain_text("used already or has expired")
    complaints.clear()  # the two refusals


def test_a_morning_of_approving_rejecting_searching_and_undoing(
    world: World, visit_desk: Open
) -> None:
    article = world.article()
    for place, name in enumerate(("Abel", "Berta", "Cleo", "Doris")):
        world.send(article, f"{name} writes this. {honest(place)}", name=name)
    page = visit_desk(f"/desk/?page_url={article}")
    expect(page.get_by_role("article")).to_have_count(4)
    done = page.get_by_role("main").get_by_role("status").first

    page.get_by_role("article", name="Abel").get_by_role("button", name="Spam").click()
    expect(done).to_contain_text("Rejected 1 comment (spam).")
    expect(done).to_be_focused()
    expect(page.get_by_role("article")).to_have_count(3)
    done.get_by_role("button", name="Undo").click()
    expect(done).to_contain_text("Taken back: 1 comment is what it was before.")
    expect(page.get_by_role("article")).to_have_count(4)

    page.get_by_label("Tick the comment by Abel").check()
    page.get_by_label("Tick the comment by Berta").check()
    page.get_by_role("button", name="Approve ticked").click()
    expect(done).to_contain_text("Approved 2 comments.")

    card = page.get_by_role("article", name="Cleo")
    card.get_by_text("Reject…").click()
    card.get_by_label("Note").fill("About the wrong year.")
    card.get_by_role("button", name="Off topic").click()
    expect(done).to_contain_text("Rejected 1 comment (off topic).")

    page.get_by_label("Text, name").fill("doris writes")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("1 comment matches.")).to_be_visible()
    expect(page.get_by_role("article", name="Doris")).to_be_visible()

    page.get_by_label("Text, name").fill("cleo")
    page.get_by_label("Status").select_option("rejected")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("article", name="Cleo").locator("a.when").click()
    history = page.get_by_role("region", name="What happened to it")
    expect(history).to_contain_text("The machine: held for review")
    expect(history).to_contain_text("max rejected it: off topic")
    expect(history).to_contain_text("About the wrong year.")


def test_what_somebody_else_decided_first_is_told_and_kept(
    world: World, visit_desk: Open, complaints: list[str]
) -> None:
    article = world.article()
    comment = world.send(article, "Two people look at this one.")
    page = visit_desk(f"/desk/?page_url={article}")
    world.approve(comment)
    page.get_by_role("article", name="Ruth").get_by_role("button", name="Spam").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing was changed")
    expect(page.get_by_role("main")).to_contain_text("already published, decided by tests")
    page.get_by_role("link", name="Back to the queue").click()
    page.wait_for_url("**/desk/?page_url=*")
    complaints.clear()  # the answer is a 409


def test_a_viewer_sees_everything_and_finds_nothing_to_press(world: World, open_page: Open) -> None:
    world.send(world.article(), "Look, do not touch.")
    page = open_page(world.link("vera", role="viewer"), **PLAIN)
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{world.service.url}/desk/?q=do+not+touch")

    expect(page.get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("main").get_by_role("button")).to_have_text(["Show"])
    assert page.get_by_role("article").get_by_role("checkbox").count() == 0


HOSTILE = {
    "marks": "e" + "\u0301\u0489" * 4900,
    "bidi": "\u202e\u2066\u202d" * 300 + "reversed",
    "long word": "W" * 9900,
    "links": " ".join(f"h{n}.co/x" for n in range(1000)),
    "html": "</article></form><script>document.body.remove()</script><form action=/x>",
    "lines": "\n" * 4000 + "below",
}


def test_hostile_rows_leave_the_page_and_the_other_rows_usable(
    world: World, visit_desk: Open
) -> None:
    article = world.article()
    for kind, text in HOSTILE.items():
        world.send(article, f"{kind} {text}", name=f"{kind} {text[:60]}".strip())
    world.send(article, "A plain comment.", name="Zoe")

    page = visit_desk(
        f"/desk/?page_url={article}",
        java_script_enabled=True,
        viewport={"width": 320, "height": 640},
    )

    expect(page.get_by_role("article")).to_have_count(len(HOSTILE) + 1)
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 320
    heights = page.get_by_role("article").evaluate_all("all => all.map(e => e.offsetHeight)")
    assert max(heights) < 4000
    page.get_by_role("article", name="Zoe").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status").first).to_contain_text("Approved, 6 left")
    page.get_by_role("article", name="marks").get_by_role("link", name="Read the whole").click()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 320
