"""S16: the script on somebody else's page: whatever messages come, only text and its own HTML."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import World

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
MESSAGES = """
    "<img src=x onerror='window.__pwned = 1'>",
    {type: "height", height: 99999, html: "<script>window.__pwned = 1</script>"},
    {type: "comments", comments: [{id: "x", name: "Eve", html: "<b onclick=alert(1)>x</b>"}]},
    {site: "other", page_url: "https://evil.example/", token: "stolen", source: "comment-desk"},
    JSON.stringify({type: "setToken", token: "x", url: "javascript:window.__pwned = 1"}),
    {__proto__: null, constructor: {prototype: {html: "x"}}}, null, 0, [], new Error("x"),
    new Uint8Array(100000),
"""


def test_s16_hostile_messages_change_nothing_under_a_strict_policy(
    world: World, open_page: Open
) -> None:
    article = world.article()
    world.published(article, "The barley was *late* <b>this</b> year.")
    page = open_page(article)  # whose policy allows no HTML to be written from text at all
    expect(page.get_by_role("listitem")).to_contain_text("The barley was late <b>this</b> year.")
    before = page.evaluate("document.querySelector('comment-thread').shadowRoot.innerHTML")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    heard = page.evaluate(f"""async () => {{
        const messages = [{MESSAGES}];
        let heard = 0;
        addEventListener("message", () => heard++);
        for (const message of messages) {{
            postMessage(message, "*");
            for (const origin of ["null", "https://evil.example", location.origin]) {{
                const traits = {{data: message, origin, source: window}};
                const event = new MessageEvent("message", traits);
                dispatchEvent(event);
                document.querySelector("comment-thread").dispatchEvent(event);
            }}
        }}
        while (heard < messages.length * 3) await new Promise(requestAnimationFrame);
        return messages.length;
    }}""")

    assert heard == 11
    assert page.evaluate("document.querySelector('comment-thread').shadowRoot.innerHTML") == before
    assert page.evaluate("window.__pwned") is None
    assert asked == []


def test_s16_the_frame_listens_to_no_messages_and_runs_no_scripts(
    world: World, open_page: Open
) -> None:
    article = world.article()
    world.published(article, "<script>window.__pwned = 1</script> *late*")
    page = open_page(world.thread(article))

    page.evaluate(f"for (const message of [{MESSAGES}]) postMessage(message, '*')")

    expect(page.get_by_role("listitem")).to_contain_text("<script>window.__pwned = 1</script> late")
    assert page.evaluate("window.__pwned") is None
    assert page.locator("script").count() == 0
