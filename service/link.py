"""The one way to Redis, whatever the URL names: a server, a primary of Sentinels, a cluster."""

from collections.abc import Sequence
from typing import Protocol

from service.lane import Lane, LinkState, Reply, Script
from service.redis_url import Argument, RedisCluster, open_client
from service.shards import Shards


class Link(Protocol):
    """The connection, its batching and its breakers; one for each event loop."""

    @property
    def state(self) -> LinkState:
        """What `/readyz` shows; never contains an address or a password."""

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Reply:
        """Run a script and return its reply, or raise LinkDown shortly after the timeout."""

    async def ping(self) -> bool:
        """Whether Redis answers now, all of it; at once while a breaker is open."""

    async def aclose(self) -> None:
        """Close the connection; calls still waiting get LinkDown."""


def open_link(url: str, *, timeout: float = 0.2) -> Link:
    """The link to what a URL names, not connected yet; `timeout` of a call is in seconds.

    `redis://`, `rediss://` and `unix://` name one server, `redis+sentinel://host:port,host:port/
    SERVICE/DB` a primary that Sentinels know, `redis+cluster://host:port,host:port` a cluster
    (`rediss+…` with TLS). Raises ValueError when the URL is none of these.
    """
    found = open_client(url, timeout)
    if isinstance(found, RedisCluster):
        return Shards(found, timeout=timeout)
    client, sentinel = found
    return Lane(client, timeout=timeout, sentinel=sentinel)
