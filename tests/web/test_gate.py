"""R17: beyond what can be dealt with, comments are turned away early; all else goes on."""

import asyncio
from typing import Any

import pytest

from service.web.gate import Gate
from service.web.metrics import Metrics


class Crowd:
    """An application that takes its time, behind a gate for two."""

    def __init__(self) -> None:
        self.finish = asyncio.Event()
        self.fails = False
        self.gate = Gate(self._work, most=2)
        self.metrics = Metrics()

    async def _work(self, scope: Any, receive: Any, send: Any) -> None:
        await self.finish.wait()
        if self.fails:
            raise RuntimeError("no")
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def come(self, method: str = "POST", path: str = "/api/v1/comments") -> "asyncio.Task[Any]":
        return asyncio.create_task(self._ask(method, path))

    async def _ask(self, method: str, path: str) -> tuple[int, dict[bytes, bytes]]:
        sent: list[Any] = []
        scope = {
            "type": "http", "method": method, "path": path, "headers": [],
            "query_string": b"", "state": {"metrics": self.metrics},
        }  # fmt: skip

        async def receive() -> Any:
            raise AssertionError("whoever is turned away is not read")

        async def send(message: Any) -> None:
            sent.append(message)

        await self.gate(scope, receive, send)
        return sent[0]["status"], dict(sent[0]["headers"])


def test_whoever_is_beyond_is_turned_away_at_once_and_told_when_to_come_again() -> None:
    async def scenario() -> None:
        crowd = Crowd()
        first = [crowd.come(), crowd.come("PATCH")]
        await asyncio.sleep(0)

        status, headers = await asyncio.wait_for(crowd.come("POST", "/api/v1/preview"), 1)
        assert status == 503
        assert 1 <= int(headers[b"retry-after"]) <= 5

        reading, deciding = crowd.come("GET"), crowd.come("POST", "/api/v1/decisions")
        crowd.finish.set()
        for task in (*first, reading, deciding, crowd.come()):
            assert (await task)[0] == 201

    asyncio.run(scenario())


def test_a_place_is_free_again_after_an_error() -> None:
    async def scenario() -> None:
        crowd = Crowd()
        crowd.fails = True
        crowd.finish.set()
        for _ in range(5):
            with pytest.raises(RuntimeError):
                await crowd.come()

        crowd.fails = False
        assert (await crowd.come())[0] == 201

    asyncio.run(scenario())


def test_what_is_turned_away_is_counted() -> None:
    async def scenario() -> float | None:
        crowd = Crowd()
        waiting = [crowd.come(), crowd.come()]
        await asyncio.sleep(0)
        await crowd.come()
        await crowd.come()
        crowd.finish.set()
        await asyncio.gather(*waiting)
        counted = crowd.metrics.registry.get_sample_value
        return counted("commentdesk_refused_total", {"code": "overloaded"})

    assert asyncio.run(scenario()) == 2
