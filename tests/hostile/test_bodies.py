"""S5, S6: bodies that cannot be read, addresses that are none, and every character of Unicode."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.text import normalise
from tests.hostile.corpora import addresses, packed, unicode_lines
from tests.hostile.placing import Count, enter_answer, refused_fields, send_as
from tests.hostile.showing import judge_pages
from tests.web.asking import COMMENTS, a_body, bearing, post

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Settle = Callable[..., None]
DOTLESS = "test@io"  # valid by isemail; a top-level domain takes no mail, so it is a slip for us


def test_s6_json_that_must_be_refused_is_400_and_the_rest_is_named(
    client: TestClient, moderator: dict[str, str], bad: Path, settle: Settle
) -> None:
    own = post(client)
    own_path, own_token = f"{COMMENTS}/{own['id']}", bearing(own["edit_token"])
    calls: list[tuple[str, str, dict[str, str]]] = [
        ("POST", COMMENTS, {}), ("POST", "/api/v1/preview", {}), ("PATCH", own_path, own_token),
        ("POST", "/api/v1/decisions", moderator), ("POST", "/api/v1/queue/claim", moderator),
        ("POST", "/api/v1/queue/release", moderator),
    ]  # fmt: skip
    paths = sorted((bad / "jsontestsuite").glob("test_*/*.json"))
    count = Count()
    for path in paths:
        for method, place, headers in calls:
            answer = client.request(
                method, place, content=path.read_bytes(),
                headers={"Content-Type": "application/json", **headers},
            )  # fmt: skip
            count.tried += 1
            _judge_json(path.name, place, answer, count)

    settle("JSON", "every body of JSON", len(paths), count)


def _judge_json(name: str, place: str, answer: Any, count: Count) -> None:
    doubled = name.startswith("y_object_duplicated_key")
    allowed = {400, 422}
    if name.startswith("n_") or doubled:
        allowed = {400}
    elif name.startswith("y_"):
        allowed = {422}
    if place.endswith("/claim") and name.startswith(("y_object", "i_", "object", "number")):
        allowed = {*allowed, 200}  # which takes an object without any field
    is_problem = answer.headers["content-type"] == "application/problem+json"
    if answer.status_code in allowed and "Traceback" not in answer.text:
        count.refused += is_problem
        if not is_problem:
            count.taken[f"{name} {place}"] = {"body": name}
    else:
        count.failures.append(f"{name} at {place}: {answer.status_code} {answer.text[:100]}")


def test_s6_multipart_that_must_be_refused_is_400_and_the_rest_is_named(
    client: TestClient, moderator: dict[str, str], bad: Path, settle: Settle
) -> None:
    paths = sorted((bad / "python-multipart" / "http").glob("*.http"))
    count = Count()
    for path in paths:
        told = path.with_suffix(".yaml").read_text("utf-8")
        boundary = re.search(r"boundary: *(.+)", told)
        assert boundary is not None
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary[1].strip()}"}
        must_fail = re.search(r"^ +error:", told, re.M) is not None
        for place, allowed in (
            (COMMENTS, {400} if must_fail else {400, 422}),
            ("/api/v1/preview", {400, 415}),
        ):
            answer = client.post(
                place, content=path.read_bytes(), headers={**kind, "Accept": "application/json"}
            )
            count.tried += 1
            count.refused += answer.status_code in allowed
            if answer.status_code not in allowed:
                count.failures.append(f"{path.name} at {place}: {answer.status_code}")

    settle("multipart", "every body of a form", len(paths), count)


@pytest.mark.parametrize("way", ["json", "urlencoded", "multipart"])
def test_s6_addresses_that_are_none_are_refused_and_valid_ones_taken(
    client: TestClient, moderator: dict[str, str], bad: Path, settle: Settle, way: str
) -> None:
    count = Count()
    cases = addresses(bad)
    for number, (address, category) in enumerate(cases):
        answer = send_as(client, way, a_body(email=address, comment=f"Number {number}."))
        count.tried += 1
        if answer.status_code == 201:
            count.taken[answer.json()["id"]] = {"email": address}
        elif refused_fields(answer, {"email": address}):
            count.refused += 1
        else:
            count.failures.append(f"{address!r}: {answer.status_code} {answer.text[:200]}")
        if category == "ISEMAIL_ERR" and answer.status_code == 201 and address == address.strip():
            count.failures.append(f"taken, and is no address: {address!r}")
        is_valid = category.startswith("ISEMAIL_VALID") and address != DOTLESS
        if is_valid and answer.status_code != 201:
            count.failures.append(f"refused, and is an address: {address!r}")
    judge_pages(client, moderator, count)

    settle("e-mail addresses", f"email, {way}", len(cases), count)


@pytest.mark.parametrize("which", ["clusters", "emoji", "normalisation"])
def test_s5_every_character_comes_back_as_it_was_sent(
    client: TestClient, moderator: dict[str, str], bad: Path, settle: Settle, which: str
) -> None:
    texts = list(dict.fromkeys(unicode_lines(bad)[which]))
    count = Count()
    for number, text in enumerate(packed(texts, 9_000)):
        _send(client, count, "comment", text, {"email": f"long{number}@mail.example"})
    for number, text in enumerate(packed(texts if which != "normalisation" else [], 90)):
        other = {"email": f"short{number}@mail.example", "comment": f"Number {number}."}
        _send(client, count, "name", f"a{text}z", other)
    judge_pages(client, moderator, count)

    settle(f"Unicode {which}", "comment and name", len(texts), count)


def _send(client: TestClient, count: Count, name: str, text: str, other: dict[str, str]) -> None:
    answer = send_as(client, "json", a_body(**other) | {name: text})
    count.tried += 1
    enter_answer(count, answer, str(answer.json().get("id")), text, name)


def test_s5_normalising_twice_is_normalising_once(bad: Path, settle: Settle) -> None:
    texts = [text for lines in unicode_lines(bad).values() for text in dict.fromkeys(lines)]
    count = Count(tried=len(texts))
    for text in texts:
        once = normalise(text)
        if normalise(once) == once:
            count.taken[str(len(count.taken))] = {"text": text}
        else:
            count.failures.append(f"{text!r} → {once!r} → {normalise(once)!r}")

    settle("Unicode", "normalised twice", len(texts), count)
