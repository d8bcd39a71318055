"""The real service in a process of its own: `comment-desk serve` on a free port."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.redis_server import free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0  # on a machine where much else runs; it takes one
COMMAND = (sys.executable, "-m", "service")


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """What a command of ours may see: nothing of the developer's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"COMMENT_DESK_DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"} | settings


def run_command(
    data_dir: Path, *words: str, stdin: str = "", **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end."""
    return subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        env=environment(data_dir, **settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def desk(data_dir: Path, *words: str, stdin: str = "", **settings: str) -> str:
    """What a command prints that must succeed."""
    done = run_command(data_dir, *words, stdin=stdin, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class Service:
    """A running service: its address, and its process to be ended in all ways."""

    data_dir: Path
    options: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    @property
    def printed(self) -> str:
        """What it has written to standard output so far."""
        return (self.data_dir / "stdout").read_text()

    @property
    def logged(self) -> str:
        """What it has written to standard error so far."""
        return (self.data_dir / "stderr").read_text()

    def start(self) -> None:
        """Start, and return when it is ready; again on the same port and data after an end."""
        self.port = self.port or free_port()
        with (
            (self.data_dir / "stdout").open("ab") as stdout,
            (self.data_dir / "stderr").open("ab") as stderr,
        ):
            self._process = subprocess.Popen(
                [*COMMAND, "serve", "--port", str(self.port), *self.options],
                cwd=ROOT,
                env=environment(self.data_dir, **self.settings),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        wait_until(self._is_ready, "the service to be ready", seconds=START_SECONDS)

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        """SIGKILL: nothing of it can be cleaned up."""
        self.process.kill()
        self.process.wait()

    def kill_all(self) -> None:
        """SIGKILL to it and to its workers, which would otherwise end in order."""
        self.process.send_signal(signal.SIGSTOP)  # it starts no other meanwhile
        for process_id in children_of(self.process.pid):
            os.kill(process_id, signal.SIGKILL)
        self.kill()

    def end(self) -> None:
        """End it if it runs."""
        if self._process is not None and self._process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                self.stop()
            self._process.kill()
            self._process.wait()

    def accepts(self) -> bool:
        """Whether anybody listens on its port."""
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def desk(self, *words: str, stdin: str = "") -> str:
        """What a command beside it prints that must succeed."""
        return desk(self.data_dir, *words, stdin=stdin, **self.settings)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.logged
        with suppress(httpx2.TransportError):
            return httpx2.get(f"{self.url}/readyz", timeout=5).status_code == 200
        return False


@contextmanager
def running_service(data_dir: Path, *options: str, **settings: str) -> Iterator[Service]:
    """A service for the length of the block."""
    service = Service(data_dir, options, settings)
    try:
        service.start()
        yield service
    finally:
        service.end()


def children_of(process_id: int) -> list[int]:
    """The processes that this one has started and that still run."""
    found = Path(f"/proc/{process_id}/task").glob("*/children")  # of each of its threads
    return [int(word) for path in found for word in path.read_text().split()]


def is_running(process_id: int) -> bool:
    try:
        return "(zombie)" not in Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return False
