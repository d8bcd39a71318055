"""An identity provider (OpenID Connect): where to send a browser, and who it is that comes back.

Authorization code with PKCE, state and nonce (RFC 9700); an identity is issuer and subject, never
an e-mail address. What only signing in by it needs is imported then.
"""

import asyncio
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from service.errors import Unauthorized, Unavailable
from service.tokens import new_secret

if TYPE_CHECKING:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

_TIMEOUT = 10.0  # seconds for one answer of the provider
_KNOWN_FOR = 600.0  # seconds that the provider's own description is believed
_LEEWAY = 60  # seconds between its clock and ours
_ALGORITHMS = ["RS256", "PS256", "ES256", "RS384", "ES384", "RS512", "ES512", "EdDSA"]
_REFUSED = "The provider's answer does not fit what was asked for. Begin again."


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way: where the browser goes, and what must fit when it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(slots=True)
class Provider:
    """A provider that we are a client of."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    _description: Mapping[str, Any] = field(default_factory=dict)
    _described_at: float = 0.0

    @property
    def name(self) -> str:
        """What people see: the provider's host."""
        return urlsplit(self.issuer).netloc

    async def begin(self) -> Begun:
        """Where to send a browser. Raises Unavailable."""
        await asyncio.to_thread(_import_client)  # half a second, once
        async with self._client() as client:
            described = await self._described(client)
            verifier, nonce = new_secret(), new_secret()
            url, state = client.create_authorization_url(
                described["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        return Begun(url, state, nonce, verifier)

    async def finish(self, answer: Mapping[str, str], begun: Begun, now: datetime) -> str:
        """The subject of whoever came back with this answer. Raises Unauthorized, Unavailable."""
        if not hmac.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            raise Unauthorized(_REFUSED)
        if answer.get("iss", self.issuer) != self.issuer:  # RFC 9207
            raise Unauthorized(_REFUSED)
        if not answer.get("code"):
            raise Unauthorized("The provider did not sign you in.")
        async with self._client() as client:
            described = await self._described(client)
            token = await self._token(client, described, answer["code"], begun)
            keys = await self._get(client, described["jwks_uri"])
        return self._subject(token, keys, begun, now)

    def _client(self) -> "AsyncOAuth2Client":
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        return AsyncOAuth2Client(
            self.client_id, self.client_secret, redirect_uri=self.redirect_uri, scope="openid",
            code_challenge_method="S256", timeout=_TIMEOUT, follow_redirects=False,
        )  # fmt: skip

    async def _described(self, client: "AsyncOAuth2Client") -> Mapping[str, Any]:
        if self._description and time.monotonic() - self._described_at < _KNOWN_FOR:
            return self._description
        place = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = await self._get(client, place)
        wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        scheme = urlsplit(self.issuer).scheme
        if found.get("issuer") != self.issuer or not all(
            str(found.get(name, "")).startswith((f"{scheme}://", "https://")) for name in wanted
        ):
            raise Unavailable("The identity provider describes itself in a way we cannot use.", 60)
        self._description, self._described_at = found, time.monotonic()
        return found

    async def _get(self, client: "AsyncOAuth2Client", url: str) -> dict[str, Any]:
        import httpx2

        try:
            answer = await client.request("GET", url, withhold_token=True)
            answer.raise_for_status()
            found = answer.json()
        except (httpx2.HTTPError, ValueError):
            found = None
        if not isinstance(found, dict):
            raise Unavailable("The identity provider does not answer.", 10)
        return found

    async def _token(
        self, client: "AsyncOAuth2Client", described: Mapping[str, Any], code: str, begun: Begun
    ) -> str:
        """The id token that a code is good for, once."""
        import httpx2
        from authlib.common.errors import AuthlibBaseError

        try:
            given = await client.fetch_token(
                described["token_endpoint"], code=code, code_verifier=begun.verifier
            )
        except (AuthlibBaseError, httpx2.HTTPStatusError, ValueError):
            raise Unauthorized(_REFUSED) from None
        except httpx2.TransportError:
            raise Unavailable("The identity provider does not answer.", 10) from None
        return str(given.get("id_token", ""))

    def _subject(self, token: str, keys: dict[str, Any], begun: Begun, now: datetime) -> str:
        """Of whom an id token speaks; signature and every claim fit (OpenID Connect 3.1.3.7)."""
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        claims = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=_LEEWAY,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": begun.nonce},
        )
        try:
            found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims  # type: ignore[arg-type]
            claims.validate(found)
        except (JoseError, ValueError, TypeError, KeyError):
            raise Unauthorized(_REFUSED) from None
        audience, subject = found["aud"], found["sub"]
        is_ours_alone = audience == self.client_id or audience == [self.client_id]
        if not is_ours_alone and found.get("azp") != self.client_id:
            raise Unauthorized(_REFUSED)
        if not isinstance(subject, str) or not 0 < len(subject) <= 255 or "\x00" in subject:
            raise Unauthorized(_REFUSED)
        return subject


def _import_client() -> None:
    import joserfc.jwt  # noqa: F401
