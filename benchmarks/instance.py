"""A fresh instance of the service to measure, its limits counting but never reached."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import load
from benchmarks.content import PAGES, comment_texts, random_address
from benchmarks.server import Server

SITE = "bench"
LIMITS = ("address", "network", "email", "page", "site")
# a flood is what is measured here, and no attack
COUNTING_LIMITS = (*(f"limit.{name}=9999999/second" for name in LIMITS), "attack.mode=off")
_OUTSIDE = ("DATABASE_URL", "REDIS_URL", "COMMENT_DESK_GLOBAL_LIMIT", "PYTHONDONTWRITEBYTECODE")


class Instance(Server):
    """One site, then `comment-desk serve` on a free port until the block ends."""

    name = "Comment Desk"
    ready_path = "/readyz"

    def __init__(self, settings: Iterable[str] = COUNTING_LIMITS, database_url: str = "") -> None:
        super().__init__()
        self.data_dir = self.folder / "data"
        self.database_url = database_url
        self._settings = tuple(settings)

    def prepare(self) -> None:
        """Add the site."""
        self.run("site", "add", SITE, "--origin", self.origin)
        self.run("site", "set", SITE, *self._settings)

    def command(self) -> list[str]:
        """`serve`, with everything embedded."""
        return [_program(), "serve", "--port", str(self.port)]

    def environment(self) -> dict[str, str]:
        """Nothing of whoever measures."""
        kept = {name: value for name, value in os.environ.items() if name not in _OUTSIDE}
        database = {"DATABASE_URL": self.database_url, "COMMENT_DESK_SECRET": "0badc0de" * 8}
        return kept | (database if self.database_url else {}) | {
            "COMMENT_DESK_DATA_DIR": str(self.data_dir),
            "COMMENT_DESK_PUBLIC_URL": self.origin,
            "PYTHONPYCACHEPREFIX": f"{self.folder}/bytecode",  # as an installed one has it
            "COMMENT_DESK_TRUSTED_PROXIES": "127.0.0.1/32",  # so that each comment has an address
        }  # fmt: skip

    def run(self, *arguments: str) -> str:
        """The output of another command on the same data."""
        done = subprocess.run(
            [_program(), *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"comment-desk {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def page_url(self, page: str) -> str:
        """The address of an article."""
        return f"{self.origin}/{page}/"

    def requests(self, scenario: str) -> Iterator[bytes] | None:
        """Comments without end, or the same page again and again."""
        query: dict[str, str | list[str]] = {"site": SITE}
        match scenario:
            case "submit":
                return self._comments()
            case "list100":
                path = "comments?" + urlencode(
                    query | {"page_url": self.page_url("list100"), "limit": "100"}
                )
            case "page10k":
                path = "comments?" + urlencode(query | {"page_url": self.page_url("list10k")})
            case "counts":
                pages = [self.page_url(str(page)) for page in range(1, 21)]
                path = "counts?" + urlencode(query | {"page_url": pages}, doseq=True)
            case _:
                return None
        return load.again(load.get(f"/api/v1/{path}"))

    def stored(self) -> int:
        """How many comments are stored."""
        return int(self.query("SELECT count(*) FROM comment")[0][0])

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the instance's SQLite database, read past the service."""
        connection = sqlite3.connect(f"file:{self.data_dir / 'comments.db'}?mode=ro", uri=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def disk_bytes(self) -> tuple[int, int]:
        """Bytes of the database, and of what Valkey wrote."""
        database = sum(path.stat().st_size for path in self.data_dir.glob("comments.db*"))
        valkey = sum(p.stat().st_size for p in (self.data_dir / "valkey").rglob("*") if p.is_file())
        return database, valkey

    def _comments(self) -> Iterator[bytes]:
        for number, page, text in comment_texts():
            content = {
                "site": SITE,
                "page_url": self.page_url(str(1 + page % PAGES)),
                "page_title": "An article",
                "name": f"Reader {number}",
                "email": f"reader{number}@example.org",
                "comment": text,
            }
            address = {"X-Forwarded-For": random_address(number)}
            yield load.post("/api/v1/comments", content, address)


def _program() -> str:
    return str(Path(sys.executable).with_name("comment-desk"))
