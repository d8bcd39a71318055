"""A moderator's browser: a session of its own, and forms posted as the desk's pages post them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from httpx2 import Response
from starlette.testclient import TestClient

from service.store import people
from service.store.database import Database
from service.vocabulary import Role

HTML = {"Accept": "text/html,*/*"}
_FORM = {**HTML, "Content-Type": "application/x-www-form-urlencoded", "Origin": "http://testserver"}


@dataclass(frozen=True)
class Moderator:
    """Somebody at the desk."""

    client: TestClient
    csrf: str

    def get(self, path: str) -> Response:
        """Look at a page."""
        return self.client.get(path, headers=HTML)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Response:
        """Send a form."""
        body = urlencode({"csrf": self.csrf, **fields})
        return self.client.post(path, content=body, headers={**_FORM, **headers})


def sign_in(
    client: TestClient, database: Database, name: str = "max", role: Role = Role.MODERATOR,
    site_id: int | None = None,
) -> Moderator:  # fmt: skip
    """A new person with a session in this client."""
    now = datetime.now(UTC)
    with database.transaction() as conn:
        moderator_id = people.add_moderator(conn, name, role, [site_id], now)
        client.cookies.set("desk", people.add_session(conn, moderator_id, now))
    found = re.search('name="csrf" value="([^"]+)"', client.get("/desk/", headers=HTML).text)
    assert found is not None
    return Moderator(client, found[1])
