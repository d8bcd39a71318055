"""The embedded Valkey: starts at once, keeps its keys, and never outlives its parent."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from service.embedded import EmbeddedValkey
from service.errors import UsageError
from service.lane import Script
from service.link import open_link
from tests.redis_server import wait_until

ROOT = Path(__file__).resolve().parent.parent
PARENT = """
import sys
from pathlib import Path
from service import embedded
embedded._spawn = getattr(embedded, sys.argv[2])
with embedded.EmbeddedValkey(Path(sys.argv[1])) as valkey:
    print(valkey.socket, flush=True)
    sys.stdin.read()
"""


def command(valkey: EmbeddedValkey, *words: str | int) -> object:
    with redis.Redis(unix_socket_path=str(valkey.socket), decode_responses=True) as client:
        answer: object = client.execute_command(*words)
        return answer


def is_listening(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def test_it_answers_while_the_block_runs_and_is_gone_afterwards(tmp_path: Path) -> None:
    async def ask(url: str) -> object:
        link = open_link(url)
        try:
            return await link.call(Script("return ARGV[1]"), [], ["here"])
        finally:
            await link.aclose()

    with EmbeddedValkey(tmp_path / "a directory") as valkey:
        assert asyncio.run(ask(valkey.url)) == b"here"
        assert stat.S_IMODE(valkey.socket.stat().st_mode) == 0o700

    assert not valkey.socket.exists()


def test_keys_outlive_a_restart_but_for_what_a_crash_costs(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as valkey:
        command(valkey, "SET", "k", "kept")
    with EmbeddedValkey(tmp_path) as valkey:
        assert command(valkey, "GET", "k") == "kept"
        command(valkey, "SET", "k", "again")
        os.kill(_server_id(valkey), signal.SIGKILL)
    with EmbeddedValkey(tmp_path) as valkey:
        assert command(valkey, "GET", "k") == "kept"


def test_a_server_that_dies_is_started_again(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as valkey:
        first = _server_id(valkey)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: _answers(valkey), "the embedded Valkey to be back")

        assert _server_id(valkey) != first
    assert not valkey.socket.exists()


def _answers(valkey: EmbeddedValkey) -> bool:
    try:
        return bool(command(valkey, "PING"))
    except (OSError, redis.RedisError):
        return False


def _server_id(valkey: EmbeddedValkey) -> int:
    answer = command(valkey, "INFO", "server")
    assert isinstance(answer, dict)
    return int(answer["process_id"])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_of_it_can_be_reached_over_the_network(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as valkey:
        links = Path(f"/proc/{_server_id(valkey)}/fd").iterdir()
        own = {os.readlink(link).removeprefix("socket:[").rstrip("]") for link in links}
        tables = (Path("/proc/net") / name for name in ("tcp", "tcp6", "udp", "udp6"))
        lines = [line for table in tables for line in table.read_text().splitlines()[1:]]

    assert own.isdisjoint(line.split()[9] for line in lines)


@pytest.mark.parametrize("spawn", ["_spawn_tied", "_spawn_watched"])
def test_a_killed_parent_takes_it_along(tmp_path: Path, spawn: str) -> None:
    if spawn == "_spawn_tied" and sys.platform != "linux":
        pytest.skip("PDEATHSIG is Linux's")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), spawn],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None
        path = parent.stdout.readline().decode().strip()
        assert is_listening(path)

        parent.kill()

        wait_until(lambda: not is_listening(path), "the server to end with its parent")
    with EmbeddedValkey(tmp_path) as valkey:
        assert command(valkey, "PING")


@pytest.mark.parametrize("spawn", ["_spawn_tied", "_spawn_watched"])
def test_a_parent_that_ends_in_order_stops_it_in_order(tmp_path: Path, spawn: str) -> None:
    if spawn == "_spawn_tied" and sys.platform != "linux":
        pytest.skip("PDEATHSIG is Linux's")
    parent = subprocess.run(
        [sys.executable, "-c", PARENT, str(tmp_path), spawn],
        cwd=ROOT,
        input=b"",
        stdout=subprocess.PIPE,
        timeout=10,
        check=True,
    )

    assert not Path(parent.stdout.decode().strip()).exists()


def test_a_second_one_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as valkey:
        with pytest.raises(UsageError, match="already runs"), EmbeddedValkey(tmp_path):
            pass
        assert command(valkey, "PING")


def test_the_socket_of_a_dead_server_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "valkey.sock"))

    with EmbeddedValkey(tmp_path) as valkey:
        assert command(valkey, "PING")


def test_a_directory_too_deep_for_a_socket_gets_one_in_a_private_place(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path / ("deep" * 20) / ("deeper" * 20)) as valkey:
        assert command(valkey, "PING")
        assert stat.S_IMODE(valkey.socket.parent.stat().st_mode) == 0o700
        assert valkey.socket.parent.stat().st_uid == os.getuid()

    assert not valkey.socket.parent.exists()


def test_counters_that_cannot_be_read_are_set_aside(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as valkey:
        command(valkey, "SET", "k", "v")
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0011nonsense" + bytes(1000))

    with EmbeddedValkey(tmp_path) as valkey:
        assert command(valkey, "GET", "k") is None

    assert (tmp_path / "dump.rdb.unreadable").exists()


def test_a_server_that_does_not_start_is_reported_with_its_last_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken-server"
    broken.write_text("#!/bin/sh\necho out of luck >&2\nexit 1\n")
    broken.chmod(0o700)

    with (
        pytest.raises(UsageError, match="out of luck"),
        EmbeddedValkey(tmp_path / "place", binary=broken),
    ):
        pass
    with EmbeddedValkey(tmp_path / "place") as valkey:  # the failed start left nothing locked
        assert command(valkey, "PING")


def test_where_no_server_is_installed_the_error_says_what_to_do() -> None:
    script = "from service.embedded import find_server; find_server()"

    found = subprocess.run(
        [sys.executable, "-S", "-c", script],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        check=False,
    )

    assert b"UsageError: no Valkey server found" in found.stderr
    assert b"REDIS_URL" in found.stderr
