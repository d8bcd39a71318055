"""The script as it is served."""

import gzip
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.store.database import Database
from service.web.embed import accepts_gzip, languages
from tests.conftest import ROOT
from tests.factories import a_site

ERRORS = {  # in English the service's own words are shown
    "required name", "required email", "required comment", "invalid-email", "invalid-url",
    "too-long", "not-text", "comments-closed", "rate-limited",
}  # fmt: skip
STATIC = ROOT / "service" / "web" / "static"


def test_the_script_brings_its_style_and_words_and_stays_small(client: TestClient) -> None:
    answer = client.get("/embed.js")

    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert int(answer.headers["content-length"]) <= 10 * 1024  # packed
    assert re.search(r'const STYLE="[^"]*\.comment-form', answer.text)
    assert '"reply":"Reply"' in answer.text


def test_the_part_that_sends_is_a_module_of_its_own_named_by_its_version(
    client: TestClient,
) -> None:
    writing = client.get("/embed/writing.js", headers={"Accept-Encoding": "identity"})

    assert "export class Writer" in writing.text
    assert '"post"' not in client.get("/embed/writing.js").text  # words of the form come before
    version = writing.headers["etag"].strip('"')
    assert f'const WRITING="{version}";' in client.get("/embed.js").text


def places(words: str | dict[str, Any]) -> set[str]:
    """What is to be filled in, as `{n}`."""
    return set(re.findall(r"\{\w+\}", str(words if isinstance(words, str) else words["other"])))


def test_each_language_has_every_word_and_each_word_its_places(client: TestClient) -> None:
    english = client.get("/embed/words/en.json").json()

    for language in languages():
        words = client.get(f"/embed/words/{language}.json").json()
        for known, found in ((english, words), (english["writing"], words["writing"])):
            assert (found.keys() - ERRORS - {"dir"}, language) == (known.keys(), language)
            for name, text in known.items():
                if name == "writing":
                    continue
                assert (places(found[name]), name, language) == (places(text), name, language)
        assert language == "en" or words["writing"].keys() >= ERRORS
    assert len(languages()) >= 8


def test_there_are_no_words_of_a_language_we_do_not_speak(client: TestClient) -> None:
    assert client.get("/embed/words/tlh.json").status_code == 404
    assert client.get("/embed/words/..%2Fen.json").status_code == 404


def test_a_listed_origin_may_fetch_words_and_the_part_that_sends(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn, origin="https://news.example")
    for path in ("/embed/words/es.json", "/embed/writing.js"):
        answer = client.get(path, headers={"Origin": "https://news.example"})

        assert answer.headers["access-control-allow-origin"] == "https://news.example"


def test_an_unchanged_script_is_not_sent_again(client: TestClient) -> None:
    etag = client.get("/embed.js").headers["etag"]

    answer = client.get("/embed.js", headers={"If-None-Match": etag})

    assert answer.status_code == 304
    assert answer.content == b""


def test_the_script_writes_no_html_and_no_inline_style() -> None:
    for path in sorted((STATIC / "embed").glob("*.js")):
        source = path.read_text("utf-8")
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                          ".style.", "DOMParser", "eval(", "postMessage",
                          "document.cookie"):  # fmt: skip
            assert forbidden not in source, (path.name, forbidden)
        assert re.search(r"^// @ts-check", source)


def test_the_bare_address_leads_to_the_desk(client: TestClient) -> None:
    answer = client.get("/", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/")


def test_without_the_demo_there_is_no_article(client: TestClient) -> None:
    assert client.get("/demo").status_code == 404


def test_the_script_is_small_on_the_wire_and_the_same_either_way(client: TestClient) -> None:
    plain = client.get("/embed.js", headers={"Accept-Encoding": "identity"})
    with client.stream("GET", "/embed.js", headers={"Accept-Encoding": "br, gzip"}) as packed:
        sent = b"".join(packed.iter_raw())

    assert (packed.headers["content-encoding"], packed.headers["vary"]) == (
        "gzip", "Accept-Encoding",
    )  # fmt: skip
    assert len(sent) <= 10 * 1024
    assert gzip.decompress(sent) == plain.content
    assert "content-encoding" not in plain.headers
    assert packed.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize(
    ("header", "takes"),
    [("gzip", True), ("br, *;q=0.1", True), ("gzip;q=0", False), ("br", False), ("", False)],
)
def test_gzip_is_sent_only_where_it_is_taken(header: str, takes: bool) -> None:
    assert accepts_gzip(header) is takes
