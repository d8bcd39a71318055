"""Puts hostile texts into every field of a comment at once, and keeps count of what became of each.

A text that is refused must be refused by the name of its field; then the rest is sent again
without it, until what is left is taken in.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

from starlette.testclient import TestClient

from tests.factories import PAGE
from tests.web.asking import COMMENTS, a_body

# Where a text is put: the field, and what stands round the text so that it is taken in at all.
PLACES = {
    "comment": ("comment", "{}"), "name": ("name", "{}"), "website": ("website", "{}"),
    "email": ("email", "{}"), "page_title": ("page_title", "{}"), "page_text": ("page_text", "{}"),
    "lang": ("lang", "{}"), "site": ("site", "{}"), "page_url": ("page_url", "{}"),
    "parent_id": ("parent_id", "{}"), "form_token": ("form_token", "{}"),
    "author_token": ("author_token", "{}"), "proof": ("proof", "{}"),
}  # fmt: skip
WRAPPED = {
    "comment": ("comment", "{}"), "name": ("name", "a {} z"), "page_title": ("page_title", "{}"),
    "website": ("website", "https://a.example/?{}"), "email": ("email", "{}@mail.example"),
    "page_url": ("page_url", PAGE + "?{}"), "url2": ("url2", "{}"), "lang": ("lang", "en-{}"),
}  # fmt: skip
_NAMED = {"unknown-site": "site", "unknown-parent": "parent_id", "origin-not-allowed": "page_url"}
_BOUNDARY = "a-boundary-that-stands-in-no-corpus"
_JSON = {"Accept": "application/json"}


@dataclass
class Count:
    """What became of texts put into fields."""

    tried: int = 0
    refused: int = 0
    failures: list[str] = field(default_factory=list)
    taken: dict[str, dict[str, str]] = field(default_factory=dict)  # id → field → what was sent
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> int:
        """How many texts are on pages now."""
        return sum(map(len, self.taken.values()))


def put_everywhere(
    client: TestClient, way: str, texts: Sequence[str], places: Mapping[str, tuple[str, str]]
) -> Count:
    """Each text in each place once, sent as `way` says: json, urlencoded or multipart."""
    count = Count()
    for number in range(len(texts)):
        fields = {
            name: around.replace("{}", texts[(number + shift) % len(texts)])
            for shift, (name, around) in enumerate(places.values())
        }
        count.tried += len(fields)
        _put(client, way, fields, f"reader{number // 3}@mail.example", count)
    return count


def _put(client: TestClient, way: str, fields: dict[str, str], email: str, count: Count) -> None:
    whole = len(fields)
    while True:
        answer = send_as(client, way, a_body(email=email) | fields)
        if answer.status_code in (200, 201):
            receipt = answer.json()
            count.refused += whole - len(fields)
            count.taken[receipt["id"]] = fields
            count.tokens[receipt["id"]] = receipt.get("edit_token", "")
            return
        named = refused_fields(answer, fields)
        if not named:
            count.failures.append(
                f"{way} {answer.status_code} {answer.text[:200]} to {fields}"[:600]
            )
            return
        fields = {name: text for name, text in fields.items() if name not in named}


def enter_answer(
    count: Count, answer: Any, key: str, text: str, field_name: str = "comment"
) -> None:
    """Count one text in one field by its answer: taken, refused by name, or a failure."""
    if answer.status_code < 400:
        count.taken[key] = {field_name: text}
    elif refused_fields(answer, {field_name: text}):
        count.refused += 1
    else:
        count.failures.append(f"{answer.status_code} {answer.text[:200]} to {text[:100]!r}")


def refused_fields(answer: Any, fields: Mapping[str, str]) -> set[str]:
    """Which of these fields a problem names; none where it is no answer as it should be."""
    if answer.headers["content-type"] != "application/problem+json" or "Traceback" in answer.text:
        return set()
    problem = answer.json()
    if answer.status_code == 422:
        named = {error["field"] for error in problem["errors"]}
        return named if named <= set(fields) else set()
    if answer.status_code in (403, 404):
        return {_NAMED[problem["code"]]} & set(fields)
    if answer.status_code == 400:  # a form cannot hold what is no text in its encoding
        return {name for name, text in fields.items() if not _is_encodable(text)}
    return set()


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
        return True
    except UnicodeEncodeError:
        return False


def send_as(client: TestClient, way: str, fields: Mapping[str, object]) -> Any:
    """Post a comment's fields as JSON with its escapes, or as a form with its bytes."""
    if way == "json":
        kind, body = "application/json", json.dumps(fields).encode()
    elif way == "urlencoded":
        kind, body = "application/x-www-form-urlencoded", _urlencoded(fields)
    else:
        kind, body = f"multipart/form-data; boundary={_BOUNDARY}", _multipart(fields)
    return client.post(COMMENTS, content=body, headers=_JSON | {"Content-Type": kind})


def _bytes(value: object) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


def _urlencoded(fields: Mapping[str, object]) -> bytes:
    return "&".join(f"{name}={quote_from_bytes(_bytes(v))}" for name, v in fields.items()).encode()


def _multipart(fields: Mapping[str, object]) -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{{}}"\r\n\r\n'
    parts = [head.format(name).encode() + _bytes(value) + b"\r\n" for name, value in fields.items()]
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()


def as_json(fields: Mapping[str, object], headers: Mapping[str, str]) -> Any:
    """The arguments of a request whose body is JSON, lone surrogates as escapes."""
    kind = {"Content-Type": "application/json"}
    return {"content": json.dumps(fields), "headers": {**kind, **headers}}
