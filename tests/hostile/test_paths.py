"""S1, S6: whole corpora in query parameters, filters of the desk, forms that fail, and sign-ins."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote_from_bytes

import html5lib
import pytest
from starlette.testclient import TestClient

from tests.hostile.corpora import TEXTS, packed, read_inputs, read_texts
from tests.hostile.inputs import FIELDS
from tests.hostile.judging import live_markup
from tests.hostile.placing import Count
from tests.web.asking import COMMENTS, THREAD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Settle = Callable[..., None]
_READING = ("site", "page_url", "order", "limit", "cursor")
_FILTERS = ("site", "page_url", "order", "limit", "cursor", "status", "reason", "q")
PARAMETERS = {
    COMMENTS: _READING, "/threads": _READING, "/threads/form": ("site", "page_url", "parent_id"),
    "/api/v1/counts": ("site", "page_url"), "/api/v1/form": ("site", "page_url"),
    "/api/v1/queue": _FILTERS, "/desk/": (*_FILTERS, "decided", "undone"),
    "/desk/sign-in": ("next", "link"),
}  # fmt: skip
BROWSER = {"Accept": "text/html", "Origin": "http://testserver"}


@pytest.mark.parametrize("corpus", TEXTS)
def test_s1_a_corpus_in_parameters_is_no_error(
    client: TestClient, moderator: dict[str, str], bad: Path, settle: Settle, corpus: str
) -> None:
    texts, inputs = read_texts(corpus, bad)
    count = Count()
    for number, text in enumerate(texts):
        for path, names in PARAMETERS.items():
            _ask(client, path, names[number % len(names)], text, moderator, count)

    settle(corpus, "a parameter of each page in turn", inputs, count)


def _ask(
    client: TestClient, path: str, name: str, text: str, moderator: dict[str, str], count: Count
) -> None:
    value = quote_from_bytes(text.encode("utf-8", "surrogatepass")[:4000])
    rest = "".join(f"&{n}={quote_from_bytes(v.encode())}" for n, v in THREAD.items() if n != name)
    query = rest if path in (COMMENTS, "/threads", "/threads/form", "/api/v1/form") else ""
    answer = client.get(f"{path}?{name}={value}{query}", headers=moderator)
    count.tried += 1
    if answer.status_code in (200, 304):
        count.taken[str(count.tried)] = {name: text}
    elif answer.status_code in (403, 404, 422):
        count.refused += 1
    else:
        count.failures.append(f"{path} {name}={text[:100]!r}: {answer.status_code}")
    if answer.headers["content-type"].startswith("text/html"):
        count.failures += [f"{path} {name}={text[:99]!r}: {f}" for f in live_markup(answer.text)]


@pytest.mark.parametrize("corpus", TEXTS)
def test_s1_a_corpus_in_a_form_that_fails_comes_back_as_text_and_whole(
    client: TestClient, bad: Path, settle: Settle, corpus: str
) -> None:
    inputs = [text for text in read_inputs(corpus, bad) if _is_plain(text)]
    texts = list(packed(inputs, 2000))
    count = Count()
    for number in range(len(texts)):
        fields = {name: texts[(number + n) % len(texts)] for n, name in enumerate(FIELDS)}
        answer = client.post(
            COMMENTS, data=fields | {"site": "news", "email": "no address"}, headers=BROWSER
        )
        count.tried += len(fields)
        count.taken[str(number)] = fields
        count.failures += [f"{fields}: {found}"[:400] for found in live_markup(answer.text)]
        typed = html5lib.parse(answer.text, namespaceHTMLElements=False).find(".//textarea")
        if answer.status_code != 422 or typed is None or typed.text != fields["comment"]:
            count.failures.append(f"{answer.status_code}, not whole: {fields['comment'][:200]!r}")

    settle(corpus, "a form that fails", len(inputs), count)


def _is_plain(text: str) -> bool:
    """Without what an HTML parser itself changes in a text area, or no form can hold."""
    return re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", text) is None


@pytest.mark.parametrize("corpus", TEXTS)
def test_s1_a_corpus_signs_nobody_in_and_comes_back_as_text(
    proxied: TestClient, bad: Path, settle: Settle, corpus: str
) -> None:
    inputs = read_inputs(corpus, bad)
    count = Count()
    for number, text in enumerate(packed(inputs, 3_000)):
        value = quote_from_bytes(text.encode("utf-8", "surrogatepass"))
        answer = proxied.post(
            "/desk/sign-in",
            content=f"link={value}" if number % 2 else f"name={value}&password=x&next={value}",
            headers={
                **BROWSER,
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Forwarded-For": f"198.51.{number // 250}.{number % 250}",
            },
        )
        count.tried += 1
        count.refused += answer.status_code in (400, 401, 429)
        if answer.status_code not in (400, 401, 429):
            count.failures.append(f"{text[:100]!r}: {answer.status_code}")
        count.failures += [f"{text[:100]!r}: {found}" for found in live_markup(answer.text)]

    settle(corpus, "signing in", len(inputs), count)
