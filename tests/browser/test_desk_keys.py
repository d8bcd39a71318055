"""The desk's single keys: what each does, when they are dead, and how they are changed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.at_keyboard import sit_down
from tests.browser.conftest import World

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def test_one_key_decides_and_the_next_comment_has_the_focus(world: World, visit_desk: Open) -> None:
    desk = sit_down(world, visit_desk, 6)
    desk.has_focus(0)

    desk.press("a")
    desk.said("Approved, 5 left, press z to undo")
    desk.press("s")
    desk.has_focus(2)
    desk.press("e")
    desk.has_focus(3)
    desk.press("2")
    desk.said("Rejected (off topic), 3 left")
    desk.press("k")
    desk.has_focus(2)
    desk.press("j", "ArrowDown")
    desk.has_focus(5)
    desk.press("ArrowUp")
    desk.has_focus(4)

    desk.sent()
    assert [status for status, _ in desk.stored()] == [
        "published", "rejected", "held", "rejected", "held", "held",
    ]  # fmt: skip
    expect(desk.card(1).locator(".line")).to_have_text("Marked as spam Berta Undo")
    expect(desk.card(1).get_by_text("Remark 1")).to_be_hidden()


def test_reject_opens_the_reasons_and_a_digit_or_a_click_chooses_with_the_note(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 3)

    desk.press("d")
    expect(desk.card(0).get_by_role("button", name="Abuse")).to_be_focused()
    desk.press("Escape")
    desk.has_focus(0)
    desk.press("r", "3")
    desk.said("Rejected (personal data)")
    desk.press("d")
    note = desk.card(1).get_by_label("Note for other moderators")
    note.fill("Says where somebody lives: 1 Hill Road.")
    desk.card(1).get_by_role("button", name="Illegal").click()
    desk.has_focus(2)

    desk.sent()
    history = world.client.get(
        f"/api/v1/comments/{desk.ids[1]}/history",
        headers={"Authorization": f"Bearer {world.token}"},
    ).json()["entries"][-1]
    assert history["detail"] == "illegal: Says where somebody lives: 1 Hill Road."
    assert [status for status, _ in desk.stored()] == ["rejected", "rejected", "held"]


def test_ticked_comments_are_decided_together_and_undone_together(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 5)

    desk.press("x", "j", "x", "j", "j", "x", "Shift+S")
    desk.said("3 comments: marked as spam, 2 left")
    desk.has_focus(4)
    expect(desk.card(0).get_by_role("button")).to_have_text("Undo all 3")
    desk.sent()
    assert [status for status, _ in desk.stored()] == [
        "rejected", "rejected", "held", "rejected", "held",
    ]  # fmt: skip
    desk.press("z")

    desk.has_focus(0)
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["held"] * 5
    desk.press("x", "j", "x", "Shift+A")
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["published"] * 2 + ["held"] * 3


def test_keys_are_dead_while_typing_with_modifiers_and_when_held_down(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 5)

    desk.press("Control+a", "Alt+s", "Meta+s", "Shift+J")
    desk.press("/")
    expect(desk.page.get_by_label("Text, name")).to_be_focused()
    desk.press("a", "s", "?", "1")
    expect(desk.page.get_by_label("Text, name")).to_have_value("as?1")
    desk.press("Escape")
    desk.has_focus(0)
    desk.press("d")
    desk.card(0).get_by_label("Note for other moderators").focus()
    desk.press("a", "z", "2")
    desk.page.get_by_label("Status").focus()
    desk.press("a")
    desk.page.evaluate("document.querySelector('h1').contentEditable = 'true'")
    desk.page.locator("h1").focus()
    desk.press("s")
    expect(desk.page.locator(".line")).to_have_count(0)

    desk.card(1).focus()
    desk.page.keyboard.down("s")
    for _ in range(5):
        desk.page.keyboard.down("s")  # which the browser tells as held down
    desk.page.keyboard.up("s")

    desk.has_focus(2)
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["held", "rejected", "held", "held", "held"]


def test_a_key_decides_nothing_where_no_comment_has_the_focus(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 2)

    desk.page.get_by_role("link", name="Comment Desk").focus()
    desk.press("s", "d", "1")

    desk.said("No comment has the focus: press j")
    expect(desk.page.locator(".line")).to_have_count(0)
    desk.press("j")
    desk.has_focus(0)


def test_the_second_half_of_a_double_click_meets_nothing(world: World, visit_desk: Open) -> None:
    desk = sit_down(world, visit_desk, 3)
    button = desk.card(0).get_by_role("button", name="Spam")
    box = button.bounding_box()
    assert box is not None

    button.dblclick()
    # and where the next card's button has come to lie under the pointer
    desk.page.evaluate(
        """() => {
            const button = document.querySelectorAll('[data-do="spam"]')[1];
            const half = {bubbles: true, cancelable: true, detail: 2};
            button.dispatchEvent(new MouseEvent("click", half));
        }"""
    )

    desk.has_focus(1)
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["rejected", "held", "held"]


def test_the_dialog_lists_the_keys_keeps_the_focus_and_closes_with_escape(
    world: World, visit_desk: Open
) -> None:
    desk = sit_down(world, visit_desk, 2)
    desk.press("j", "?")
    dialog = desk.page.get_by_role("dialog", name="Keys")

    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("row")).to_have_count(16)
    for key in ["Tab"] * 15 + ["Shift+Tab"] * 4:
        desk.press(key)
        assert dialog.evaluate("d => d.contains(document.activeElement)")
    desk.page.get_by_role("button", name="Close").focus()
    desk.press("a", "s")
    desk.press("Escape")

    expect(dialog).to_be_hidden()
    desk.has_focus(1)
    expect(desk.page.locator(".line")).to_have_count(0)
    desk.page.get_by_role("button", name="Keys").click()
    expect(dialog).to_be_visible()


def test_keys_can_be_changed_and_switched_off_and_stay_so(world: World, visit_desk: Open) -> None:
    desk = sit_down(world, visit_desk, 5)
    approve = desk.card(2).get_by_role("button", name="Approve")
    desk.press("?")
    dialog = desk.page.get_by_role("dialog", name="Keys")

    dialog.get_by_label("Approve", exact=True).fill("s")
    expect(dialog.get_by_role("alert")).to_have_text("s is taken already: change that one first.")
    dialog.get_by_label("Approve", exact=True).fill("7")
    expect(dialog.get_by_role("alert")).to_contain_text("digits are for reasons")
    dialog.get_by_label("Approve", exact=True).press("y")
    expect(dialog.get_by_role("alert")).to_be_empty()
    desk.press("Escape", "a")
    expect(desk.page.locator(".line")).to_have_count(0)
    desk.press("y")
    desk.said("Approved, 4 left")
    expect(approve.locator("kbd")).to_have_text("y")
    expect(approve).to_have_attribute("aria-keyshortcuts", "y")
    desk.sent()
    desk.page.reload()
    desk.has_focus(1)
    desk.press("y")
    desk.said("Approved, 3 left")

    desk.press("?")
    dialog.get_by_label("Use single keys").uncheck()
    desk.press("Escape", "y", "s", "z", "j")
    desk.has_focus(2)
    expect(approve.locator("kbd")).to_be_hidden()
    expect(approve).not_to_have_attribute("aria-keyshortcuts", "y")
    desk.press("ArrowDown")  # is not a letter, and works on
    desk.has_focus(3)
    desk.sent()
    desk.page.reload()
    desk.press("s")
    expect(approve.locator("kbd")).to_be_hidden()

    desk.page.get_by_role("button", name="Keys").click()
    dialog.get_by_role("button", name="The usual keys again").click()
    desk.press("Escape", "a")
    desk.said("Approved, 2 left")
    desk.sent()
    assert [status for status, _ in desk.stored()] == ["published"] * 3 + ["held"] * 2


def test_without_scripts_no_key_is_printed(world: World, visit_desk: Open) -> None:
    desk = sit_down(world, visit_desk, 1, java_script_enabled=False)

    expect(desk.card(0).get_by_role("button", name="Approve")).to_be_visible()
    for kbd in desk.page.locator("kbd").all():
        expect(kbd).to_be_hidden()
    expect(desk.page.locator(".scripted").first).to_be_hidden()


def test_on_another_keyboard_the_place_of_the_letter_counts(world: World, visit_desk: Open) -> None:
    desk = sit_down(world, visit_desk, 2)

    desk.page.evaluate(
        """document.activeElement.dispatchEvent(new KeyboardEvent("keydown",
            {key: "ф", code: "KeyA", bubbles: true, cancelable: true}))"""
    )

    desk.said("Approved, 1 left")
    desk.sent()
