"""The script as it is served."""

import gzip
import json
import re

import pytest
from starlette.testclient import TestClient

from service.web.embed import accepts_gzip
from tests.conftest import ROOT

STATIC = ROOT / "service" / "web" / "static"


def test_the_script_brings_its_style_and_stays_small(client: TestClient) -> None:
    answer = client.get("/embed.js")

    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(gzip.compress(answer.content, 9)) <= 10 * 1024
    style = re.search(r"const STYLE = (.*);\n", answer.text)
    assert style is not None
    assert ".comment-form" in json.loads(style[1])


def test_an_unchanged_script_is_not_sent_again(client: TestClient) -> None:
    etag = client.get("/embed.js").headers["etag"]

    answer = client.get("/embed.js", headers={"If-None-Match": etag})

    assert answer.status_code == 304
    assert answer.content == b""


def test_the_script_writes_no_html_and_no_inline_style() -> None:
    source = (STATIC / "embed.js").read_text("utf-8")

    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", ".style.",
                      "DOMParser", "eval(", "postMessage", "document.cookie"):  # fmt: skip
        assert forbidden not in source, forbidden
    assert re.search(r"^// @ts-check", source)


def test_sources_can_be_stripped_line_by_line() -> None:
    """Comments are cut out by a pattern, not by a parser."""
    for name in ("embed.js", "thread.css"):
        source = (STATIC / name).read_text("utf-8")
        strings = re.findall(
            r"\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`", re.sub(r"/\*.*?\*/", "", source, flags=re.S)
        )

        assert not [s for s in strings if "/*" in s or "\n//" in s]


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
