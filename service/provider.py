"""An identity provider (OpenID Connect): where to send a browser, and who came back."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider that we are a client of."""

    issuer: str
    client_id: str
    client_secret: str

    @property
    def name(self) -> str:
        """What people see: the provider's host."""
        return urlsplit(self.issuer).netloc
