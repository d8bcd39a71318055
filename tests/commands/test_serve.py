"""`serve` as a process: ready, stopped in order, killed, with several workers, beside commands."""

import json
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.redis_server import wait_until
from tests.serving import Service, children_of, is_running, run_command, running_service
from tests.web.asking import COMMENTS, THREAD, a_body, bearing

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def add_site(service: Service, **settings: str) -> None:
    service.desk("site", "add", "news", "--origin", "https://news.example")
    if settings:
        pairs = [f"{name.replace('__', '.')}={value}" for name, value in settings.items()]
        service.desk("site", "set", "news", *pairs)


def post(service: Service, **changes: object) -> httpx2.Response:
    return httpx2.post(f"{service.url}{COMMENTS}", json=a_body(**changes), timeout=30)


def test_it_says_where_it_is_and_works_beside_commands(serving: Service) -> None:
    assert serving.printed.splitlines()[0] == f"Comment Desk: {serving.url}"
    assert "nobody can sign in yet" in serving.printed
    add_site(serving)
    token = serving.desk("token", "add", "bot", "--role", "moderator").splitlines()[-1]

    assert post(serving).status_code == 201
    queue = httpx2.get(f"{serving.url}/api/v1/queue", headers=bearing(token)).json()
    assert len(queue["items"]) == 1

    serving.desk("site", "set", "news", "limit.email=1/hour")
    statuses = [post(serving, name=f"N{n}").status_code for n in range(3)]
    assert 429 in statuses
    serving.desk("site", "set", "news", "comments=closed")
    assert post(serving, name="Late").json()["code"] == "comments-closed"


def test_sigterm_finishes_what_is_under_way_and_leaves_with_0(serving: Service) -> None:
    add_site(serving, limit__address="off")
    body = json.dumps(a_body()).encode()
    head = (
        f"POST {COMMENTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", serving.port)) as under_way:
        under_way.sendall(head.encode() + body[:10])
        httpx2.get(f"{serving.url}/livez")  # the request before is surely begun by now
        serving.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not serving.accepts(), "the door to be shut")
        under_way.sendall(body[10:])
        under_way.settimeout(20)
        assert under_way.recv(65_536).startswith(b"HTTP/1.1 201")

    assert serving.process.wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@LINUX
def test_a_stop_in_order_leaves_nothing_running(serving: Service, number: int) -> None:
    valkey = children_of(serving.process.pid)
    assert valkey

    serving.process.send_signal(number)

    assert serving.process.wait(20) == 0
    assert not any(map(is_running, valkey))


@LINUX
def test_a_kill_takes_the_embedded_valkey_along_and_a_restart_is_ready_in_time(
    serving: Service,
) -> None:
    add_site(serving)
    assert post(serving).status_code == 201
    valkey = children_of(serving.process.pid)

    serving.kill()

    wait_until(lambda: not any(map(is_running, valkey)), "Valkey to end with its parent")
    serving.start()
    assert post(serving).status_code == 201
    assert serving.stop() == 0


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Service]:
    with running_service(tmp_path, "--workers", "2") as service:
        yield service


@LINUX
def test_two_workers_answer_and_their_numbers_add_up(workers: Service) -> None:
    add_site(workers, limit__address="off", limit__network="off", limit__email="off")
    wait_until(lambda: answered_by(workers) == 2, "both workers to answer")
    statuses: list[int] = []

    def work(place: int) -> None:
        names = [f"N{place}-{number}" for number in range(10)]
        statuses.extend(post(workers, name=name).status_code for name in names)

    posting = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in posting:
        thread.start()
    for thread in posting:
        thread.join()

    assert statuses == [201] * 40
    for _ in range(4):  # whichever worker is asked
        numbers = httpx2.get(f"{workers.url}/metrics").text
        held = re.search(r'^commentdesk_comments_total\{status="held"\} (.+)$', numbers, re.M)
        assert held is not None
        assert float(held[1]) == 40
        assert "\ncommentdesk_redis_up 1.0\n" in numbers
    shown = httpx2.get(f"{workers.url}{COMMENTS}", params=THREAD).json()
    assert shown["count"] == 0


def answered_by(service: Service) -> int:
    """How many workers have counted a request."""
    httpx2.get(f"{service.url}/livez")
    place = environment_of(service.process.pid)
    return len(list(Path(place).glob("counter_*.db")))


def environment_of(process_id: int) -> str:
    """Where the workers of a service keep their numbers."""
    for child in children_of(process_id):
        for line in Path(f"/proc/{child}/environ").read_bytes().split(b"\0"):
            if line.startswith(b"PROMETHEUS_MULTIPROC_DIR="):
                return os.fsdecode(line.partition(b"=")[2])
    raise AssertionError("no worker names a place")


@LINUX
def test_a_decision_one_worker_takes_is_seen_by_the_other_at_once(workers: Service) -> None:
    add_site(workers)
    headers = bearing(workers.desk("token", "add", "bot", "--role", "moderator").splitlines()[-1])
    comment_id = post(workers).json()["id"]
    for outcome, count in (("approve", 1), ("reject", 0)) * 3:
        decided = httpx2.post(
            f"{workers.url}/api/v1/decisions", headers=headers,
            json={"ids": [comment_id], "outcome": outcome},
        )  # fmt: skip
        assert decided.status_code == 200, decided.text
        for _ in range(6):  # a connection each, so both workers are asked
            shown = httpx2.get(f"{workers.url}{COMMENTS}", params=THREAD).json()
            assert shown["count"] == count


@LINUX
def test_killed_workers_parent_leaves_no_orphans(workers: Service) -> None:
    family = children_of(workers.process.pid)
    assert len(family) >= 3  # two workers and Valkey

    workers.kill()

    wait_until(lambda: not any(map(is_running, family)), "the whole family to end")
    assert not workers.accepts()


def test_the_demo_has_a_page_and_a_link_that_signs_in(tmp_path: Path) -> None:
    with running_service(tmp_path, "--demo") as service:
        link = re.search(r"http://\S+/desk/sign-in\?link=\S+", service.printed)
        assert link is not None
        assert httpx2.get(f"{service.url}/demo").status_code == 200
        signed_in = httpx2.post(
            f"{service.url}/desk/sign-in", data={"link": link[0].partition("link=")[2]},
            headers={"Origin": service.url},
        )  # fmt: skip
        assert signed_in.status_code == 303


REFUSALS: list[Any] = [
    pytest.param(["--port", "70000"], {}, "70000", id="no such port"),
    pytest.param(["--port", "0", "--host", "no.such.host.invalid"], {}, "no.such", id="no host"),
    pytest.param(["--port", "0", "--workers", "0"], {}, "--workers", id="no workers"),
    pytest.param([], {"COMMENT_DESK_SECRET": "short"}, "COMMENT_DESK_SECRET", id="short secret"),
    pytest.param([], {"DATABASE_URL": "postgresql://h/d"}, "COMMENT_DESK_SECRET", id="no secret"),
    pytest.param([], {"COMMENT_DESK_GLOBAL_LIMIT": "x"}, "GLOBAL_LIMIT", id="bad setting"),
    pytest.param([], {"REDIS_URL": "redis+sentinel://h"}, "REDIS_URL", id="bad Redis"),
    pytest.param(
        [],
        {"DATABASE_URL": "postgresql://h.invalid/d", "COMMENT_DESK_SECRET": "0123456789abcdef" * 2},
        "database",
        id="database away",
    ),
]


@pytest.mark.parametrize(("words", "settings", "named"), REFUSALS)
def test_what_it_cannot_do_is_one_clear_line_and_status_2(
    tmp_path: Path, words: list[str], settings: dict[str, str], named: str
) -> None:
    words = words or ["--port", "0"]

    done = run_command(tmp_path, "serve", *words, **settings)

    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("comment-desk: ")
    assert named in line


def test_a_taken_port_is_named_with_the_way_out(serving: Service, tmp_path: Path) -> None:
    done = run_command(tmp_path / "other", "serve", "--port", str(serving.port))

    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{serving.port}" in done.stderr
    assert "--port" in done.stderr


def test_a_second_service_on_the_same_directory_is_refused(serving: Service) -> None:
    done = run_command(serving.data_dir, "serve", "--port", "0")

    assert done.returncode == 2
    assert "already runs" in done.stderr
