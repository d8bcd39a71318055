"""R17: beyond what can be dealt with, comments are turned away early; all else goes on."""

import asyncio
from typing import Any

import pytest

from service.errors import Overloaded
from service.web.gate import Gate


class Crowd:
    """An application that takes its time once it has read a body, behind a gate for two."""

    def __init__(self) -> None:
        self.finish = asyncio.Event()
        self.fails = False
        self.gate = Gate(self._work, most=2)

    async def _work(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await self.finish.wait()
        if self.fails:
            raise RuntimeError("no")
        await send("answered")

    def come(
        self, method: str = "POST", path: str = "/api/v1/comments", *, slowly: bool = False
    ) -> "asyncio.Task[list[str]]":
        return asyncio.create_task(self._ask(method, path, slowly))

    async def _ask(self, method: str, path: str, slowly: bool) -> list[str]:
        sent: list[Any] = []
        pieces = [{"type": "http.request", "body": b"{", "more_body": True}] if slowly else []

        async def receive() -> Any:
            if pieces:
                return pieces.pop()
            if slowly:
                await self.finish.wait()
            return {"type": "http.request", "body": b"}"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.gate({"type": "http", "method": method, "path": path}, receive, send)
        return sent


def test_whoever_is_beyond_is_turned_away_at_once_and_told_when_to_come_again() -> None:
    async def scenario() -> None:
        crowd = Crowd()
        first = [crowd.come(), crowd.come("PATCH")]
        await asyncio.sleep(0)

        with pytest.raises(Overloaded) as refusal:
            await asyncio.wait_for(crowd.come("POST", "/api/v1/preview"), 1)
        assert 1 <= refusal.value.retry_after <= 5

        reading, deciding = crowd.come("GET"), crowd.come("POST", "/api/v1/decisions")
        crowd.finish.set()
        for task in (*first, reading, deciding, crowd.come()):
            assert await task == ["answered"]

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
        assert await crowd.come() == ["answered"]

    asyncio.run(scenario())


def test_whoever_sends_slowly_takes_nobody_s_place() -> None:
    async def scenario() -> None:
        crowd = Crowd()
        slow = [crowd.come(slowly=True) for _ in range(50)]
        await asyncio.sleep(0)
        honest = [crowd.come(), crowd.come()]
        await asyncio.sleep(0)
        assert not any(task.done() for task in (*slow, *honest))

        crowd.finish.set()
        assert await asyncio.gather(*honest) == [["answered"]] * 2
        await asyncio.gather(*slow, return_exceptions=True)

    asyncio.run(scenario())
