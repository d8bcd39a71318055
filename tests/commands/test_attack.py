"""A flood on the real service: every process holds within seconds, and asks for proofs of work."""

from pathlib import Path

import httpx2

from tests.redis_server import wait_until
from tests.serving import running_service
from tests.web.asking import COMMENTS, THREAD, a_body

FLOOD = 40
OPEN = ("limit.address=off", "limit.network=off", "limit.email=off", "publish.unproven=score")


def test_every_process_holds_in_a_flood_and_asks_for_proofs(tmp_path: Path) -> None:
    with running_service(tmp_path, "--workers", "2") as service:
        service.desk("site", "add", "news", "--origin", "https://news.example")
        service.desk("site", "set", "news", *OPEN)
        form = f"{service.url}/api/v1/form"
        assert "proof" not in httpx2.get(form, params=THREAD).json()

        for number in range(FLOOD):
            fields = a_body(comment=f"Remark {number * 7919} of {number}.", name=f"No. {number}")
            assert httpx2.post(f"{service.url}{COMMENTS}", json=fields).status_code == 201

        # each call is a connection of its own, so both processes come to answer
        asked = [httpx2.get(form, params=THREAD).json() for _ in range(20)]
        assert all("proof" in answer for answer in asked)

        def parts() -> dict[str, dict[str, object]]:
            found = httpx2.get(f"{service.url}/readyz").json()
            return dict(found["parts"])

        wait_until(lambda: parts()["attack_mode"]["sites"] == 1, "the alarm")
