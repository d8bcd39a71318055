"""Bodies: bounded before they are parsed (S4), typed (S9), and never more than asked for (S8)."""

import gzip
import tracemalloc
from collections.abc import Iterator

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from service.store import comments, schema
from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Code, Role, Status
from service.web.body import MAX_BODY
from tests.factories import NOW, a_site
from tests.tiny_model import FINE_TEXT
from tests.web.asking import COMMENTS, a_body, a_token, bearing, check_problem, post

JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def site(sqlite: Database) -> Database:
    with sqlite.transaction() as conn:
        a_site(conn, publish__unproven="score")
    return sqlite


def chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 50_000):
        yield body[start : start + 50_000]


def test_a_body_of_the_largest_size_is_read(client: TestClient) -> None:
    start = b'{"padding":"'
    body = start + b"x" * (MAX_BODY - len(start) - 2) + b'"}'
    assert len(body) == MAX_BODY

    for content in (body, chunks(body)):
        check_problem(client.post(COMMENTS, content=content, headers=JSON), 422, "invalid")


@pytest.mark.parametrize("kind", ["with a length", "in chunks", "gzip", "form", "multipart"])
@pytest.mark.parametrize("path", [COMMENTS, "/api/v1/preview"])
def test_s4_one_byte_more_is_413_however_it_comes(client: TestClient, kind: str, path: str) -> None:
    body = b"x" * (MAX_BODY + 1)
    types = {
        "form": "application/x-www-form-urlencoded",
        "multipart": "multipart/form-data; boundary=b",
    }
    headers = {"Content-Type": types.get(kind, "application/json")}
    if kind == "gzip":
        headers["Content-Encoding"] = "gzip"
    content: bytes | Iterator[bytes] = chunks(body) if kind == "in chunks" else body

    answer = client.post(path, content=content, headers=headers)

    check_problem(answer, 413, "too-large")


def test_a_packed_body_is_never_unpacked(client: TestClient) -> None:
    bomb = gzip.compress(bytes(100_000_000))
    assert len(bomb) < MAX_BODY

    tracemalloc.start()
    answer = client.post(COMMENTS, content=bomb, headers=JSON | {"Content-Encoding": "gzip"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    check_problem(answer, 415, "unsupported-media-type")
    assert peak < 10_000_000


WRONG = [["x"], {"a": "b"}, 7, 1.5, True, None]


@pytest.mark.parametrize(
    "field",
    [
        "site", "page_url", "page_title", "page_text", "lang", "parent_id", "name", "email",
        "website", "comment", "form_token", "author_token", "proof", "url2",
    ],
)  # fmt: skip
def test_s9_a_field_of_the_wrong_type_is_named(client: TestClient, field: str) -> None:
    for value in WRONG:
        answer = client.post(COMMENTS, json=a_body() | {field: value})
        errors = check_problem(answer, 422, "invalid")["errors"]
        assert [(error["field"], error["code"]) for error in errors] == [(field, "wrong-type")]


@pytest.mark.parametrize("value", [["x"], {"a": "b"}, 7, "yes", None])
def test_consent_is_true_or_false(client: TestClient, value: object) -> None:
    errors = check_problem(
        client.post(COMMENTS, json=a_body() | {"consent": value}), 422, "invalid"
    )["errors"]
    assert [error["field"] for error in errors] == ["consent"]


@pytest.mark.parametrize("body", [b"null", b"7", b'"x"', b"[]", b"[[]]", b"true"])
def test_a_body_that_is_no_object_is_422(client: TestClient, body: bytes) -> None:
    for path in (COMMENTS, "/api/v1/preview"):
        check_problem(client.post(path, content=body, headers=JSON), 422, "invalid")


def test_s8_fields_nobody_asked_for_change_nothing(client: TestClient, site: Database) -> None:
    forbidden = {
        "id": new_id(NOW), "status": "published", "approved": True, "verdict": "publish",
        "created_at": "2001-01-01T00:00:00Z", "edited_at": "2001-01-01T00:00:00Z",
        "ip": "198.51.100.1", "address": "198.51.100.1", "address_prefixes": [],
        "is_moderator": True, "role": "admin", "score": 0, "site_id": 99, "thread_id": 99,
        "version": 99, "decision_id": new_id(NOW), "author_proven": True, "signals": [],
        "idempotency_key": "k", "token_nonce": "n", "html": "<b>", "reasons": [],
    }  # fmt: skip

    receipt = post(client, comment="Cheap pills and fast loans, click now!!!", **forbidden)

    with site.transaction() as conn:
        stored = comments.find_comment(conn, receipt["id"])
        (row,) = conn.execute(select(schema.comment)).all()
    assert stored is not None
    assert (stored.status, stored.version, stored.address) == (Status.HELD, 1, "")
    assert stored.created_at.year > 2001
    assert Code.PROVEN_AUTHOR not in {reason.code for reason in stored.reasons}
    token = bearing(receipt["edit_token"])
    path = f"{COMMENTS}/{receipt['id']}"
    assert client.patch(path, json=forbidden | {"comment": "New"}, headers=token).status_code == 200
    with site.transaction() as conn:
        (edited,) = conn.execute(select(schema.comment)).all()
    changed = {name for name, before in row._mapping.items() if edited._mapping[name] != before}
    assert changed <= {
        "comment", "edited_at", "version", "reasons", "score", "band", "terms",
    }  # fmt: skip


def test_a_form_is_read_like_json(client: TestClient) -> None:
    fields = {name: str(value) for name, value in a_body().items()}
    accept = {"Accept": "application/json"}

    first = client.post(COMMENTS, data=fields, headers=accept)
    again = client.post(COMMENTS, files={n: (None, v) for n, v in fields.items()}, headers=accept)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"a=1&a=2", "application/x-www-form-urlencoded", 400),
        (b"a=%zz", "application/x-www-form-urlencoded", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"f%d=1" % n for n in range(200)), "application/x-www-form-urlencoded", 400),
        (b"nonsense", "multipart/form-data; boundary=b", 400),
        (b"nonsense", "multipart/form-data", 400),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--\r\n',
         "multipart/form-data; boundary=b", 400),
        (b'--b\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\nx\r\n--b--\r\n',
         "multipart/form-data; boundary=b", 400),
        (b"x", "text/plain", 415),
        (b"<a/>", "application/xml", 415),
        (b"", "", 415),
    ],
)  # fmt: skip
def test_a_body_that_is_not_what_it_says_is_refused(
    client: TestClient, content: bytes, kind: str, status: int
) -> None:
    headers = {"Content-Type": kind, "Accept": "application/json"}

    answer = client.post(COMMENTS, content=content, headers=headers)

    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/api/v1/preview", f"{COMMENTS}/0195e7a5-0000-7000-8000-000000000001"]
)
def test_only_the_comment_form_itself_takes_forms(client: TestClient, path: str) -> None:
    method = "PATCH" if "comments" in path else "POST"

    form = {"site": "news", "comment": FINE_TEXT}
    answer = client.request(method, path, data=form, headers=bearing("any"))

    check_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("charset", ["punycode", "unicode_escape", "undefined", "utf-16"])
def test_a_form_names_no_codec_but_utf_8(client: TestClient, charset: str) -> None:
    answer = client.post(
        COMMENTS,
        content=b'--XB\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--XB--\r\n',
        headers={"Content-Type": f"multipart/form-data; boundary=XB; charset={charset}"},
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable-body")


@pytest.mark.parametrize("path", ["claim", "release"])
def test_a_name_that_is_no_text_is_refused(client: TestClient, sqlite: Database, path: str) -> None:
    headers = a_token(sqlite, Role.MODERATOR) | {"Content-Type": "application/json"}

    answer = client.post(f"/api/v1/queue/{path}", content=b'{"\\ud800": 1}', headers=headers)

    check_problem(answer, 422, "invalid")
