"""Several processes, one service: limits, claims, keys, decisions and pages hold over all of them.

Each test talks to every process on a connection of its own.
"""

import asyncio
import time
from collections import Counter
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from service.store import schema
from tests.factories import ORIGIN, a_comment, some_comments
from tests.replicas.processes import WORKERS, Replicas
from tests.web.asking import COMMENTS, a_body

QUEUE, DECISIONS = "/api/v1/queue", "/api/v1/decisions"

pytestmark = pytest.mark.slow


async def answers_of(*requests: Any) -> list[httpx2.Response]:
    return list(await asyncio.gather(*requests))


def count_comments(replicas: Replicas, site: str) -> int:
    query = select(func.count()).select_from(schema.comment.join(schema.site))
    with replicas.database.transaction() as conn:
        return conn.scalar(query.where(schema.site.c.key == site)) or 0


def test_every_process_has_a_client(replicas: Replicas) -> None:
    async def scenario() -> int:
        async with replicas.clients() as clients:
            return len(clients)

    assert asyncio.run(scenario()) == WORKERS * len(replicas.services)


@pytest.mark.parametrize("scope", ["site", "page", "email", "address"])
def test_a_rate_admits_as_many_as_it_says_over_all_processes(
    replicas: Replicas, scope: str
) -> None:
    site = replicas.add_site(f"limited-{scope}", **{f"limit__{scope}": "20/hour"})

    async def scenario() -> list[httpx2.Response]:
        async with replicas.clients() as clients:
            return await answers_of(
                *(
                    client.post(COMMENTS, json=a_body(site=site, comment=f"Barley {place} {n}."))
                    for n in range(15)
                    for place, client in enumerate(clients)
                )
            )

    answers = asyncio.run(scenario())

    assert Counter(answer.status_code for answer in answers) == {201: 20, 429: len(answers) - 20}
    assert count_comments(replicas, site) == 20


def test_one_text_of_many_authors_is_one_cluster_whichever_process_takes_it_in(
    replicas: Replicas,
) -> None:
    site = replicas.add_site("alike")
    text = "Cheap barley seed, delivered to every farm in the valley before the first frost comes"

    async def scenario() -> list[httpx2.Response]:
        async with replicas.clients() as clients:
            return [
                await client.post(
                    COMMENTS, json=a_body(site=site, name=f"Seller {n}", comment=text)
                )
                for n, client in enumerate(clients * 2)
            ]

    answers = asyncio.run(scenario())

    assert {answer.status_code for answer in answers} == {201}
    query = select(schema.comment.c.cluster).join(schema.site).where(schema.site.c.key == site)
    with replicas.database.transaction() as conn:
        clusters: list[str] = list(conn.scalars(query))
    assert len(clusters) == len(answers)
    assert len(set(clusters)) == 1
    assert clusters[0]


def test_no_comment_is_handed_out_twice(replicas: Replicas) -> None:
    site = replicas.add_site("claims")
    with replicas.database.transaction() as conn:
        ids = some_comments(conn, 60, site=site)
    names = [f"moderator-{n}" for n in range(WORKERS * len(replicas.services))]
    headers = [replicas.add_moderator(name, site) for name in names]

    async def claim_all(client: httpx2.AsyncClient, headers: dict[str, str]) -> list[str]:
        """One's own claims are handed out again, so each asks for two more than it has."""
        claimed: list[str] = []
        while True:
            wanted = {"limit": len(claimed) + 2}
            answer = await client.post(f"{QUEUE}/claim", json=wanted, headers=headers)
            found = [item["id"] for item in answer.json()["items"]]
            if len(found) <= len(claimed):
                return found
            claimed = found

    async def scenario() -> list[list[str]]:
        async with replicas.clients() as clients:
            return await asyncio.gather(*map(claim_all, clients, headers))

    claimed = asyncio.run(scenario())

    assert sorted(comment for own in claimed for comment in own) == sorted(ids)
    assert sum(bool(own) for own in claimed) > 1


def test_one_key_is_one_comment_with_one_answer(replicas: Replicas) -> None:
    site = replicas.add_site("keys")
    body, key = a_body(site=site), {"Idempotency-Key": "double-click"}

    async def scenario() -> tuple[list[httpx2.Response], list[httpx2.Response]]:
        async with replicas.clients() as clients:
            posts = (client.post(COMMENTS, json=body, headers=key) for client in clients * 5)
            answers = await answers_of(*posts)
            other = body | {"comment": "Quite another remark."}
            return answers, await answers_of(
                *(client.post(COMMENTS, json=other, headers=key) for client in clients)
            )

    answers, others = asyncio.run(scenario())

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["edit_token"]
    assert {answer.json()["code"] for answer in others} == {"idempotency-mismatch"}
    assert count_comments(replicas, site) == 1


def test_one_text_sent_at_once_without_a_key_is_one_comment(replicas: Replicas) -> None:
    site = replicas.add_site("twins")

    async def scenario() -> list[httpx2.Response]:
        async with replicas.clients() as clients:
            posts = (client.post(COMMENTS, json=a_body(site=site)) for client in clients * 5)
            return await answers_of(*posts)

    answers = asyncio.run(scenario())

    assert {answer.status_code for answer in answers} == {201}
    receipts = [answer.json() for answer in answers]
    assert len({(receipt["id"], receipt["status"]) for receipt in receipts}) == 1
    assert sum("edit_token" in receipt for receipt in receipts) == 1  # the first one's alone
    assert count_comments(replicas, site) == 1


def test_of_those_who_decide_at_once_one_wins_and_the_others_learn_who(replicas: Replicas) -> None:
    site = replicas.add_site("decisions")
    with replicas.database.transaction() as conn:
        ids = some_comments(conn, 8, site=site)
    names = [f"decider-{n}" for n in range(WORKERS * len(replicas.services))]
    headers = [replicas.add_moderator(name, site) for name in names]

    async def scenario() -> list[list[httpx2.Response]]:
        async with replicas.clients() as clients:
            asking = list(zip(clients, headers, strict=True))
            decisions = (
                {"ids": [comment_id], "outcome": "approve", "versions": {comment_id: 1}}
                for comment_id in ids
            )
            return [
                await answers_of(
                    *(client.post(DECISIONS, json=seen, headers=own) for client, own in asking)
                )
                for seen in decisions
            ]

    for answers in asyncio.run(scenario()):
        statuses = [answer.status_code for answer in answers]
        assert Counter(statuses) == {200: 1, 409: len(names) - 1}
        winner = names[statuses.index(200)]
        for answer in answers:
            for conflict in answer.json()["conflicts"]:
                assert (conflict["status"], conflict["by"]) == ("published", winner)


def test_a_decision_is_taken_back_once(replicas: Replicas) -> None:
    site = replicas.add_site("undo")
    with replicas.database.transaction() as conn:
        comment = a_comment(conn, site=site)
    own = replicas.add_moderator("max", site)

    async def scenario() -> list[httpx2.Response]:
        async with replicas.clients() as clients:
            decision = {"ids": [comment.id], "outcome": "approve"}
            made = await clients[0].post(DECISIONS, json=decision, headers=own)
            undo = f"{DECISIONS}/{made.json()['decision_id']}/undo"
            return await answers_of(*(client.post(undo, headers=own) for client in clients))

    answers = asyncio.run(scenario())

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 404, 409}  # 409: asked while it was being taken back


@pytest.mark.parametrize("path", [COMMENTS, "/threads"])
def test_a_decision_and_its_undo_show_in_every_process_within_a_second(
    replicas: Replicas, path: str
) -> None:
    site = replicas.add_site(f"fresh-{path.strip('/').replace('/', '-')}")
    with replicas.database.transaction() as conn:
        comment = a_comment(conn, site=site, name="Freshly shown")
    own = replicas.add_moderator("max", site)
    page = {"site": site, "page_url": f"{ORIGIN}/harvest"}

    async def is_shown(client: httpx2.AsyncClient) -> bool:
        answer = await client.get(path, params=page)
        assert answer.status_code == 200
        return "Freshly shown" in answer.text

    async def stale_for(client: httpx2.AsyncClient, shown: bool, since: float) -> float:
        """How long after `since` a request was sent that still got the page of before; 0: none."""
        last = 0.0
        while True:
            sent = time.monotonic() - since
            if await is_shown(client) is shown:
                return last
            last = sent
            await asyncio.sleep(0.01)

    async def scenario() -> list[float]:
        async with replicas.clients() as clients:
            assert not any([await is_shown(client) for client in clients * 2])
            decision = {"ids": [comment.id], "outcome": "approve"}
            made = await clients[0].post(DECISIONS, json=decision, headers=own)
            since = time.monotonic()
            late = await asyncio.gather(*(stale_for(client, True, since) for client in clients))
            undo = f"{DECISIONS}/{made.json()['decision_id']}/undo"
            assert (await clients[-1].post(undo, headers=own)).status_code == 200
            since = time.monotonic()
            late += await asyncio.gather(*(stale_for(client, False, since) for client in clients))
            return late

    late = asyncio.run(scenario())

    assert max(late) <= (0 if replicas.database.is_sqlite else 1)
