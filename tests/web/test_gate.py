"""R17: comments wait in line; beyond it they are turned away early; all else goes on."""

import asyncio
from typing import Any

import pytest

from service.errors import Overloaded
from service.web.gate import Gate
from service.web.metrics import Metrics


class Crowd:
    """An application that takes its time once it has read a body: one at work, one in line."""

    def __init__(self) -> None:
        self.finish = asyncio.Event()
        self.fails = False
        self.at_work = self.most_at_work = 0
        self.metrics = Metrics()
        self.gate = Gate(self._work, at_work=1, in_line=1)

    async def _work(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        self.at_work += 1
        self.most_at_work = max(self.at_work, self.most_at_work)
        try:
            await self.finish.wait()
            await asyncio.sleep(0)
            if self.fails:
                raise RuntimeError("no")
        finally:
            self.at_work -= 1
        await send({"type": "http.response.start", "status": 201, "headers": []})

    def come(
        self, method: str = "POST", path: str = "/api/v1/comments", *, slowly: bool = False
    ) -> "asyncio.Task[tuple[int, dict[bytes, bytes]]]":
        return asyncio.create_task(self._ask(method, path, slowly))

    async def _ask(self, method: str, path: str, slowly: bool) -> tuple[int, dict[bytes, bytes]]:
        sent: list[Any] = []
        pieces = [{"type": "http.request", "body": b"{", "more_body": True}] if slowly else []
        scope = {
            "type": "http", "method": method, "path": path, "headers": [],
            "state": {"metrics": self.metrics},
        }  # fmt: skip

        async def receive() -> Any:
            if pieces:
                return pieces.pop()
            if slowly:
                await self.finish.wait()
            return {"type": "http.request", "body": b"}"}

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
        counted = crowd.metrics.registry.get_sample_value
        assert counted("commentdesk_refused_total", {"code": "overloaded"}) == 1

        reading, deciding = crowd.come("GET"), crowd.come("POST", "/api/v1/decisions")
        crowd.finish.set()
        for task in (*first, reading, deciding):
            assert (await task)[0] == 201
        assert (await crowd.come())[0] == 201

    asyncio.run(scenario())


def test_those_in_line_are_worked_on_in_turn() -> None:
    async def scenario() -> int:
        crowd = Crowd()
        crowd.finish.set()
        answers = await asyncio.gather(crowd.come(), crowd.come())
        assert [status for status, _ in answers] == [201, 201]
        return crowd.most_at_work

    assert asyncio.run(scenario()) == 1


def test_a_place_is_free_again_after_an_error_and_after_whoever_left_the_line() -> None:
    async def scenario() -> None:
        crowd = Crowd()
        crowd.fails = True
        failing, leaving = crowd.come(), crowd.come()
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        crowd.finish.set()
        with pytest.raises(RuntimeError):
            await failing
        for _ in range(5):
            with pytest.raises(RuntimeError):
                await crowd.come()

        crowd.fails = False
        assert (await crowd.come())[0] == 201

    asyncio.run(scenario())


def test_whoever_sends_slowly_takes_nobody_s_place() -> None:
    async def scenario() -> None:
        crowd = Crowd()
        slow = [crowd.come(slowly=True) for _ in range(50)]
        await asyncio.sleep(0)
        honest = [crowd.come(), crowd.come()]
        await asyncio.sleep(0)

        crowd.finish.set()
        assert [status for status, _ in await asyncio.gather(*honest)] == [201, 201]
        late = await asyncio.gather(*slow, return_exceptions=True)
        assert any(isinstance(answer, Overloaded) for answer in late)  # the line had grown

    asyncio.run(scenario())
