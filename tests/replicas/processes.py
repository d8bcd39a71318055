"""Services that share one database and one Redis, and a client for each of their processes."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import httpx2
from sqlalchemy import URL

from service.store import people, sites
from service.store.database import Database
from service.vocabulary import Role
from tests.factories import NOW, SECRET, a_site_with
from tests.limiting import OFF
from tests.redis_server import DEADLINE
from tests.serving import Service, running_service
from tests.web.asking import bearing

WORKERS = 2  # processes of each service


@dataclass(frozen=True)
class Replicas:
    """The services, and their database for arranging and looking."""

    services: tuple[Service, ...]
    database: Database

    def add_site(self, key: str, **settings: str) -> str:
        """A site without limits but those named, as `limit__page`; returns its key."""
        named = {name.replace("__", "."): value for name, value in settings.items()}
        with self.database.transaction() as conn:
            a_site_with(conn, OFF | named, key=key)
        return key

    def add_moderator(self, name: str, site: str) -> dict[str, str]:
        """The header of a moderator of one site."""
        with self.database.transaction() as conn:
            site_id = sites.get_site(conn, site).id
            return bearing(people.add_token(conn, name, Role.MODERATOR, site_id, NOW))

    @asynccontextmanager
    async def clients(self) -> AsyncIterator[list[httpx2.AsyncClient]]:
        """One for each process of each service, on a connection that process holds."""
        async with AsyncExitStack() as stack:
            found = [
                client
                for service in self.services
                for client in await _one_for_each_process(service, stack)
            ]
            yield found


@contextmanager
def running_replicas(
    places: list[Path], url: str | URL, *options: str, **settings: str
) -> Iterator[Replicas]:
    """A service in each place, for the length of the block; the first one migrates."""
    settings["COMMENT_DESK_SECRET"] = SECRET.decode()
    with ExitStack() as stack:
        services = tuple(
            stack.enter_context(
                running_service(place, "--workers", str(WORKERS), *options, **settings)
            )
            for place in places
        )
        database = Database(url)
        stack.callback(database.stop)
        yield Replicas(services, database)


async def _one_for_each_process(
    service: Service, stack: AsyncExitStack
) -> list[httpx2.AsyncClient]:
    """Connects until each process has taken a connection; the others stay open meanwhile."""
    found: dict[int, httpx2.AsyncClient] = {}
    async with asyncio.timeout(DEADLINE):
        for _ in count():
            client = httpx2.AsyncClient(
                base_url=service.url, timeout=30, limits=httpx2.Limits(max_connections=1)
            )
            await stack.enter_async_context(client)
            answer = await client.get("/livez")
            _, port = answer.extensions["network_stream"].get_extra_info("client_addr")
            found.setdefault(process_of(service, port), client)
            if len(found) == WORKERS:
                break
    return list(found.values())


def process_of(service: Service, client_port: int) -> int:
    """The id of the process that holds the service's end of a connection from this port."""
    ends = [f"0100007F:{service.port:04X}", f"0100007F:{client_port:04X}"]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (inode,) = [row[9] for row in rows if row[1:3] == ends]
    for pid in children_of(service.process.pid):
        if f"socket:[{inode}]" in _open_files(pid):
            return pid
    raise AssertionError("no process of the service holds this connection")


def children_of(pid: int) -> list[int]:
    """The processes that this one started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _open_files(pid: int) -> set[str]:
    found = set()
    for name in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(os.readlink(name))
        except FileNotFoundError:  # closed meanwhile
            continue
    return found
