"""Events for open desks, from real processes: which site has changed, told at once."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.redis_server import wait_until
from tests.serving import Service, children_of, running_service
from tests.web.asking import COMMENTS, a_body

EVENTS = "/desk/events"


class Desk:
    """Somebody's open desk: what its stream has said so far, and whether it has ended."""

    def __init__(self, url: str, cookies: httpx2.Cookies) -> None:
        self.status = 0
        self.said: list[str] = []
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, args=(url, cookies), daemon=True)
        self._thread.start()
        wait_until(lambda: bool(self.said) or self.ended.is_set(), "the stream to begin")

    def _follow(self, url: str, cookies: httpx2.Cookies) -> None:
        try:
            with (
                httpx2.Client(cookies=cookies, timeout=60) as client,
                client.stream("GET", url) as answer,
            ):
                self.status = answer.status_code
                for line in answer.iter_lines():
                    self.said.append(line)
        except httpx2.TransportError:
            pass  # the service is gone
        finally:
            self.ended.set()

    def heard(self, *lines: str) -> bool:
        """Whether these lines have come, one below the other."""
        said = "\n".join(self.said)
        return "\n".join(lines) in said


@contextmanager
def sign_in(service: Service, name: str, *words: str) -> Iterator[httpx2.Client]:
    """The browser of a new moderator who has signed in."""
    printed = service.desk("moderator", "add", name, "--role", "moderator", *words)
    link = printed.split("link=")[-1].split()[0]
    with httpx2.Client(base_url=service.url, headers={"Origin": service.url}) as client:
        answer = client.post("/desk/sign-in", data={"link": link})
        assert answer.status_code == 303, answer.text
        yield client


def post(service: Service, number: int) -> None:
    """A new comment on the site `news`."""
    body = a_body(comment=f"Remark {number} on the barley.", email=f"reader{number}@mail.example")
    assert httpx2.post(f"{service.url}{COMMENTS}", json=body).status_code == 201


@contextmanager
def running(place: Path, *options: str) -> Iterator[Service]:
    with running_service(place, *options) as service:
        service.desk("site", "add", "news", "--origin", "https://news.example")
        service.desk("site", "add", "blog", "--origin", "https://blog.example")
        yield service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two processes, since an event goes from each to all."""
    with running(tmp_path_factory.mktemp("live"), "--workers", "2") as service:
        yield service


def test_every_process_tells_its_desks_which_site_has_changed_and_nothing_of_it(
    service: Service,
) -> None:
    with sign_in(service, "max") as browser:
        desks = [Desk(f"{service.url}{EVENTS}", browser.cookies) for _ in range(4)]
        wait_until(lambda: all(d.heard("event: beat", "data: flow") for d in desks), "the flow")

        post(service, 1)

        wait_until(lambda: all(d.heard("event: changed", "data: news") for d in desks), "an event")
    said = "\n".join(line for desk in desks for line in desk.said)
    assert set(said.split()) <= {"event:", "data:", "retry:", "beat", "changed", "flow", "still",
                                 "news", *filter(str.isdigit, said.split())}  # fmt: skip


def test_s13_a_desk_hears_of_its_own_sites_alone(service: Service) -> None:
    with sign_in(service, "eva", "--site", "blog") as eva, sign_in(service, "ada") as ada:
        hers, everybody_s = (Desk(f"{service.url}{EVENTS}", who.cookies) for who in (eva, ada))
        wait_until(lambda: everybody_s.heard("event: beat", "data: flow"), "the flow")
        post(service, 2)
        wait_until(lambda: everybody_s.heard("event: changed", "data: news"), "an event")

        assert "data: news" not in hers.said


def test_signing_out_ends_the_stream(service: Service) -> None:
    with sign_in(service, "ida") as ida:
        desk = Desk(f"{service.url}{EVENTS}", ida.cookies)
        csrf = ida.get("/desk/account").text.split('name="csrf" value="')[1].split('"')[0]
        assert ida.post("/desk/sign-out", data={"csrf": csrf}).status_code == 303

        assert desk.ended.wait(15)
        assert desk.status == 200


def test_without_a_session_or_with_a_token_there_is_no_stream(service: Service) -> None:
    token = service.desk("token", "add", "t", "--role", "viewer").split()[-1]
    answer = httpx2.get(
        f"{service.url}{EVENTS}",
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
    )
    assert answer.status_code == 403

    stranger = httpx2.get(f"{service.url}{EVENTS}", headers={"Accept": "application/json"})
    assert stranger.status_code == 401


@pytest.mark.skipif(sys.platform != "linux", reason="finds the embedded Valkey in /proc")
def test_a_stop_waits_for_no_stream_and_a_lost_redis_is_said_and_got_over(tmp_path: Path) -> None:
    with running(tmp_path) as alone, sign_in(alone, "max") as browser:
        desks = [Desk(f"{alone.url}{EVENTS}", browser.cookies) for _ in range(6)]
        seventh = Desk(f"{alone.url}{EVENTS}", browser.cookies)
        assert (seventh.status, seventh.ended.wait(5)) == (429, True)
        wait_until(lambda: desks[0].heard("event: beat", "data: flow"), "the flow")

        (valkey, *_) = children_of(alone.process.pid)
        _kill(valkey)
        wait_until(lambda: desks[0].heard("event: beat", "data: still"), "word of the loss")
        told = len(desks[0].said)
        wait_until(lambda: "data: flow" in desks[0].said[told:], "the flow again", seconds=30)
        post(alone, 3)
        wait_until(lambda: "data: news" in desks[0].said[told:], "an event")

        began = time.monotonic()
        assert alone.stop() == 0
        assert time.monotonic() - began < 5
        assert all(desk.ended.wait(5) for desk in desks)
        assert "Traceback" not in alone.logged


def _kill(process_id: int) -> None:
    """The process and its children, the shell's way of starting Valkey included."""
    for child in children_of(process_id):
        os.kill(child, signal.SIGKILL)
    os.kill(process_id, signal.SIGKILL)
