"""What a running service writes down: one line of JSON each, and nothing about anybody (S40)."""

import json
import re
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.redis_server import wait_until
from tests.serving import COMMAND, ROOT, Service, environment
from tests.web.asking import COMMENTS, THREAD, a_body, bearing

FULL = Path("/dev/full")  # as a disk without room
PASSWORD = "correct horse battery staple"
PRIVATE = {
    "name": "Ann\nForged\u2028line\u202e",
    "email": "ann.private@mail.example",
    "website": "https://ann-private.example/",
    "comment": "Words that are nobody's business 7f3a91",
}


def lines_of(service: Service) -> list[dict[str, Any]]:
    return [json.loads(line) for line in service.logged.splitlines()]


def test_refusals_errors_and_sign_ins_are_logged_without_what_anybody_sent(
    serving: Service,
) -> None:
    serving.desk("site", "add", "news", "--origin", "https://news.example")
    serving.desk("site", "set", "news", "limit.email=2/hour")
    serving.desk(
        "moderator", "add", "max", "--role", "admin", "--password-stdin", stdin=PASSWORD + "\n"
    )
    api_token = serving.desk("token", "add", "bot", "--role", "admin").splitlines()[-1]
    with httpx2.Client(base_url=serving.url, timeout=30) as client:
        receipt = client.post(COMMENTS, json=a_body(**PRIVATE)).json()
        token = receipt["edit_token"]
        own = f"{COMMENTS}/{receipt['id']}"
        form = client.get("/api/v1/form", params=THREAD).json()["form_token"]
        client.patch(own, json={"comment": PRIVATE["comment"] + "!"}, headers=bearing(token))
        client.patch(own, json={"comment": ""}, headers=bearing(token + "x"))
        for number in range(4):  # limited
            client.post(COMMENTS, json=a_body(**PRIVATE | {"name": f"N{number}"}))
        client.post(COMMENTS, json=a_body(**PRIVATE | {"email": "ann.private at home"}))
        client.post(COMMENTS, content=PRIVATE["comment"].encode())
        client.post(COMMENTS, json=a_body(site="nowhere", **PRIVATE))
        client.get("/api/v1/queue", headers=bearing(api_token))
        client.get("/api/v1/queue", headers=bearing(api_token + "x"))
        headers = {"Origin": serving.url}
        signed_in = client.post(
            "/desk/sign-in", data={"name": "max", "password": PASSWORD}, headers=headers
        )
        client.post(
            "/desk/sign-in", data={"name": "max", "password": PASSWORD + "x"}, headers=headers
        )
        client.get("/desk/", params={"q": PRIVATE["email"]})
        with closing(sqlite3.connect(serving.data_dir / "comments.db")) as conn, conn:
            conn.execute("UPDATE site SET settings = 'ann.private nonsense'")
        error = client.post(COMMENTS, json=a_body(**PRIVATE | {"name": "Late"}))
    assert (signed_in.status_code, error.status_code) == (303, 500)
    assert serving.stop() == 0

    events = [line["event"] for line in lines_of(serving)]
    assert {"limited", "sign-in refused", "signed in", "internal"} <= set(events)
    (entry,) = [line for line in lines_of(serving) if line["event"] == "signed in"]
    assert (entry["by"], bool(entry["name"]), bool(entry["network"])) == ("password", True, True)
    written = serving.logged + serving.printed
    session = signed_in.headers["set-cookie"].partition("=")[2].partition(";")[0]
    for secret in (
        *PRIVATE.values(), "ann.private", "private.example", "nobody's business", "7f3a91",
        token, token.partition(".")[2], form, api_token, session, PASSWORD, "127.0.0.1\"",
        (serving.data_dir / "secret").read_text(), "nonsense", "Traceback",
    ):  # fmt: skip
        assert secret not in written, secret


def test_every_line_is_one_event_with_its_time_and_level(serving: Service) -> None:
    httpx2.get(
        f"{serving.url}/nowhere\u2028%0aforged", headers={b"User-Agent": "a\u202eb".encode()}
    )
    serving.desk("site", "add", "news", "--origin", "https://news.example")
    httpx2.post(f"{serving.url}/desk/sign-in", data={"name": "x\n{}", "password": "y" * 9},
                headers={"Origin": serving.url})  # fmt: skip
    assert serving.stop() == 0

    assert serving.logged.isascii()
    for line in lines_of(serving):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\S+Z", line["timestamp"])
        assert line["level"] in ("debug", "info", "warning", "error")


def test_a_log_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    if not FULL.exists():
        pytest.skip("needs /dev/full")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with FULL.open("wb") as full:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(port)], cwd=ROOT, env=environment(tmp_path),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=full,
        )  # fmt: skip
    service = Service(tmp_path, port=port)
    try:
        wait_until(service.accepts, "the service to listen")
        service.desk("site", "add", "news", "--origin", "https://news.example")
        service.desk("site", "set", "news", "limit.email=1/hour")
        answers = [
            httpx2.post(f"{service.url}{COMMENTS}", json=a_body(name=f"N{n}"), timeout=30)
            for n in range(3)
        ]
    finally:
        process.terminate()
        process.wait()

    assert [answer.status_code for answer in answers] == [201, 429, 429]  # each 429 is logged
