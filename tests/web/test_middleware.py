"""Headers round every answer (S29), CORS for listed origins alone (S14), whose address it is."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.config import Config
from service.store import sites
from service.store.database import Database
from service.tokens import new_id
from service.vocabulary import Role
from tests.factories import NOW, ORIGIN, a_comment, a_site
from tests.limiting import OFF
from tests.web.asking import COMMENTS, THREAD, a_body, a_token

ANSWERS = [
    ("GET", "/livez"), ("GET", "/nowhere"), ("GET", COMMENTS), ("POST", COMMENTS),
    ("GET", "/desk/sign-in"), ("GET", "/desk/"), ("GET", "/embed.js"), ("GET", "/static/desk.css"),
    ("GET", "/api/v1/queue"), ("OPTIONS", COMMENTS), ("GET", "/metrics"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def site(sqlite: Database) -> Database:
    with sqlite.transaction() as conn:
        a_site(conn, publish__unproven="score")
    return sqlite


@pytest.mark.parametrize(("method", "path"), ANSWERS)
def test_every_answer_carries_the_security_headers(
    client: TestClient, method: str, path: str
) -> None:
    headers = client.request(method, path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors" in policy
    assert "server" not in headers
    assert "strict-transport-security" not in headers


def test_only_the_embed_pages_may_be_framed_and_only_by_the_site(
    client: TestClient, site: Database
) -> None:
    framed = {
        path: client.get(path, params=THREAD).headers["content-security-policy"]
        for path in ("/threads", "/threads/form", "/desk/sign-in", "/desk/", "/docs")
    }

    for path, policy in framed.items():
        ancestors = policy.partition("frame-ancestors ")[2].partition(";")[0]
        assert ancestors == (ORIGIN if path.startswith("/threads") else "'none'"), path


@pytest.mark.parametrize("path", [COMMENTS, "/api/v1/form", "/api/v1/counts"])
def test_a_listed_origin_is_echoed_without_credentials(client: TestClient, path: str) -> None:
    answer = client.get(path, params=THREAD, headers={"Origin": ORIGIN})

    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-credentials" not in answer.headers
    assert "origin" in answer.headers["vary"].lower()


STRANGERS = [
    "null", "*", "", "https://news.example.evil.example", "https://evilnews.example",
    "https://xnews.example", "http://news.example", "https://news.example:8443",
    "https://news.example.", "https://news.example/", "https://news.example@evil.example",
    "https://www.news.example", "news.example", "https://news.example, https://evil.example",
    "https://[", "file://", "chrome-extension://abc",
]  # fmt: skip


@pytest.mark.parametrize("origin", STRANGERS)
def test_s14_no_other_origin_is(client: TestClient, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = client.request(
            method, COMMENTS, params=THREAD,
            headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
        )  # fmt: skip
        assert "access-control-allow-origin" not in answer.headers
        assert "origin" in answer.headers["vary"].lower()
    if origin:
        posted = client.post(COMMENTS, json=a_body(), headers={"Origin": origin})
        assert posted.status_code == 403
        assert posted.json()["code"] == "origin-not-allowed"


def test_a_preflight_is_answered_for_what_pages_need(client: TestClient) -> None:
    answer = client.options(
        f"{COMMENTS}/{new_id(NOW)}",
        headers={"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH"},
    )

    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "POST", "PATCH", "DELETE"):
        assert method in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower()
    for name in ("authorization", "content-type", "idempotency-key"):
        assert name in allowed


def test_refusals_can_be_read_by_the_page_too(client: TestClient) -> None:
    for answer, status in (
        (client.post(COMMENTS, json={}, headers={"Origin": ORIGIN}), 422),
        (client.post(COMMENTS, content=b"x" * 300_000, headers={"Origin": ORIGIN,
                     "Content-Type": "application/json"}), 413),
    ):  # fmt: skip
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "Retry-After" in answer.headers["access-control-expose-headers"]


def test_a_new_site_s_origin_counts_from_the_next_request_on(
    client: TestClient, site: Database
) -> None:
    blog = {"Origin": "https://blog.example"}
    assert (
        "access-control-allow-origin"
        not in client.get(COMMENTS, params=THREAD, headers=blog).headers
    )

    with site.transaction() as conn:
        sites.add_site(conn, "blog", "Blog", ["https://blog.example"], NOW)

    answer = client.get(COMMENTS, params=THREAD, headers=blog)
    assert answer.headers["access-control-allow-origin"] == "https://blog.example"


def test_moderators_routes_are_for_no_other_origin(client: TestClient, site: Database) -> None:
    with site.transaction() as conn:
        comment = a_comment(conn)
    headers = a_token(site, Role.VIEWER) | {"Origin": ORIGIN}

    for path in ("/api/v1/queue", "/api/v1/stats", f"{COMMENTS}/{comment.id}/history"):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers


PROXY = "10.0.0.7"


@pytest.mark.parametrize(
    ("peer", "forwarded", "same_as"),
    [
        (PROXY, ["1.2.3.4", "1.2.3.4"], "1.2.3.4"),
        (PROXY, ["1.2.3.4", "9.9.9.9, 1.2.3.4"], "1.2.3.4"),
        (PROXY, ["1.2.3.4", "1.2.3.4, 10.0.0.8"], "1.2.3.4"),
        (PROXY, ["::ffff:1.2.3.4", "1.2.3.4"], "1.2.3.4"),
        (PROXY, ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"], "2001:db8:1:2::5"),
        ("1.2.3.4", ["5.5.5.5", "6.6.6.6"], ""),
    ],
    ids=["the hop", "left is hearsay", "proxies are passed over", "mapped", "/64", "no proxy"],
)
def test_behind_a_trusted_proxy_the_right_most_untrusted_hop_counts(
    config: Config, site: Database, peer: str, forwarded: list[str], same_as: str
) -> None:
    with site.transaction() as conn:
        sites.set_settings(conn, "news", OFF | {"limit.address": "2/hour"})
    behind = replace(config, trusted_proxies=(ip_network("10.0.0.0/8"),))

    with TestClient(create_app(behind), client=(peer, 50_000)) as client:
        statuses = [
            client.post(
                COMMENTS, json=a_body(name=f"N{number}"), headers={"X-Forwarded-For": hops}
            ).status_code
            for number, hops in enumerate([*forwarded, same_as])
        ]

    assert statuses == [201, 201, 429]
