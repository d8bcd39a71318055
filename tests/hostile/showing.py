"""Judges every page that shows comments: the queue, the desk, each comment's own page, threads."""

from collections.abc import Mapping
from typing import Any

from starlette.testclient import TestClient

from tests.hostile.judging import findings, live_markup
from tests.hostile.placing import Count
from tests.web.asking import COMMENTS

_TOGETHER = 50
_STATUSES = ("held", "published", "rejected")


def judge_pages(
    client: TestClient,
    moderator: Mapping[str, str],
    count: Count,
    *,
    desk_pages: int = 1,
    own_pages: int = 4,
) -> None:
    """Look at these comments as moderators do, approve all, and look as readers do.

    Of the desk's pages every `desk_pages`-th is judged, of those for one comment every
    `own_pages`-th.
    """
    entries = _queue(client, moderator, count, desk_pages)
    lost = set(count.taken) - set(entries)
    count.failures += [f"not in the queue: {count.taken[comment_id]}"[:300] for comment_id in lost]
    known = {comment_id: sent for comment_id, sent in count.taken.items() if comment_id in entries}
    for number, (comment_id, sent) in enumerate(known.items()):
        count.failures += _changed(entries[comment_id], sent)
        if number % own_pages == 0:
            judge(client.get(f"/desk/comments/{comment_id}", headers=moderator), count)
    ids = sorted(known)
    for start in range(0, len(ids), 200):
        body = {"ids": ids[start : start + 200], "outcome": "approve"}
        client.post("/api/v1/decisions", json=body, headers=moderator)
    pages = sorted({entries[comment_id]["page_url"] for comment_id in known})
    seen = {comment_id for page in pages for comment_id in _thread(client, page, count)}
    count.failures += [f"not published: {count.taken[i]}"[:300] for i in set(ids) - seen]


def _queue(
    client: TestClient, moderator: Mapping[str, str], count: Count, desk_pages: int
) -> dict[str, Any]:
    """Every entry of the queue by id; its pages of HTML are judged on the way."""
    entries: dict[str, Any] = {}
    pages = 0
    for status in _STATUSES:
        query: dict[str, Any] = {"status": status, "limit": str(_TOGETHER), "cursor": ""}
        while query["cursor"] is not None:
            answer = client.get("/api/v1/queue", params=query, headers=moderator)
            assert answer.status_code == 200, answer.text
            entries |= {entry["id"]: entry for entry in answer.json()["items"]}
            if pages % desk_pages == 0:
                judge(client.get("/desk/", params=query, headers=moderator), count)
            pages += 1
            query["cursor"] = answer.json()["next_cursor"]
    return entries


def _changed(entry: Mapping[str, Any], sent: Mapping[str, str]) -> list[str]:
    """Fields that are stored otherwise than they were sent, beyond what is promised."""
    expected = {
        "comment": sent.get("comment", entry["comment"]).replace("\r\n", "\n").replace("\r", "\n"),
        "name": " ".join(sent.get("name", entry["name"]).split()),
    }
    return [
        f"{name} came back as {entry[name]!r}, not {text!r}"[:400]
        for name, text in expected.items()
        if entry[name] != text
    ]


def judge(answer: Any, count: Count) -> None:
    """A page of HTML must be there and hold nothing alive."""
    if answer.status_code != 200:
        count.failures.append(f"{answer.request.url}: {answer.status_code}")
    elif found := live_markup(answer.text):
        count.failures.append(f"{answer.request.url}: {found[:5]}")


def _thread(client: TestClient, page_url: str, count: Count) -> set[str]:
    """The ids of a page's published comments; the thread is judged as JSON and as HTML."""
    seen = set()
    query = {"site": "news", "page_url": page_url, "limit": str(_TOGETHER), "cursor": ""}
    while query["cursor"] is not None:
        answer = client.get(COMMENTS, params=query)
        if answer.status_code != 200:
            count.failures.append(f"{page_url}: {answer.status_code}")
            break
        page = answer.json()
        for comment in page["comments"]:
            seen.add(comment["id"])
            if found := findings(comment["html"]):
                count.failures.append(f"{comment['html'][:200]}: {found[:5]}")
            if comment["website"] and not comment["website"].startswith(("http://", "https://")):
                count.failures.append(f"website {comment['website'][:200]}")
        judge(client.get("/threads", params=query), count)
        query["cursor"] = page["next_cursor"]
    return seen
