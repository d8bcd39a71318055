"""The desk's scripts as they are served: small, in files of their own, and writing no HTML."""

import gzip
import re

from starlette.testclient import TestClient

from service.store.database import Database
from tests.conftest import ROOT
from tests.factories import SPAM, a_site, some_comments
from tests.web.moderating import sign_in

STATIC = ROOT / "service" / "web" / "static"
SCRIPTS = sorted(STATIC.glob("desk*.js"))
STYLES = sorted(STATIC.glob("desk*.css"))
HEAVIEST = 60 * 1024  # bytes of a page of the queue with everything on it, packed
LONGEST = 300  # lines


def test_a_full_page_of_the_queue_with_all_it_loads_weighs_no_more_than_60_kb_packed(
    client: TestClient, sqlite: Database
) -> None:
    with sqlite.transaction() as conn:
        a_site(conn)
        some_comments(conn, 60, score=SPAM, website="https://casino.example")
    page = sign_in(client, sqlite).get("/desk/").text

    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    parts = [page.encode(), *(client.get(path).content for path in loaded)]

    assert page.count("<article") == 25
    assert len(loaded) == len(SCRIPTS) + len(STYLES) + 1  # and the icon
    assert sum(len(gzip.compress(part)) for part in parts) <= HEAVIEST


def test_scripts_are_served_under_an_address_of_their_version_and_may_be_kept(
    client: TestClient, sqlite: Database
) -> None:
    page = sign_in(client, sqlite).get("/desk/").text

    for path in re.findall(r'src="(/static/desk[^"]+)"', page):
        answer = client.get(path)
        assert answer.headers["content-type"].startswith("text/javascript")
        known = {"If-None-Match": answer.headers["etag"]}
        assert client.get(path, headers=known).status_code == 304


def test_scripts_write_no_html_run_no_text_and_stay_short() -> None:
    assert SCRIPTS
    for path in SCRIPTS:
        source = path.read_text("utf-8")
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in source, path.name
        assert len(source.splitlines()) <= LONGEST, path.name
