"""What the tests of the link share: an open link, many calls at once, waiting for its return."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from service.lane import LinkDown, Script
from service.link import Link, open_link
from tests.redis_server import DEADLINE

COUNT = Script("return redis.call('INCR', KEYS[1])")
TIMEOUT = 0.2


@asynccontextmanager
async def linked(url: str, seconds: float = TIMEOUT) -> AsyncIterator[Link]:
    link = open_link(url, timeout=seconds)
    try:
        yield link
    finally:
        await link.aclose()


async def until_up(link: Link) -> None:
    async with asyncio.timeout(DEADLINE):
        for _ in count():
            if await link.ping():
                return
            await asyncio.sleep(0.01)


async def failures(link: Link, number: int) -> int:
    """How many of so many concurrent calls got LinkDown."""
    calls = (link.call(COUNT, ["k"], []) for _ in range(number))
    replies = await asyncio.gather(*calls, return_exceptions=True)
    return sum(isinstance(reply, LinkDown) for reply in replies)
