"""The floor: what bare Starlette under uvicorn costs on this machine. No product code.

`/echo` answers with the JSON it got, `/insert` after a group commit to SQLite with FULL durability,
`/list` with rows read anew each time.
"""

import asyncio
import contextlib
import json
import os
import sqlite3
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_ADD = "INSERT INTO comment (id, thread, author, text) VALUES (?, ?, ?, ?)"
_LIST = "SELECT id, author, text FROM comment WHERE thread = ? ORDER BY rowid LIMIT ?"
_SCHEMA = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS comment (id TEXT, thread TEXT, author TEXT, text TEXT);
    CREATE INDEX IF NOT EXISTS comment_thread ON comment (thread);
"""


class Store:
    """One writer with group commit, one reader."""

    def __init__(self) -> None:
        self.writer, self.reader = self._open(), self._open()
        self.thread = ThreadPoolExecutor(1)
        self.waiting: list[tuple[tuple[str, ...], asyncio.Future[None]]] = []
        self.task: asyncio.Task[None] | None = None

    async def insert(self, row: tuple[str, ...]) -> None:
        """Returns once the row is on disk."""
        done = asyncio.get_running_loop().create_future()
        self.waiting.append((row, done))
        if self.task is None:
            self.task = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting, []
            rows = [row for row, _ in batch]
            await asyncio.get_running_loop().run_in_executor(self.thread, self._commit, rows)
            for _, done in batch:
                done.set_result(None)
        self.task = None

    def _commit(self, rows: list[tuple[str, ...]]) -> None:
        self.writer.execute("BEGIN IMMEDIATE")
        self.writer.executemany(_ADD, rows)
        self.writer.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            os.environ["FLOOR_DATABASE"], isolation_level=None, check_same_thread=False
        )
        connection.executescript(_SCHEMA)
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status, media_type="application/json")


async def echo(request: Request) -> Response:
    """The JSON that came, parsed and written again."""
    return _json(await request.json(), 201)


async def insert(request: Request) -> Response:
    """Store one row and say so."""
    fields = await request.json()
    row = (uuid.uuid4().hex, fields["page_url"], fields["name"], fields["comment"])
    await request.state["store"].insert(row)
    return _json({"ok": True}, 201)


async def listed(request: Request) -> Response:
    """The first rows of a thread."""
    wanted = request.query_params["thread"], int(request.query_params["limit"])
    return _json(request.state["store"].reader.execute(_LIST, wanted).fetchall())


async def live(request: Request) -> Response:
    """Ready."""
    return Response()


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Store]]:
    """The store."""
    yield {"store": Store()}


app = Starlette(
    routes=[
        Route("/", live),
        Route("/echo", echo, methods=["POST"]),
        Route("/insert", insert, methods=["POST"]),
        Route("/list", listed),
    ],
    lifespan=lifespan,
)
