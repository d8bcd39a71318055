"""Whoever asks: shared by the tests of the moderation API."""

import pytest

from service.store.database import Database
from service.vocabulary import Role
from tests.factories import a_site
from tests.web.asking import a_token


@pytest.fixture
def max_(sqlite: Database) -> dict[str, str]:
    """The header of a moderator of the site `news`, which has a neighbour."""
    with sqlite.transaction() as conn:
        a_site(conn)
        a_site(conn, "blog")
    return a_token(sqlite, Role.MODERATOR, site="news")
