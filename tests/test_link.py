"""Each kind of URL and what the link makes of it."""

import asyncio
from pathlib import Path

import pytest

from service.link import open_link
from tests.linking import failures, linked, until_up
from tests.redis_server import RedisServer, free_port, running_server


@pytest.mark.parametrize(
    "url",
    ["http://localhost", "redis+cluster://", "redis+sentinel://localhost:1", "redis+cluster://:1,"],
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"Redis|Sentinel"):
        open_link(url)


def test_a_primary_is_found_through_its_sentinels(tmp_path: Path) -> None:
    primary, watch = free_port(), free_port()
    (tmp_path / "sentinel").mkdir()
    config = tmp_path / "sentinel" / "sentinel.conf"
    config.write_text(f"port {watch}\nsentinel monitor desk 127.0.0.1 {primary} 1\n")

    async def scenario() -> int:
        places = f"127.0.0.1:{free_port()},127.0.0.1:{watch}"  # the first one is dead
        async with linked(f"redis+sentinel://{places}/desk/0") as link:
            await until_up(link)
            return await failures(link, 20)

    with running_server(tmp_path, "--port", str(primary)):
        sentinel = RedisServer(tmp_path / "sentinel", config=config)
        try:
            sentinel.start()
            assert asyncio.run(scenario()) == 0
        finally:
            sentinel.stop()
