"""A real identity provider on a port of its own: OpenID Connect with PKCE, for whoever asks.

It signs in at once whoever `behaviour` names, or `asks` first, and can be told to lie. Run as a
program it serves; `running_provider` starts it.
"""

import base64
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.redis_server import free_port, wait_until
from tests.serving import ROOT

CLIENT = "desk"
CLIENT_SECRET = "a secret between desk and provider"


class _Handler(BaseHTTPRequestHandler):
    key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
    other = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
    issuer = ""
    behaviour: dict[str, Any]
    codes: dict[str, dict[str, str]]

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        if split.path == "/.well-known/openid-configuration":
            self._answer(
                {
                    "issuer": self.behaviour.get("described_as", self.issuer),
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                }
            )
        elif split.path == "/keys":
            self._answer({"keys": [self.key.as_dict(private=False)]})
        elif split.path == "/authorize":
            self._authorize(dict(parse_qsl(split.query)))
        else:
            self._answer({"error": "not_found"}, 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/behaviour":
            type(self).behaviour = json.loads(body)
            self._answer({})
        elif self.path == "/token":
            self._token(dict(parse_qsl(body)))

    def log_message(self, *_words: object) -> None:
        """Nothing: a test that fails says what it saw itself."""

    def _authorize(self, asked: dict[str, str]) -> None:
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer}
        back |= self.behaviour.get("back", {})
        location = f"{asked['redirect_uri']}?{urlencode(back)}"
        if self.behaviour.get("asks"):
            page = f'<link rel="icon" href="data:,"><a href="{escape(location)}">Go on</a>'
            self._answer(page.encode(), kind="text/html")
            return
        self.send_response(302)
        self.send_header("Location", location)
        self.end_headers()

    def _token(self, sent: dict[str, str]) -> None:
        asked = self.codes.pop(sent["code"], None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        basic = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".replace(" ", "%20").encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        shown = self.headers.get("Authorization", "")
        if shown not in (f"Basic {basic}", f"Basic {plain}"):
            self._answer({"error": "invalid_client"}, 401)
            return
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != sent["redirect_uri"]
        ):
            self._answer({"error": "invalid_grant"}, 400)
            return
        now = int(time.time())
        claims = {
            "iss": self.issuer, "sub": "kim-1", "aud": CLIENT, "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], "email": "max@news.example", "email_verified": False,
        } | self.behaviour.get("claims", {})  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.other if self.behaviour.get("other_key") else self.key
        token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        if self.behaviour.get("unsigned"):
            head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
            token = f"{head}.{token.split('.')[1]}."
        self._answer({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _answer(
        self, content: dict[str, Any] | bytes, status: int = 200, kind: str = "application/json"
    ) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@dataclass(frozen=True)
class IdentityProvider:
    """A running provider."""

    issuer: str

    def behave(self, **behaviour: object) -> None:
        """Sign in from now on as told: `claims` of the token, what goes `back`, and more."""
        httpx2.post(f"{self.issuer}/behaviour", json=behaviour).raise_for_status()

    def send_back(self, location: str) -> str:
        """Where the provider sends a browser that comes to this address."""
        return str(httpx2.get(location, follow_redirects=False).headers["location"])

    def settings(self) -> dict[str, str]:
        """What the service has to be told."""
        return {
            "COMMENT_DESK_OIDC_ISSUER": self.issuer,
            "COMMENT_DESK_OIDC_CLIENT_ID": CLIENT,
            "COMMENT_DESK_OIDC_CLIENT_SECRET": CLIENT_SECRET,
        }


@contextmanager
def running_provider(host: str = "127.0.0.1") -> Iterator[IdentityProvider]:
    """A provider in a process of its own for the length of the block.

    To a browser, `localhost` as host is another site than a service at 127.0.0.1.
    """
    port = free_port()
    provider = IdentityProvider(f"http://{host}:{port}")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.identity_provider", host, str(port)], cwd=ROOT
    )

    def is_ready() -> bool:
        assert process.poll() is None
        try:
            return httpx2.get(f"{provider.issuer}/keys").status_code == 200
        except httpx2.TransportError:
            return False

    try:
        wait_until(is_ready, "the identity provider to be ready")
        yield provider
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    _Handler.issuer = f"http://{sys.argv[1]}:{sys.argv[2]}"
    _Handler.behaviour, _Handler.codes = {}, {}
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), _Handler).serve_forever()
