"""A server to measure: started in a folder of its own; the CPU and memory of all its processes.

Reads /proc, so it needs Linux. Everything ends and is removed with the program.
"""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_TICK = os.sysconf("SC_CLK_TCK")
_READY_SECONDS = 30.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Memory:
    """What the server's processes hold, in bytes; PSS counts shared pages once."""

    rss: int
    pss: int


class Server(ABC):
    """A context manager; a subclass says what is started and what it is asked."""

    name = ""
    ready_path = "/"

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="comment-desk-bench-")
        self.folder = Path(self._folder.name)
        self.port = _free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._log = (self.folder / "server.log").open("wb")

    @abstractmethod
    def command(self) -> list[str]:
        """What starts the server on `self.port`."""

    def environment(self) -> Mapping[str, str]:
        """The server's environment."""
        return os.environ

    def prepare(self) -> None:  # noqa: B027 - not every server needs it
        """Whatever comes before the first start."""

    @abstractmethod
    def requests(self, scenario: str) -> Iterator[bytes] | None:
        """Requests without end for a scenario, or None where the server has nothing like it."""

    @abstractmethod
    def stored(self) -> int:
        """How many comments are stored."""

    def __enter__(self) -> Self:
        self.prepare()
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._log.close()
        self._folder.cleanup()

    def start(self) -> float:
        """Start the server; the seconds until it says that it is ready."""
        started = time.perf_counter()
        self._process = subprocess.Popen(
            self.command(), env=self.environment(), stdout=self._log, stderr=self._log
        )
        while not self._is_ready():
            if self._process.poll() is not None:
                raise SystemExit(f"{self.name} ended at once; its last words: {self._last_words()}")
            if time.perf_counter() - started > _READY_SECONDS:
                raise SystemExit(f"{self.name} was not ready in {_READY_SECONDS:.0f} s.")
            threading.Event().wait(_POLL_SECONDS)
        return time.perf_counter() - started

    def stop(self) -> None:
        """End the server as an operator would; its database is whole then."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cpu_seconds(self) -> float:
        """CPU time of the server's processes so far."""
        return sum(_cpu_ticks(pid) for pid in self._pids()) / _TICK

    def memory(self) -> Memory:
        """What the server's processes hold now."""
        sizes = [_memory_of(pid) for pid in self._pids()]
        return Memory(sum(m.rss for m in sizes), sum(m.pss for m in sizes))

    def _pids(self) -> list[int]:
        assert self._process is not None
        found, waiting = [], [self._process.pid]
        children = _children()
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            waiting += children.get(pid, [])
        return found

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(connection):
            try:
                connection.request("GET", self.ready_path)
                return connection.getresponse().status < 500
            except OSError:
                return False

    def _last_words(self) -> str:
        return Path(self._log.name).read_text("utf-8", "replace").strip()[-500:]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none when the process has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat_fields(int(entry.name))):
            found.setdefault(int(fields[1]), []).append(int(entry.name))
    return found


def _cpu_ticks(pid: int) -> int:
    fields = _stat_fields(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _memory_of(pid: int) -> Memory:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return Memory(0, 0)
    sizes = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
    return Memory(int(sizes["Rss"]) * 1024, int(sizes["Pss"]) * 1024)
