"""A fresh instance of the service to measure: its start, its processes' CPU and memory, its disk.

Reads /proc, so it needs Linux. Everything lives in a temporary folder and ends with the program.
"""

import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SITE = "bench"
RUNNING_LIMITS = "9999999/second"  # so high that nobody reaches it, so the limiter still counts
LIMITS = ("address", "network", "email", "page", "site")

_TICK = os.sysconf("SC_CLK_TCK")
_READY_SECONDS = 30.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Memory:
    """What the service's processes hold, in bytes; PSS counts shared pages once."""

    rss: int
    pss: int


class Instance:
    """A context manager: one site, then `comment-desk serve` on a free port until it ends."""

    def __init__(self, settings: Iterable[str] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="comment-desk-bench-")
        self.data_dir = Path(self._folder.name) / "data"
        self.port = _free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._settings = tuple(settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = (Path(self._folder.name) / "service.log").open("wb")

    def __enter__(self) -> Self:
        self._command("site", "add", SITE, "--origin", self.origin)
        if self._settings:
            self._command("site", "set", SITE, *self._settings)
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
        """Start the service; the seconds until it says that it is ready."""
        started = time.perf_counter()
        arguments = ("serve", "--port", str(self.port))
        self._process = subprocess.Popen(
            [_program(), *arguments], env=self._environment(), stdout=self._log, stderr=self._log
        )
        while not self._is_ready():
            if self._process.poll() is not None:
                raise SystemExit(f"The service ended at once; its last words: {self._last_words()}")
            if time.perf_counter() - started > _READY_SECONDS:
                raise SystemExit(f"The service was not ready in {_READY_SECONDS:.0f} s.")
            threading.Event().wait(_POLL_SECONDS)
        return time.perf_counter() - started

    def stop(self) -> None:
        """End the service as an operator would; its database is whole then."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cpu_seconds(self) -> float:
        """CPU time of the service's processes so far, Valkey's too."""
        return sum(_cpu_ticks(pid) for pid in self._pids()) / _TICK

    def memory(self) -> Memory:
        """What the service's processes hold now."""
        sizes = [_memory_of(pid) for pid in self._pids()]
        return Memory(sum(m.rss for m in sizes), sum(m.pss for m in sizes))

    def count_comments(self) -> int:
        """How many comments are stored."""
        return int(self.query("SELECT count(*) FROM comment")[0][0])

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the instance's database, read past the service."""
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
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _command(self, *arguments: str) -> None:
        done = subprocess.run(
            [_program(), *arguments],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"comment-desk {' '.join(arguments)}: {done.stderr.strip()}")

    def _environment(self) -> dict[str, str]:
        outside = (
            "DATABASE_URL", "REDIS_URL", "COMMENT_DESK_GLOBAL_LIMIT", "PYTHONDONTWRITEBYTECODE",
        )  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if name not in outside}
        return kept | {
            "COMMENT_DESK_DATA_DIR": str(self.data_dir),
            "COMMENT_DESK_PUBLIC_URL": self.origin,
            "PYTHONPYCACHEPREFIX": f"{self._folder.name}/bytecode",  # as an installed one has it
            "COMMENT_DESK_TRUSTED_PROXIES": "127.0.0.1/32",  # so that each comment has an address
        }

    def _last_words(self) -> str:
        return Path(self._log.name).read_text("utf-8", "replace").strip()[-500:]


def _program() -> str:
    return str(Path(sys.executable).with_name("comment-desk"))


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
