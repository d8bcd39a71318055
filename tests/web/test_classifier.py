"""The desk's page on the classifier: who sees what, and what an admin's buttons do."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.testclient import TestClient

from service.domain import Score
from service.promote import used_name
from service.scoring.artifact import AGAINST, Artifact
from service.store import models
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import NOW, SPAM, a_comment, a_site
from tests.redis_server import wait_until
from tests.web.moderating import Moderator, sign_in

PAGE = "/desk/classifier"


@pytest.fixture(autouse=True)
def site(sqlite: Database) -> int:
    with sqlite.transaction() as conn:
        a_site(conn, "other", origin="https://other.example")
        return a_site(conn).id


@pytest.fixture
def admin(client: TestClient, sqlite: Database) -> Moderator:
    return sign_in(client, sqlite, "ada", Role.ADMIN)


def rate(count: int, of: int) -> dict[str, int]:
    return {"count": count, "n": of}


def keep(conn: Connection, folder: Path, name: str, *against: str) -> None:
    """A candidate with a comparison on its card."""
    found = Artifact.read(folder)
    measured = [
        {"name": f"decisions: {who}", "false_positives": rate(n, 90), "recall": rate(40 + n, 50)}
        for who, n in (("tiny", 2), (name, 1))
    ]
    card = json.loads(found.card) | {
        "name": name, "created": NOW.isoformat(), AGAINST: list(against),
        "compared": [dict(zip(("current", "candidate"), measured, strict=True))],
        "trained_on": [{"source": "decisions", "spam": 12, "ham": 1300}],
    }  # fmt: skip
    models.add_model(conn, name, json.dumps(card).encode(), found.weights, NOW)


def used(database: Database) -> str | None:
    with database.transaction() as conn:
        return used_name(conn)


def shadow(database: Database) -> str | None:
    with database.transaction() as conn:
        found = models.find_shadow(conn)
    return None if found is None else found.model


def alert(text: str) -> str:
    found = re.search(r'role="alert"[^>]*><p>([^<]*)', text)
    return found[1] if found else ""


def test_a_viewer_neither_sees_the_page_nor_a_way_to_it(
    client: TestClient, sqlite: Database
) -> None:
    viewer = sign_in(client, sqlite, "vera", Role.VIEWER)

    assert PAGE not in viewer.get("/desk/").text
    assert viewer.get(PAGE).status_code == 403


def test_an_admin_of_one_site_sees_that_site_and_the_models_but_no_buttons(
    client: TestClient, sqlite: Database, site: int, tiny_model: Path
) -> None:
    with sqlite.transaction() as conn:
        keep(conn, tiny_model, "next")
    ida = sign_in(client, sqlite, "ida", Role.ADMIN, site_id=site)

    page = ida.get(PAGE).text
    answer = ida.post(f"{PAGE}/promote", {"model": "next"})

    assert PAGE in ida.get("/desk/").text
    assert "<bdi>news</bdi>" in page
    assert "<bdi>other</bdi>" not in page
    assert "299 more approved comments needed" in page
    assert f'action="{PAGE}' not in page
    assert answer.status_code == 403
    assert used(sqlite) == "tiny"


def test_a_model_is_put_to_use_and_the_one_before_again_and_the_page_says_who_and_why(
    admin: Moderator, sqlite: Database, tiny_model: Path
) -> None:
    with sqlite.transaction() as conn:
        keep(conn, tiny_model, "next")

    answer = admin.post(f"{PAGE}/promote", {"model": "next", "reason": ""})
    assert answer.headers["location"] == f"{PAGE}?done=promoted"
    assert used(sqlite) == "next"
    page = admin.get(answer.headers["location"]).text
    assert "The model is in use, in every process" in page
    assert "Learnt from 12 spam and 1,300 honest comments" in page
    assert "It is not worse than the model it was compared with." in page
    assert "1.11% [0.20%, 6.03%] n=90" in page

    admin.post(f"{PAGE}/rollback", {"reason": "<b>too strict"})
    assert used(sqlite) == "tiny"
    page = admin.get(PAGE).text
    assert "<bdi>ada</bdi> went back to <bdi>tiny</bdi>" in page
    assert "&lt;b&gt;too strict" in page

    admin.post(f"{PAGE}/promote", {"shipped": "1"})
    assert used(sqlite) is None


def test_a_model_found_worse_takes_a_tick_and_a_reason(
    admin: Moderator, sqlite: Database, tiny_model: Path
) -> None:
    with sqlite.transaction() as conn:
        keep(conn, tiny_model, "worse", "decisions: 9 more of 90 honest comments held")

    page = admin.get(PAGE).text
    assert "It is worse than the model it was compared with." in page
    assert "9 more of 90 honest comments held" in page
    for fields in ({"reason": "why not"}, {"even_so": "1"}, {"even_so": "1", "reason": " "}):
        answer = admin.post(f"{PAGE}/promote", {"model": "worse", **fields})
        assert answer.status_code == 409
        assert alert(answer.text)
        assert used(sqlite) == "tiny"

    admin.post(f"{PAGE}/promote", {"model": "worse", "even_so": "1", "reason": "a new campaign"})
    assert used(sqlite) == "worse"
    assert "a new campaign" in admin.get(PAGE).text


def test_what_cannot_be_done_is_said_on_the_page(
    admin: Moderator, sqlite: Database, tiny_model: Path
) -> None:
    for path, fields, why in (
        ("promote", {"model": "lost\x00<b>"}, "there is no model &#39;lost&lt;b&gt;&#39;"),
        ("promote", {}, "there is no model"),
        ("shadow", {"model": "tiny"}, "tiny is in use"),
    ):
        answer = admin.post(f"{PAGE}/{path}", fields)
        assert answer.status_code == 409
        assert why in alert(answer.text)
    assert admin.post(f"{PAGE}/promote", {"csrf": "x", "shipped": "1"}).status_code == 403
    assert used(sqlite) == "tiny"


def test_a_card_that_cannot_be_read_is_in_nobody_s_way(admin: Moderator, sqlite: Database) -> None:
    cards = (b"\xff", b"[]", b'{"compared": [1, {"current": 2}], "trained_on": 3, "against": 4}')
    with sqlite.transaction() as conn:
        for place, card in enumerate(cards):
            models.add_model(conn, f"odd-{place}", card, b"", NOW)

    page = admin.get(PAGE)

    assert page.status_code == 200
    assert page.text.count("It is damaged") + page.text.count("it is damaged") == 2


def test_a_model_is_put_into_the_shadow_and_taken_out(
    admin: Moderator, sqlite: Database, tiny_model: Path
) -> None:
    with sqlite.transaction() as conn:
        keep(conn, tiny_model, "next")

    admin.post(f"{PAGE}/shadow", {"model": "next"})
    assert shadow(sqlite) == "next"
    assert "Stop shadowing" in admin.get(PAGE).text
    admin.post(f"{PAGE}/shadow", {})
    assert shadow(sqlite) is None
    assert "Stop shadowing" not in admin.get(PAGE).text


def test_five_weeks_and_the_shadow_are_told_in_bands_never_in_scores(
    admin: Moderator, sqlite: Database, tiny_model: Path
) -> None:
    now = datetime.now(UTC)
    with sqlite.transaction() as conn:
        keep(conn, tiny_model, "next")
        models.set_shadow(conn, "next", actor="ada", now=now - timedelta(hours=1))
        ours = Score(0.0123, "tiny", (), 0.3, 0.95)
        score = replace(ours, shadow=replace(ours, probability=0.9871, model="next"))
        comment = a_comment(conn, score=score, now=now)
        for place in range(201):  # a month ago all was likely spam, now all is likely fine
            a_comment(conn, score=SPAM, now=now - timedelta(days=20), email=f"{place}@x.example")
            a_comment(conn, score=ours, now=now - timedelta(days=1), email=f"{place}@x.example")

    page = admin.get(PAGE).text

    assert "Both models scored 1 comment." in page
    assert f'href="/desk/comments/{comment.id}?' in page
    assert re.search(r"Likely fine</span> in use, <span[^>]*>Likely spam</span> in the sh", page)
    assert page.count('<rect class="likely-') == 3
    assert "The scores of the last seven days are distributed otherwise" in page
    assert "Another model was put to use meanwhile" not in page
    assert "0.0123" not in page
    assert "0.9871" not in page
    models_since = admin.post(f"{PAGE}/promote", {"model": "next"})
    assert "Another model was put to use" in admin.get(models_since.headers["location"]).text


def test_retraining_goes_on_elsewhere_and_the_page_tells_how_it_ended(admin: Moderator) -> None:
    answer = admin.post(f"{PAGE}/retrain", {})
    assert answer.headers["location"] == f"{PAGE}?done=retraining"
    assert "ada started one" in admin.get(PAGE).text

    again = admin.post(f"{PAGE}/retrain", {})
    assert again.status_code == 409
    assert alert(again.text) == "A retraining is under way already."

    def has_ended() -> bool:
        return "under way" not in admin.get(PAGE).text

    wait_until(has_ended, "the retraining to end", seconds=60)
    page = admin.get(PAGE).text
    assert "nothing was decided yet that tells spam from ham." in page
    assert "Retrain now" in page
