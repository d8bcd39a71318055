"""A comment without a good proof is taken and held with a reason; a good one is good once."""

from typing import Any

import pytest
from altcha import Challenge, Payload, solve_challenge
from starlette.testclient import TestClient

from service.store import comments, sites
from service.store.database import Database
from service.vocabulary import Code
from tests.factories import a_site_with
from tests.web.asking import THREAD, post


@pytest.fixture(autouse=True)
def site(sqlite: Database) -> None:
    settings = {"proof": "on", "publish.unproven": "score", "form.min-age": "0s"}
    with sqlite.transaction() as conn:
        a_site_with(conn, settings)


def filled(client: TestClient) -> dict[str, str]:
    """A form's token with the proof that its browser made."""
    form: dict[str, Any] = client.get("/api/v1/form", params=THREAD).json()
    challenge = Challenge.from_dict(form["proof"])
    solution = solve_challenge(challenge)
    assert solution is not None
    return {"form_token": form["form_token"], "proof": Payload(challenge, solution).to_base64()}


def codes(database: Database, receipt: dict[str, Any]) -> set[Code]:
    with database.transaction() as conn:
        found = comments.find_comment(conn, receipt["id"])
    assert found is not None
    return {reason.code for reason in found.reasons}


def test_a_comment_with_a_proof_is_published_and_one_without_is_held(
    client: TestClient, sqlite: Database
) -> None:
    good = post(client, **filled(client))
    token = client.get("/api/v1/form", params=THREAD).json()["form_token"]
    bad = post(client, form_token=token, comment="The barley stood badly, though.")

    assert (good["status"], bad["status"]) == ("published", "held")
    assert Code.PROOF_MISSING not in codes(sqlite, good)
    assert Code.PROOF_MISSING in codes(sqlite, bad)


def test_a_proof_is_good_once(client: TestClient, sqlite: Database) -> None:
    form = filled(client)
    post(client, **form)

    again = post(client, **form, comment="Rye was poor this year.")

    assert again["status"] == "held"
    assert Code.FORM_TOKEN_REUSED in codes(sqlite, again)


def test_the_plain_form_asks_for_none_and_its_comment_is_held(
    client: TestClient, sqlite: Database
) -> None:
    page = client.get("/threads/form", params=THREAD)
    assert page.status_code == 200

    receipt = post(client)

    assert receipt["status"] == "held"
    with sqlite.transaction() as conn:
        sites.set_settings(conn, "news", {"proof": "off"})
    assert post(client, name="Ida")["status"] == "published"
