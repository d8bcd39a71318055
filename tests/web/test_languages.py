"""Which language a page speaks, and whether each has words for everything."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from starlette.testclient import TestClient

from service.errors import DeskError
from service.store.database import Database
from service.web import slips
from service.web.languages import FOLDER, accepted, known, languages, spoken
from tests.conftest import ROOT
from tests.factories import PAGE, a_comment, a_site
from tests.web.moderating import sign_in
from tests.web.test_thread import publish

OTHERS = [language for language in languages() if language != "en"]
PLACES = re.compile(r"%\(\w+\)s|\{\w*\}|<[^>]+>|%%")


def catalog(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def said(messages: Iterable[Message]) -> set[object]:
    return {message.id for message in messages if message.id}


def in_the_sources() -> set[object]:
    """What `make messages` would collect."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(one["pattern"], one["method"]) for one in mappings]
    options = {one["pattern"]: one for one in mappings}
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "later": None}
    found = extract_from_dir(ROOT, methods, options, keywords)
    return {message for _, _, message, _, _ in found}


def test_all_that_pages_say_stands_in_the_template_of_languages() -> None:
    assert said(catalog(FOLDER / "messages.pot")) == in_the_sources()


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_words_for_everything(language: str) -> None:
    words = catalog(FOLDER / language / "messages.po")
    assert said(words) == said(catalog(FOLDER / "messages.pot"))
    wanting = [one.id for one in words if one.id and (one.fuzzy or not all(one.string or ""))]
    assert not wanting


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_keeps_what_is_filled_in_and_the_marks(language: str) -> None:
    for message in catalog(FOLDER / language / "messages.po"):
        if not message.id:
            continue
        plural = not isinstance(message.id, str)
        wanted = sorted(PLACES.findall(message.id[-1] if plural else str(message.id)))
        told = tuple(message.string or ()) if plural else (str(message.string),)
        assert all(sorted(PLACES.findall(str(text))) == wanted for text in told), message.id


def test_titles_and_sentences_of_errors_are_said_as_they_are_listed() -> None:
    sources = " ".join(
        " ".join(path.read_text().split()) for path in (ROOT / "service").glob("**/*.py")
        if path.name != "slips.py"
    )  # fmt: skip
    strangers = [text for text in slips.SENTENCES if f'"{text}"' not in sources]
    assert not strangers
    titles = {kind.title for kind in DeskError.__subclasses__() if kind.code != "usage"}
    assert titles - set(slips.SENTENCES) == set()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-GB,en;q=0.9,es;q=0.8", "en"),
        ("en;q=0.2, ES;q=0.7", "es"),
        ("tlh, es;q=0.1", "es"),
        ("es;q=0, en;q=0.1", "en"),
        ("es;q=0", "en"),
        ("*, es;q=0.5", "en"),
        ("es;q=nonsense", "en"),
        (",;=,es;q=1.000", "es"),
    ],
)
def test_the_language_is_the_one_a_browser_would_rather_have(header: str, language: str) -> None:
    assert accepted(header) == language


@pytest.mark.parametrize("tag", ["", "../en", "e", "tlh", "-", "es\x00"])
def test_a_tag_that_is_none_of_ours_means_nothing(tag: str) -> None:
    assert known(tag) == ""


def test_outside_a_request_english_is_spoken() -> None:
    assert spoken() == "en"


@pytest.fixture
def site(sqlite: Database) -> int:
    with sqlite.transaction() as conn:
        return a_site(conn).id


def read(client: TestClient, accept: str = "", **query: str) -> str:
    answer = client.get(
        "/threads",
        params={"site": "news", "page_url": PAGE, **query},
        headers={"Accept-Language": accept},
    )
    assert answer.status_code == 200
    assert "Accept-Language" in answer.headers["vary"]
    return answer.text


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("part", ["page", "fragment"])
def test_a_thread_is_cached_by_its_language(
    client: TestClient, sqlite: Database, part: str
) -> None:
    publish(sqlite)
    english = read(client, part=part)
    spanish = read(client, "es-AR", part=part)
    assert ">1 comment<" in english
    assert ">1 comentario<" in spanish
    assert read(client, "en", part=part) == english
    assert read(client, "es", part=part) == spanish


@pytest.mark.usefixtures("site")
def test_a_page_that_is_asked_for_in_a_language_leads_on_in_it(
    client: TestClient, sqlite: Database
) -> None:
    publish(sqlite)
    publish(sqlite)
    page = read(client, "en", lang="es")
    assert '<html lang="es">' in page
    assert '<input type="hidden" name="lang" value="es">' in page
    assert page.count("&amp;lang=es") == 5  # to reply and to report each, and the other order
    assert 'name="lang"' not in read(client, "es")


@pytest.mark.usefixtures("site")
def test_a_refused_form_answers_in_its_language_and_json_in_english(client: TestClient) -> None:
    fields = {"site": "news", "page_url": PAGE, "lang": "es-MX", "name": "", "comment": "Hola"}
    page = client.post("/api/v1/comments", data=fields, headers={"Accept": "text/html"})
    assert page.status_code == 422
    assert '<html lang="es">' in page.text
    assert "Escribe tu nombre." in page.text
    plain = client.post("/api/v1/comments", json=fields, headers={"Accept-Language": "es"})
    assert "Please enter your name." in plain.text


def test_a_problem_speaks_the_language_of_the_browser(client: TestClient) -> None:
    headers = {"Accept": "text/html", "Accept-Language": "es"}
    page = client.get("/nothing-here", headers=headers)
    assert '<html lang="es">' in page.text
    assert "No encontrado" in page.text


def test_what_an_author_wrote_is_escaped_in_every_language(
    client: TestClient, sqlite: Database, site: int
) -> None:
    publish(sqlite, name="<b>%(name)s {n}</b>")
    for language in languages():
        page = read(client, lang=language)
        assert "<b>%(name)s" not in page
        assert "&lt;b&gt;%(name)s {n}&lt;/b&gt;" in page
    assert site


def test_a_moment_is_written_as_the_language_writes_it(
    client: TestClient, sqlite: Database, site: int
) -> None:
    assert site
    publish(sqlite)
    assert "1 de marzo de 2026, 12:" in read(client, "es")
    assert "1 March 2026, 12:" in read(client, "en")


def test_the_desk_speaks_the_language_chosen_on_the_account(
    client: TestClient, sqlite: Database, site: int
) -> None:
    max_ = sign_in(client, sqlite, site_id=site)
    with sqlite.transaction() as conn:
        a_comment(conn)
    told = max_.post("/desk/language", {"language": "es"})
    assert "A partir de ahora la mesa" in max_.get(told.headers["location"]).text
    queue = max_.get("/desk/").text
    assert '<html lang="es">' in queue
    assert "1 comentario en espera" in queue
    assert '<html lang="en">' in max_.get(f"/threads?site=news&page_url={PAGE}").text
    max_.post("/desk/language", {"language": ""})
    assert '<html lang="en">' in max_.get("/desk/").text
