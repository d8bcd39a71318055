"""Signing in by an identity provider, a real one that can be told to lie."""

import html
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from service.app import create_app
from service.config import Config
from service.errors import UsageError
from service.store import identities, people, second_factors
from service.store.database import Database
from service.store.identities import Identity
from service.vocabulary import Role
from tests.factories import NOW, hash_once
from tests.identity_provider import IdentityProvider, running_provider
from tests.web.moderating import HTML, Moderator, sign_in
from tests.web.test_account import PASSWORD, post

START = "/desk/oidc/sign-in"


@pytest.fixture(scope="module")
def running() -> Iterator[IdentityProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: IdentityProvider) -> IdentityProvider:
    """The provider, honest; `kim-1` comes."""
    running.behave()
    return running


@pytest.fixture
def client(config: Config, provider: IdentityProvider) -> Iterator[TestClient]:
    """The service, a client of the provider."""
    settings = provider.settings()
    known = replace(
        config,
        oidc_issuer=settings["COMMENT_DESK_OIDC_ISSUER"],
        oidc_client_id=settings["COMMENT_DESK_OIDC_CLIENT_ID"],
        oidc_client_secret=settings["COMMENT_DESK_OIDC_CLIENT_SECRET"],
    )
    with TestClient(create_app(known), follow_redirects=False) as client:
        yield client


@pytest.fixture
def kim(sqlite: Database, provider: IdentityProvider) -> int:
    """Somebody who is linked to `kim-1`."""
    with sqlite.transaction() as conn:
        moderator_id = people.add_moderator(conn, "kim", Role.MODERATOR, [None], NOW)
        identities.add_identity(conn, moderator_id, Identity(provider.issuer, "kim-1"), NOW)
        return moderator_id


def way_back(client: TestClient, provider: IdentityProvider, **query: str) -> str:
    """Off to the provider: the path on which it sends the browser back."""
    location = client.get(f"{START}?{urlencode(query)}", headers=HTML).headers["location"]
    back = urlsplit(provider.send_back(location))
    return f"{back.path}?{back.query}"


def come_back(client: TestClient, provider: IdentityProvider, **query: str) -> Response:
    return client.get(way_back(client, provider, **query), headers=HTML)


def is_in(client: TestClient) -> bool:
    return client.get("/api/v1/queue").status_code == 200


def test_whoever_is_linked_is_in_and_goes_on_to_where_they_wanted(
    client: TestClient, provider: IdentityProvider, kim: int
) -> None:
    assert "Sign in with 127.0.0.1" in client.get("/desk/sign-in", headers=HTML).text

    answer = come_back(client, provider, next="/desk/?q=x")

    assert answer.headers["location"] == "/desk/?q=x"
    assert is_in(client)


def test_an_account_at_the_provider_alone_opens_nothing_and_adds_nobody(
    client: TestClient, sqlite: Database, provider: IdentityProvider
) -> None:
    with sqlite.transaction() as conn:  # the token names this address, unverified
        people.add_moderator(conn, "max@news.example", Role.ADMIN, [None], NOW)

    answer = come_back(client, provider)

    assert answer.status_code == 401
    assert "Nobody here is linked to this identity" in answer.text
    assert not is_in(client)
    with sqlite.transaction() as conn:
        assert people.count_moderators(conn) == 1


LIES: dict[str, dict[str, object]] = {
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "another audience": {"claims": {"aud": "somebody-else"}},
    "an audience among others": {"claims": {"aud": ["desk", "other"], "azp": "other"}},
    "another nonce": {"claims": {"nonce": "another"}},
    "no nonce": {"claims": {"nonce": None}},
    "no subject": {"claims": {"sub": None}},
    "a subject that is no text": {"claims": {"sub": 7}},
    "expired": {"claims": {"exp": int(time.time()) - 3600}},
    "no end": {"claims": {"exp": None}},
    "another key": {"other_key": True},
    "unsigned": {"unsigned": True},
    "another state": {"back": {"state": "another"}},
    "an unknown code": {"back": {"code": "made up"}},
    "sent back by another issuer": {"back": {"iss": "https://evil.example"}},
    "refused": {"back": {"code": "", "error": "access_denied"}},
}


@pytest.mark.parametrize("lie", LIES)
def test_what_does_not_fit_lets_nobody_in(
    client: TestClient, provider: IdentityProvider, kim: int, lie: str
) -> None:
    provider.behave(**LIES[lie])

    answer = come_back(client, provider)

    assert answer.status_code == 401
    assert not is_in(client)


def test_a_way_back_is_good_once_and_in_the_browser_that_went(
    client: TestClient, provider: IdentityProvider, kim: int
) -> None:
    path = way_back(client, provider)
    kept = client.cookies["desk-oidc"]
    client.cookies.clear()
    elsewhere = client.get(path, headers=HTML)
    client.cookies.set("desk-oidc", kept)
    first = client.get(path, headers=HTML)
    client.cookies.clear()
    without = client.get(path, headers=HTML)
    client.cookies.set("desk-oidc", kept)
    replayed = client.get(path, headers=HTML)  # the provider knows the code no more

    assert [a.status_code for a in (elsewhere, first, without, replayed)] == [401, 303, 401, 401]


def test_a_verifier_of_another_sign_in_does_not_fit(
    client: TestClient, provider: IdentityProvider, kim: int
) -> None:
    stolen = dict(parse_qsl(urlsplit(way_back(client, provider)).query))["code"]
    own = dict(parse_qsl(urlsplit(way_back(client, provider)).query))

    answer = client.get(f"/desk/oidc/callback?{urlencode(own | {'code': stolen})}", headers=HTML)

    assert answer.status_code == 401


def test_whoever_is_shut_out_is_not_let_in_and_a_second_factor_is_asked_for(
    client: TestClient, sqlite: Database, provider: IdentityProvider, kim: int
) -> None:
    with sqlite.transaction() as conn:
        second_factors.set_factor(conn, kim, "sealed", 0, NOW)
    assert come_back(client, provider).headers["location"] == "/desk/sign-in/code"
    assert not is_in(client)

    with sqlite.transaction() as conn:
        people.disable_moderator(conn, "kim", NOW)
    assert come_back(client, provider).status_code == 401


def hidden(page: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]+)"', page)
    assert found is not None, page
    return html.unescape(found[1])


def test_linking_takes_a_session_a_button_and_the_password(
    client: TestClient, sqlite: Database, provider: IdentityProvider
) -> None:
    max_ = sign_in(client, sqlite)
    now = datetime.now(UTC)
    with sqlite.transaction() as conn:
        people.set_password(conn, 1, hash_once(PASSWORD))
        client.cookies.set("desk", people.add_session(conn, 1, now))
    max_ = Moderator(client, hidden(client.get("/desk/", headers=HTML).text, "csrf"))

    page = come_back(client, provider, **{"for": "account"})
    identity = hidden(page.text, "identity")
    assert "<bdi>kim-1</bdi>" in page.text
    with sqlite.transaction() as conn:
        assert identities.list_identities(conn, 1) == []

    wrong = max_.post("/desk/oidc/link", {"identity": identity, "current": "not this"})
    forged = max_.post("/desk/oidc/link", {"identity": "x", "current": PASSWORD})
    right = max_.post("/desk/oidc/link", {"identity": identity, "current": PASSWORD})
    again = max_.post("/desk/oidc/link", {"identity": identity, "current": PASSWORD})
    assert [a.status_code for a in (wrong, forged, right, again)] == [401, 403, 303, 422]

    assert "You can sign in as <bdi>kim-1</bdi>" in max_.get("/desk/account").text
    client.cookies.clear()
    assert come_back(client, provider).status_code == 303
    assert is_in(client)


def test_unlinking_leaves_a_way_in(
    client: TestClient, sqlite: Database, provider: IdentityProvider, kim: int
) -> None:
    come_back(client, provider)
    moderator = Moderator(client, hidden(client.get("/desk/", headers=HTML).text, "csrf"))

    assert moderator.post("/desk/oidc/unlink", {}).status_code == 403
    with sqlite.transaction() as conn:
        people.set_password(conn, kim, hash_once(PASSWORD))
        client.cookies.clear()
        client.cookies.set("desk", people.add_session(conn, kim, datetime.now(UTC)))
    moderator = Moderator(client, hidden(client.get("/desk/", headers=HTML).text, "csrf"))
    assert moderator.post("/desk/oidc/unlink", {}).status_code == 303
    client.cookies.clear()
    assert come_back(client, provider).status_code == 401


def test_an_invitation_is_accepted_by_an_identity_instead_of_a_password(
    client: TestClient, sqlite: Database, provider: IdentityProvider
) -> None:
    ada = sign_in(client, sqlite, "ada", Role.ADMIN)
    found = re.search(
        'class="wide" value="([^"]+)"',
        ada.post("/desk/people", {"name": "lea", "role": "viewer"}).text,
    )
    assert found is not None
    link = parse_qs(urlsplit(found[1]).query)["link"][0]
    client.cookies.clear()

    page = come_back(client, provider, link=link)
    identity = hidden(page.text, "identity")
    other = post(client, "/desk/oidc/accept", link="another", identity=identity)
    done = post(client, "/desk/oidc/accept", link=link, identity=identity)
    client.cookies.clear()
    again = post(client, "/desk/oidc/accept", link=link, identity=identity)

    assert "<bdi>lea</bdi>" in page.text
    assert [a.status_code for a in (other, done, again)] == [403, 303, 401]
    assert come_back(client, provider).headers["location"] == "/desk/"
    assert "You are viewer on every site" in client.get("/desk/account", headers=HTML).text


def test_a_provider_that_describes_itself_as_another_or_is_away_is_503(
    config: Config, provider: IdentityProvider
) -> None:
    provider.behave(described_as="https://evil.example")
    for issuer in (provider.issuer, "http://127.0.0.1:9"):
        known = replace(config, oidc_issuer=issuer, oidc_client_id="x", oidc_client_secret="x")
        with TestClient(create_app(known), follow_redirects=False) as client:
            assert client.get(START, headers=HTML).status_code == 503


def test_without_a_provider_there_is_no_button_and_no_page(config: Config) -> None:
    with TestClient(create_app(config), follow_redirects=False) as client:
        assert client.get(START, headers=HTML).status_code == 404
        assert client.get("/desk/oidc/callback", headers=HTML).status_code == 404
        assert "Sign in with" not in client.get("/desk/sign-in", headers=HTML).text


@pytest.mark.parametrize(
    "changes",
    [
        {"COMMENT_DESK_OIDC_ISSUER": "http://id.example"},
        {"COMMENT_DESK_OIDC_ISSUER": "id.example"},
        {"COMMENT_DESK_OIDC_CLIENT_ID": ""},
        {"COMMENT_DESK_OIDC_CLIENT_SECRET": ""},
        {"COMMENT_DESK_PUBLIC_URL": ""},
        {"COMMENT_DESK_OIDC_ISSUER": ""},
    ],
    ids=str,
)
def test_settings_of_a_provider_that_are_not_whole_are_refused(
    tmp_path: object, changes: dict[str, str]
) -> None:
    whole = {
        "COMMENT_DESK_DATA_DIR": str(tmp_path),
        "COMMENT_DESK_PUBLIC_URL": "https://desk.example",
        "COMMENT_DESK_OIDC_ISSUER": "https://id.example/realm",
        "COMMENT_DESK_OIDC_CLIENT_ID": "desk",
        "COMMENT_DESK_OIDC_CLIENT_SECRET": "x",
    }
    assert Config.from_environ(whole).oidc_issuer == "https://id.example/realm"

    with pytest.raises(UsageError, match="COMMENT_DESK_OIDC_ISSUER"):
        Config.from_environ(whole | changes)
