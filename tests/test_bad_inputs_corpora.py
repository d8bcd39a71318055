"""Samples of the optional corpora of inputs that broke other software, on the public paths."""

import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service.store.database import Database
from tests.hostile.corpora import cases_of, strings_in
from tests.hostile.taking import check_pages, open_up, take_or_name
from tests.web.asking import COMMENTS


@pytest.fixture
def bad(corpora: Path) -> Path:
    if not (corpora / "badinputs").is_dir():
        pytest.skip("optional corpora have no badinputs")
    return corpora / "badinputs"


@pytest.fixture
def site(sqlite: Database) -> Database:
    """A site that publishes what it can and limits nobody."""
    open_up(sqlite)
    return sqlite


def test_a_sample_of_naughty_strings_and_markup_is_shown_as_text(
    client: TestClient, site: Database, bad: Path
) -> None:
    naughty = json.loads((bad / "blns" / "blns.json").read_text("utf-8"))
    markup = [
        *cases_of(bad / "markdown-it" / "xss.txt"),
        *strings_in(json.loads((bad / "bleach" / "data.json").read_text("utf-8"))),
        *strings_in(json.loads((bad / "bleach" / "test_clean.cases.json").read_text("utf-8"))),
    ]
    taken = [take_or_name(client, "comment", text) for text in (*naughty[::3], *markup[::3])]
    taken += [take_or_name(client, "name", text) for text in naughty[1::6]]
    taken += [take_or_name(client, "website", text) for text in (*naughty[2::8], *markup[1::8])]

    assert sum(id_ is not None for id_ in taken) > 150
    check_pages(client, site, taken)


def test_json_that_must_be_refused_is_400_and_the_rest_is_never_an_error(
    client: TestClient, site: Database, bad: Path
) -> None:
    headers = {"Content-Type": "application/json"}
    for path in sorted((bad / "jsontestsuite").glob("test_*/*.json")):
        for place in (COMMENTS, "/api/v1/preview"):
            answer = client.post(place, content=path.read_bytes(), headers=headers)
            assert 400 <= answer.status_code < 500, path.name
            assert answer.headers["content-type"] == "application/problem+json"
            if path.name.startswith("n_"):
                assert answer.status_code == 400, path.name
            elif path.name.startswith("y_"):
                doubled = path.name.startswith("y_object_duplicated_key")
                assert answer.status_code == (400 if doubled else 422), path.name


def test_addresses_that_are_none_are_refused_by_name(
    client: TestClient, site: Database, bad: Path
) -> None:
    for case in json.loads((bad / "isemail" / "tests.json").read_text("utf-8")):
        address = case.get("address_decoded", case["address"] or "")
        taken = take_or_name(client, "email", address)
        if case["category"] == "ISEMAIL_ERR" and address == address.strip():  # a slip of the hand
            assert taken is None, address


def test_multipart_that_must_be_refused_is_400_and_the_rest_is_never_an_error(
    client: TestClient, site: Database, bad: Path
) -> None:
    folder = bad / "python-multipart" / "http"
    for path in sorted(folder.glob("*.http")):
        told = path.with_suffix(".yaml").read_text("utf-8")
        boundary = re.search(r"boundary: *(.+)", told)
        assert boundary is not None
        kind = f"multipart/form-data; boundary={boundary[1].strip()}"
        headers = {"Content-Type": kind, "Accept": "application/json"}

        answer = client.post(COMMENTS, content=path.read_bytes(), headers=headers)

        assert 400 <= answer.status_code < 500, path.name
        if re.search(r"^ +error:", told, re.M):
            assert answer.status_code == 400, path.name
