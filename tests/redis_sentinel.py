"""A real primary with its replica and three Sentinels, to be killed, paused and started again."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.redis_cluster import HEALING, NODE_TIMEOUT, Node, start_in
from tests.redis_server import RedisServer, free_port, wait_until

SERVICE = "desk"  # what the Sentinels call their primary


@dataclass
class Watched:
    """A primary, its replica and the Sentinels that watch them; any of them may be down."""

    nodes: list[Node]
    sentinels: list[Node]

    @property
    def url(self) -> str:
        places = ",".join(f"127.0.0.1:{node.port}" for node in self.sentinels)
        return f"redis+sentinel://{places}/{SERVICE}/0"

    def holder(self, _tag: str = "") -> Node:
        """The primary that most Sentinels name."""
        named = [
            int(sentinel.server.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)[1])
            for sentinel in self.sentinels
            if sentinel.role()
        ]
        port = max(named, key=named.count)
        return next(node for node in self.nodes if node.port == port)

    def tag_beside(self, tag: str) -> str:
        """Another hash tag whose keys the same primary holds."""
        return f"{tag}-0"

    def await_failover(self, primary: Node, _tag: str = "") -> None:
        """Return once the Sentinels name another primary."""
        wait_until(lambda: self.holder() is not primary, "a failover", seconds=HEALING)

    def hand_over(self, _tag: str = "") -> None:
        """Let the Sentinels make the replica the primary, in good order."""
        primary = self.holder()
        self.sentinels[0].server.command("SENTINEL", "FAILOVER", SERVICE)
        self.await_failover(primary)

    def await_health(self) -> None:
        """Return once every server runs, and the Sentinels know of each other and the replica."""
        wait_until(self._is_healthy, "the Sentinels to see every server", seconds=HEALING)

    def _is_healthy(self) -> bool:
        if sorted(node.role() for node in self.nodes) != ["master", "slave"]:
            return False
        primary = self.holder()
        if primary.role() != "master":
            return False
        if not all(node.follows() for node in self.nodes if node is not primary):
            return False
        return all(self._sees_all(sentinel) for sentinel in self.sentinels)

    def _sees_all(self, sentinel: Node) -> bool:
        seen = sentinel.server.command("SENTINEL", "MASTER", SERVICE)
        replicas = sentinel.server.command("SENTINEL", "REPLICAS", SERVICE)
        flags = [seen[b"flags"], *(replica[b"flags"] for replica in replicas)]
        return seen[b"num-other-sentinels"] == b"2" and flags == [b"master", b"slave"]


@contextlib.contextmanager
def running_watched(directory: Path) -> Iterator[Watched]:
    """A primary, a replica and three Sentinels, for the length of the block."""
    with contextlib.ExitStack() as stack:
        ports = [free_port(), free_port()]
        follow = ["--replicaof", "127.0.0.1", str(ports[0])]
        nodes = [
            Node(
                start_in(
                    stack, directory / f"node{number}", "--port", str(port),
                    "--repl-diskless-sync-delay", "0", *(follow if number else ()),
                ),
                port,
            )
            for number, port in enumerate(ports)
        ]  # fmt: skip
        sentinels = [
            _started_sentinel(stack, directory / f"sentinel{number}", ports[0])
            for number in range(3)
        ]
        watched = Watched(nodes, sentinels)
        watched.await_health()
        yield watched


def _started_sentinel(stack: contextlib.ExitStack, place: Path, primary: int) -> Node:
    place.mkdir()
    config, port = place / "sentinel.conf", free_port()
    config.write_text(
        f"port {port}\nbind 127.0.0.1\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {primary} 2\n"
        f"sentinel down-after-milliseconds {SERVICE} {NODE_TIMEOUT}\n"
        f"sentinel failover-timeout {SERVICE} 3000\n"
    )
    server = RedisServer(place, config=config)
    stack.callback(server.stop)
    server.start()
    return Node(server, port)
