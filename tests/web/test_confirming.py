"""Pages that links in mails lead to: looking does nothing, a button acts, tricks are 403."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.config import Config
from service.store import subscriptions
from service.store.database import Database
from service.tokens import confirm_token, unsubscribe_token
from tests.contract.test_routes import dump
from tests.factories import ORIGIN, PAGE, SECRET, a_site
from tests.tiny_model import FINE_TEXT
from tests.web.asking import THREAD, post

Wish = Callable[..., tuple[str, str]]
BROWSER = {"Accept": "text/html", "Origin": "http://testserver"}


@pytest.fixture
def wish(client: TestClient, sqlite: Database) -> Wish:
    """Sends a comment with wishes; its id, and the token of the link in the letter."""
    with sqlite.transaction() as conn:
        a_site(conn)

    def send(**changes: object) -> tuple[str, str]:
        comment_id = str(post(client, **{"confirm": True, "notify": True} | changes)["id"])
        until = datetime.now(UTC) + timedelta(days=7)
        return comment_id, confirm_token(SECRET, comment_id, until)

    return send


def test_s34_looking_and_prefetching_changes_nothing(
    client: TestClient, wish: Wish, tmp_path: Path
) -> None:
    comment_id, token = wish()
    before = dump(tmp_path)

    for page, shown in (("confirm", token), ("unsubscribe", unsubscribe_token(SECRET, comment_id))):
        for method in ("GET", "HEAD", "GET"):
            answer = client.request(method, f"/{page}?token={shown}", headers=BROWSER)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "no-referrer"

    assert dump(tmp_path) == before


def test_the_button_leads_back_with_the_proof_where_no_server_sees_it(
    client: TestClient, wish: Wish
) -> None:
    comment_id, token = wish()
    page = client.get(f"/confirm?token={token}", headers=BROWSER).text
    assert f'name="token" value="{token}"' in page
    assert f'href="{PAGE}"' in page

    done = client.post("/confirm", data={"token": token}, headers=BROWSER)

    assert done.status_code == 200
    found = re.search(rf'href="{re.escape(PAGE)}#comment-desk-proof=(\d+\.[\w-]{{32}})"', done.text)
    assert found is not None
    assert f'name="author_token" value="{found[1]}"' in done.text  # for who has no scripts
    assert "Your comment is published now." in done.text
    assert comment_id in client.get("/api/v1/comments", params=THREAD).text
    receipt = post(client, comment="And the wheat, too.", author_token=found[1])
    assert receipt["status"] == "published"


def test_s34_a_second_use_and_a_changed_link_are_403_and_say_so_on_a_page(
    client: TestClient, wish: Wish
) -> None:
    _comment_id, token = wish()
    assert client.post("/confirm", data={"token": token}).status_code == 200

    for method, page, sent in (
        ("POST", "confirm", token), ("GET", "confirm", token), ("GET", "confirm", token[:-1]),
        ("POST", "confirm", token + "x"), ("GET", "unsubscribe", token),
        ("POST", "unsubscribe", token),
    ):  # fmt: skip
        given = {"params": {"token": sent}} if method == "GET" else {"data": {"token": sent}}
        answer = client.request(method, f"/{page}", headers=BROWSER, **given)  # type: ignore[arg-type]
        assert answer.status_code == 403, (method, page)
        assert "This link" in answer.text
        assert "text/html" in answer.headers["content-type"]
    assert client.post("/confirm").status_code == 415
    assert client.post("/confirm", data={"other": "x"}).status_code == 403
    assert client.post("/confirm", json={"token": token}).status_code == 403


def test_s36_mails_end_with_one_click_of_a_mail_program(
    client: TestClient, sqlite: Database, wish: Wish
) -> None:
    comment_id, token = wish()
    client.post("/confirm", data={"token": token})
    link = f"/unsubscribe?token={unsubscribe_token(SECRET, comment_id)}"

    def is_told() -> bool:
        with sqlite.transaction() as conn:
            return subscriptions.is_subscribed(conn, comment_id, "ann@mail.example")

    assert is_told()
    answer = client.post(link, data={"List-Unsubscribe": "One-Click"})  # no Origin, no cookie

    assert answer.status_code == 200
    assert not is_told()
    again = client.post(link, files={"List-Unsubscribe": (None, "One-Click")})  # as multipart
    assert again.status_code == 200


def test_s36_answers_do_not_tell_whether_an_address_is_known(
    client: TestClient, wish: Wish
) -> None:
    wish(comment="The first.", email="known@mail.example")

    answers = [
        set(post(client, comment=f"Number {n}.", email=email, notify=True, confirm=True))
        for n in range(3)
        for email in ("known@mail.example", "unknown@mail.example")
    ]

    assert all(answer == answers[0] for answer in answers)


def test_wishes_of_the_wrong_type_are_named(client: TestClient, wish: Wish) -> None:
    for name in ("notify", "confirm"):
        fields = {"site": "news", "page_url": PAGE, "name": "Ann", "email": "ann@mail.example",
                  "comment": "x", name: "yes"}  # fmt: skip
        answer = client.post("/api/v1/comments", json=fields)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [name]


@pytest.mark.parametrize(("proven", "boxes"), [("on", {"confirm", "notify"}), ("off", {"notify"})])
def test_forms_offer_mail_only_where_any_is_sent(
    config: Config, sqlite: Database, proven: str, boxes: set[str]
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn, publish__proven=proven)
    mailing = replace(config, smtp_url="smtp://127.0.0.1:9?from=a@news.example")

    for settings, offered in ((config, set()), (mailing, boxes)):
        with TestClient(create_app(settings), follow_redirects=False) as client:
            for page in ("/threads", "/threads/form"):
                shown = client.get(page, params=THREAD).text
                assert set(re.findall(r'type="checkbox" id="f-(\w+)"', shown)) == offered
            form = client.get("/api/v1/form", params=THREAD, headers={"Origin": ORIGIN}).json()
            assert {n for n in ("confirm", "notify") if form["settings"][n]} == offered


def test_a_ticked_box_stays_ticked_when_a_field_is_wrong(config: Config, sqlite: Database) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)
    mailing = replace(config, smtp_url="smtp://127.0.0.1:9?from=a@news.example")
    fields = THREAD | {"name": "Ann", "email": "ann", "comment": FINE_TEXT, "notify": "on"}

    with TestClient(create_app(mailing), follow_redirects=False) as client:
        shown = client.post("/api/v1/comments", data=fields, headers=BROWSER).text

    assert 'name="notify" value="on" checked' in shown
    assert 'name="confirm" value="on">' in shown
