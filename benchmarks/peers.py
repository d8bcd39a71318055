"""What stands beside Comment Desk: Isso from its own package, and bare Starlette."""

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from benchmarks import load
from benchmarks.content import PAGES, comment_texts, random_address, text_of
from benchmarks.server import Server

_ISSO = """
[general]
dbpath = {folder}/comments.db
host = {origin}/
notify = stdout
log-file =
[moderation]
enabled = true
[server]
listen = {origin}
trusted-proxies = 127.0.0.1
[guard]
enabled = false
"""
_UWSGI = (
    *("--http-keepalive", "--add-header", "Connection: keep-alive", "--master", "--processes", "2"),
    *("--cache2", "name=hash,items=1024,blocksize=32", "--module", "isso.run"),
    *("--disable-logging", "--die-on-term", "--no-orphans"),
)


class Isso(Server):
    """Isso under uWSGI with two processes, its rate limit off; it has no classifier."""

    name = "Isso"
    ready_path = "/latest?limit=1"

    def __init__(self, environment: Path) -> None:
        """`environment` is a virtual environment with isso and uwsgi."""
        super().__init__()
        self._venv = environment.absolute()

    def prepare(self) -> None:
        """Write its settings."""
        (self.folder / "mail").mkdir()
        settings = _ISSO.format(folder=self.folder, origin=self.origin)
        (self.folder / "isso.cfg").write_text(settings)

    def command(self) -> list[str]:
        """uWSGI, as Isso's manual has it, with connections kept open."""
        place = ["--http", f"127.0.0.1:{self.port}", "--spooler", str(self.folder / "mail")]
        uwsgi = str(self._venv / "bin" / "uwsgi")
        return [uwsgi, *place, *_UWSGI, "--virtualenv", str(self._venv)]

    def environment(self) -> dict[str, str]:
        """Where its settings are."""
        return {**os.environ, "ISSO_SETTINGS": str(self.folder / "isso.cfg")}

    def requests(self, scenario: str) -> Iterator[bytes] | None:
        """The same loads as for Comment Desk."""
        match scenario:
            case "submit":
                return self._comments()
            case "list100":
                return load.again(load.get("/?" + urlencode({"uri": "/list100/"})))
            case "page10k":
                query = {"uri": "/list10k/", "limit": 50, "nested_limit": 5}
                return load.again(load.get("/?" + urlencode(query)))
            case "counts":
                return load.again(load.post("/count", [f"/{page}/" for page in range(1, 21)], {}))
        return None

    def stored(self) -> int:
        """How many comments are stored."""
        with sqlite3.connect(self.folder / "comments.db") as connection:
            return int(connection.execute("SELECT count(*) FROM comments").fetchone()[0])

    def seed(self, page: str, count: int) -> None:
        """Fill a page: one comment is posted, the others are copies of its row with new texts."""
        uri, dice = f"/{page}/", Random(1)
        content = {"author": "Reader", "email": "r@example.org", "text": "The first.", "title": "T"}
        first = load.post("/new?" + urlencode({"uri": uri}), content, {})
        load.drive(self.port, iter([first]), connections=1)
        with sqlite3.connect(self.folder / "comments.db") as connection:
            table = connection.execute("PRAGMA table_info(comments)")
            names = [row[1] for row in table if row[1] != "id"]
            columns, places = ",".join(names), ",".join("?" * len(names))
            (thread,) = connection.execute("SELECT id FROM threads WHERE uri = ?", [uri]).fetchone()
            found = connection.execute(f"SELECT {columns} FROM comments WHERE tid = ?", [thread])
            row = dict(zip(names, found.fetchone(), strict=True))
            add = f"INSERT INTO comments ({columns}) VALUES ({places})"
            for number in range(count - 1):
                row |= {"text": f"{text_of(dice)} {number}", "created": time.time() - number}
                connection.execute(add, list(row.values()))
            connection.execute("UPDATE comments SET mode = 1 WHERE tid = ?", [thread])

    def _comments(self) -> Iterator[bytes]:
        for number, page, text in comment_texts():
            content = {
                "author": f"Reader {number}", "email": f"reader{number}@example.org",
                "website": None, "text": text, "title": "An article", "parent": None,
            }  # fmt: skip
            path = "/new?" + urlencode({"uri": f"/{1 + page % PAGES}/"})
            yield load.post(path, content, {"X-Forwarded-For": random_address(number)})


class Floor(Server):
    """Bare Starlette under uvicorn, one process: see `benchmarks.floor`."""

    name = "bare Starlette"

    def command(self) -> list[str]:
        """uvicorn as Comment Desk runs it."""
        options = [
            "--loop",
            "uvloop",
            "--http",
            "httptools",
            "--no-access-log",
            "--log-level",
            "warning",
        ]
        place = ["--host", "127.0.0.1", "--port", str(self.port)]
        return [sys.executable, "-m", "uvicorn", "benchmarks.floor:app", *place, *options]

    def environment(self) -> dict[str, str]:
        """Where its database is."""
        return {**os.environ, "FLOOR_DATABASE": str(self.folder / "floor.db")}

    def requests(self, scenario: str) -> Iterator[bytes] | None:
        """What of each load is the web framework's and the database's own part."""
        match scenario:
            case "echo" | "submit":
                return self._comments("/echo" if scenario == "echo" else "/insert")
            case "list100":
                return load.again(load.get("/list?thread=list100&limit=100"))
            case "page10k":
                return load.again(load.get("/list?thread=list10k&limit=50"))
        return None

    def stored(self) -> int:
        """How many rows are stored."""
        with sqlite3.connect(self.folder / "floor.db") as connection:
            return int(connection.execute("SELECT count(*) FROM comment").fetchone()[0])

    def seed(self, page: str, count: int) -> None:
        """Fill a thread."""
        dice = Random(1)
        rows = [(str(number), page, "Reader", text_of(dice)) for number in range(count)]
        with sqlite3.connect(self.folder / "floor.db") as connection:
            connection.executemany("INSERT INTO comment VALUES (?, ?, ?, ?)", rows)

    def _comments(self, path: str) -> Iterator[bytes]:
        for number, page, text in comment_texts():
            content = {"page_url": str(page), "name": f"Reader {number}", "comment": text}
            yield load.post(path, content, {})
