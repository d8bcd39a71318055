"""Moderators who can sign in, and their attempts to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from service import people
from service.limits import Limits
from service.store import people as table
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import NOW, hash_once
from tests.limiting import limiting

GOOD = "correct horse battery staple"


def add_moderators(database: Database) -> Database:
    """Max with a password, Eva without one, Ida disabled."""
    with database.transaction() as conn:
        for name, password in (("max", GOOD), ("eva", ""), ("ida", GOOD)):
            moderator_id = table.add_moderator(conn, name, Role.MODERATOR, [None], NOW)
            if password:
                table.set_password(conn, moderator_id, hash_once(password))
        table.disable_moderator(conn, "ida", NOW)
    return database


@asynccontextmanager
async def signing_in(database: Database, url: str) -> AsyncIterator["SignIn"]:
    """Attempts counted by a limiter on this Redis."""
    async with limiting(url) as limits:
        yield SignIn(database, limits)


class SignIn:
    """Attempts to sign in, from an address of their own each."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database, self._limits, self._attempts = database, limits, 0

    async def __call__(
        self, name: str, password: str, address: str = "", now: datetime = NOW
    ) -> str:
        """The session's secret."""
        self._attempts += 1
        secret = await people.sign_in(
            name, password, address or f"203.0.113.{self._attempts}", store=self._database,
            limits=self._limits, now=now,
        )  # fmt: skip
        assert isinstance(secret, str), "a code is owed"
        return secret
