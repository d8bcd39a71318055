"""A real cluster of three shards, whose servers can be killed, paused and started again."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import redis
from redis.crc import key_slot

from tests.redis_server import RedisServer, free_port, wait_until

NODE_TIMEOUT = 1000  # milliseconds until the others take a server for dead
HEALING = 60.0  # seconds; Sentinels on a machine that stalls do nothing for thirty
SHARDS = 3
SLOTS = 16384


@dataclass
class Node:
    """One server and where it listens."""

    server: RedisServer
    port: int
    bus: int = 0

    @property
    def id(self) -> str:
        return str(self.server.command("CLUSTER", "MYID").decode())

    def role(self) -> str:
        """`master`, `slave` or `sentinel`; empty where it does not answer."""
        path, wait = str(self.server.socket), NODE_TIMEOUT / 1000
        with (
            contextlib.suppress(redis.ConnectionError, redis.TimeoutError),
            redis.Redis(unix_socket_path=path, socket_timeout=wait) as client,
        ):
            return str(client.execute_command("ROLE")[0].decode())
        return ""

    def follows(self) -> bool:
        """Whether it is a replica that has caught up."""
        replication = self.server.command("INFO", "replication")
        return bool(replication.get("master_link_status") == "up")


@dataclass
class Cluster:
    """Three primaries and their three replicas; any of them may be down."""

    nodes: list[Node]

    @property
    def url(self) -> str:
        """Names half of the servers, as an operator would."""
        places = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[::2])
        return f"redis+cluster://{places}"

    def holder(self, tag: str) -> Node:
        """The primary that holds the keys of this hash tag, as most of the living have it."""
        slot = key_slot(tag.encode())
        named = [
            port
            for node in self.living()
            for first, last, (_, port, *_), *_ in node.server.command("CLUSTER", "SLOTS")
            if first <= slot <= last
        ]
        return self.by_port(max(named, key=named.count))

    def replica_of(self, primary: Node) -> Node:
        """The replica of a primary that runs."""
        (line,) = primary.server.command("CLUSTER", "REPLICAS", primary.id)
        return self.by_port(int(line.split()[1].split(b"@")[0].rpartition(b":")[2]))

    def by_port(self, port: int) -> Node:
        return next(node for node in self.nodes if node.port == port)

    def living(self) -> list[Node]:
        return [node for node in self.nodes if node.role()]

    def tag_beside(self, tag: str) -> str:
        """Another hash tag whose keys the same primary holds."""
        holder = self.holder(tag)
        return next(name for name in _names(tag) if self.holder(name) is holder)

    def await_failover(self, primary: Node, tag: str) -> None:
        """Return once another server holds the hash tag."""
        wait_until(lambda: self.holder(tag) is not primary, "a failover", seconds=HEALING)

    def tag_elsewhere(self, tag: str) -> str:
        """A hash tag whose keys another primary holds."""
        holder = self.holder(tag)
        return next(name for name in _names(tag) if self.holder(name) is not holder)

    def hand_over(self, tag: str) -> None:
        """Let the replica take the place of the primary that holds a hash tag, in good order."""
        primary = self.holder(tag)
        self.replica_of(primary).server.command("CLUSTER", "FAILOVER")
        self.await_failover(primary, tag)

    def another_primary(self, tag: str) -> Node:
        """One that does not hold the hash tag."""
        holder = self.holder(tag)
        return next(n for n in self.living() if n is not holder and n.role() == "master")

    def move_slot_whole(self, tag: str, target: Node, _half_way: Callable[[], None]) -> None:
        """Move a hash tag's slot to another primary as Valkey 9 does."""
        slot = key_slot(tag.encode())
        words: list[str | int] = ["MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target.id]
        self.holder(tag).server.command("CLUSTER", *words)
        wait_until(lambda: self.holder(tag) is target, "the slot to have moved")

    def move_slot(self, tag: str, target: Node, half_way: Callable[[], None]) -> None:
        """Move a hash tag's slot, keys and all, to another primary as an operator's tool does."""
        slot, source = key_slot(tag.encode()), self.holder(tag)
        target.server.command("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.server.command("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        to: list[str | int] = ["127.0.0.1", target.port, "", 0, 5000, "KEYS"]
        some = source.server.command("CLUSTER", "GETKEYSINSLOT", slot, 5)
        source.server.command("MIGRATE", *to, *some)
        half_way()
        while keys := source.server.command("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source.server.command("MIGRATE", *to, *keys)
        for node in [target, source, *self.nodes]:
            if node.role() == "master":
                node.server.command("CLUSTER", "SETSLOT", slot, "NODE", target.id)
        wait_until(lambda: self.holder(tag) is target, "the slot to have moved")

    def await_health(self) -> None:
        """Return once every server runs, agrees, and every replica has caught up."""
        wait_until(self._is_healthy, "the cluster to be whole", seconds=HEALING)

    def _is_healthy(self) -> bool:
        for node in self.nodes:
            role = node.role()
            if not role or (role == "slave" and not node.follows()):
                return False
            info = node.server.command("CLUSTER", "INFO").decode()
            listed = node.server.command("CLUSTER", "NODES").decode()
            if "cluster_state:ok" not in info or "fail" in listed or "handshake" in listed:
                return False
            if f"cluster_known_nodes:{len(self.nodes)}" not in info:
                return False
        return sum(node.role() == "master" for node in self.nodes) == SHARDS


def _names(tag: str) -> Iterator[str]:
    return (f"{tag}-{number}" for number in count())


def cluster_options() -> tuple[int, int, list[str]]:
    """A port, the bus's port, and what makes a server a member of a cluster."""
    port, bus = free_port(), free_port()
    return port, bus, [
        "--port", str(port), "--cluster-enabled", "yes", "--cluster-port", str(bus),
        "--cluster-node-timeout", str(NODE_TIMEOUT), "--repl-diskless-sync-delay", "0",
        "--cluster-replica-validity-factor", "0",
    ]  # fmt: skip


@contextlib.contextmanager
def running_cluster(directory: Path, *options: str) -> Iterator[Cluster]:
    """Six servers that make up a cluster, for the length of the block."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for number in range(2 * SHARDS):
            port, bus, words = cluster_options()
            nodes.append(
                Node(start_in(stack, directory / f"node{number}", *words, *options), port, bus)
            )
        cluster = Cluster(nodes)
        _form(cluster)
        yield cluster


def _form(cluster: Cluster) -> None:
    first, *others = cluster.nodes
    for number, node in enumerate(cluster.nodes, start=1):
        node.server.command("CLUSTER", "SET-CONFIG-EPOCH", number)
    for node in others:
        first.server.command("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)
    primaries, replicas = cluster.nodes[:SHARDS], cluster.nodes[SHARDS:]
    for number, node in enumerate(primaries):
        span = (number * SLOTS // SHARDS, (number + 1) * SLOTS // SHARDS - 1)
        node.server.command("CLUSTER", "ADDSLOTSRANGE", *span)
    for primary, replica in zip(primaries, replicas, strict=True):
        known = primary.id

        def is_known(replica: Node = replica, known: str = known) -> bool:
            return known in replica.server.command("CLUSTER", "NODES").decode()

        wait_until(is_known, "a replica to know its primary")
        replica.server.command("CLUSTER", "REPLICATE", known)
    cluster.await_health()


def start_in(stack: contextlib.ExitStack, place: Path, *options: str) -> RedisServer:
    """A server in a new directory, until the stack is closed."""
    place.mkdir()
    server = RedisServer(place, "--bind", "127.0.0.1", *options)
    stack.callback(server.stop)
    server.start()
    return server
