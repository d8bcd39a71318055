"""S1, S2: whole corpora in every field and by every way in, judged on every page that shows it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.hostile.corpora import TEXTS, read_inputs, read_texts
from tests.hostile.judging import findings
from tests.hostile.placing import (
    PLACES,
    WRAPPED,
    Count,
    as_json,
    enter_answer,
    put_everywhere,
)
from tests.hostile.showing import judge, judge_pages
from tests.web.asking import COMMENTS, a_body, bearing, post

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Settle = Callable[..., None]
WAYS = {"json": 1, "urlencoded": 5, "multipart": 5}  # every how many of the desk's pages to judge


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("corpus", TEXTS)
def test_s1_a_corpus_in_every_field_is_refused_by_name_or_shown_as_text(
    client: TestClient, moderator: dict[str, str], bad: Path, settle: Settle, corpus: str, way: str
) -> None:
    texts, inputs = read_texts(corpus, bad)

    count = put_everywhere(client, way, texts, PLACES)
    judge_pages(client, moderator, count, desk_pages=WAYS[way], own_pages=4 * WAYS[way])

    settle(corpus, f"new comment, {way}", inputs, count)


@pytest.mark.parametrize("corpus", TEXTS)
def test_s1_a_corpus_inside_fields_that_are_fine_is_shown_as_text(
    client: TestClient, moderator: dict[str, str], bad: Path, settle: Settle, corpus: str
) -> None:
    texts, inputs = read_texts(corpus, bad)

    count = put_everywhere(client, "json", texts, WRAPPED)
    judge_pages(client, moderator, count, own_pages=8)

    settle(corpus, "new comment, within what is fine", inputs, count)


@pytest.mark.parametrize("corpus", TEXTS)
def test_s2_a_corpus_as_edits_is_refused_by_name_or_shown_as_text(
    client: TestClient, moderator: dict[str, str], bad: Path, settle: Settle, corpus: str
) -> None:
    texts, inputs = read_texts(corpus, bad)
    count = Count(tried=len(texts))

    for number, text in enumerate(texts):
        receipt = post(client, comment=f"Before {number}.", email=f"ann{number}@mail.example")
        path, token = f"{COMMENTS}/{receipt['id']}", bearing(receipt["edit_token"])
        answer = client.patch(path, **as_json({"comment": text}, token))
        enter_answer(count, answer, receipt["id"], text)
    judge_pages(client, moderator, count, desk_pages=5, own_pages=20)

    settle(corpus, "edit", inputs, count)


@pytest.mark.parametrize("corpus", TEXTS)
def test_s2_a_corpus_as_previews_is_refused_by_name_or_harmless(
    proxied: TestClient, bad: Path, settle: Settle, corpus: str
) -> None:
    texts = read_inputs(corpus, bad)
    count = Count(tried=len(texts))

    for number, text in enumerate(texts):
        client = {"X-Forwarded-For": f"203.0.{number // 250}.{number % 250}"}
        answer = proxied.post(
            "/api/v1/preview", **as_json({"site": "news", "comment": text}, client)
        )
        enter_answer(count, answer, str(number), text)
        if answer.status_code == 200 and (found := findings(answer.json()["html"])):
            count.failures.append(f"{text[:100]!r}: {found[:3]}")

    settle(corpus, "preview, each alone", len(texts), count)


@pytest.mark.parametrize("corpus", TEXTS)
def test_s2_a_corpus_as_notes_of_moderators_is_refused_by_name_or_shown_as_text(
    client: TestClient, moderator: dict[str, str], bad: Path, settle: Settle, corpus: str
) -> None:
    texts, inputs = read_texts(corpus, bad)
    count = Count(tried=len(texts))
    comment_id = ""

    for number, text in enumerate(texts):
        if number % 40 == 0:  # so many lines of history stand on one page
            comment_id = post(client, **a_body(comment=f"Number {number}."))["id"]
        fields = {"ids": [comment_id], "outcome": "reject" if len(count.taken) % 2 else "approve"}
        answer = client.post("/api/v1/decisions", **as_json(fields | {"note": text}, moderator))
        enter_answer(count, answer, str(number), text, "note")
        if number % 40 == 39 or number == len(texts) - 1:
            judge(client.get(f"/desk/comments/{comment_id}", headers=moderator), count)

    settle(corpus, "a moderator's note", inputs, count)
