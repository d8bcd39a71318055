"""The desk's page of numbers and its exports: who sees what, and that cells stay cells."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from service.store.database import Database
from service.vocabulary import Role
from service.web import numbers
from tests.factories import ORIGIN, a_comment, a_site
from tests.web.moderating import sign_in


@pytest.fixture(autouse=True)
def sites(sqlite: Database) -> tuple[int, int]:
    with sqlite.transaction() as conn:
        news = a_site(conn)
        other = a_site(conn, "other", origin="https://other.example")
        a_comment(conn, now=datetime.now(UTC))
        a_comment(conn, now=datetime.now(UTC), site="other", page_url="https://other.example/x")
    return news.id, other.id


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_the_page_shows_charts_and_the_same_numbers_as_tables(
    client: TestClient, sqlite: Database
) -> None:
    page = sign_in(client, sqlite).get("/desk/numbers?span=30d").text

    assert '<option value="30d" selected>' in page
    assert page.count('role="img" aria-labelledby=') == 2
    assert page.count("<rect ") == 1  # one day on which something came in
    assert len(re.findall('<th scope="row"><time', page)) == 30
    assert "Hours and days are those of UTC." in page
    assert "/desk/numbers.csv?site=&amp;span=30d" in page


def test_a_viewer_of_one_site_sees_nothing_of_another(
    client: TestClient, sqlite: Database, sites: tuple[int, int]
) -> None:
    viewer = sign_in(client, sqlite, "vera", Role.VIEWER, sites[0])

    for path in ("/desk/numbers", "/desk/numbers.csv", "/desk/numbers.json"):
        assert "other.example" not in viewer.get(path).text
        foreign, unknown = (viewer.get(f"{path}?site={key}") for key in ("other", "nowhere"))
        assert (foreign.status_code, unknown.status_code) == (403, 404)
        assert "other.example" not in foreign.text
    for key in ("other", "nowhere"):
        assert "No such site, or not one of yours." in viewer.get(f"/desk/numbers?site={key}").text


def test_a_span_nobody_offers_is_named(client: TestClient, sqlite: Database) -> None:
    answer = sign_in(client, sqlite).get("/desk/numbers?span=1y")

    assert answer.status_code == 422
    assert "<h1>Numbers</h1>" in answer.text
    assert 'role="alert"' in answer.text


def test_csv_and_json_hold_the_same_numbers(client: TestClient, sqlite: Database) -> None:
    eva = sign_in(client, sqlite)

    as_csv = eva.get("/desk/numbers.csv?site=news&span=24h")
    as_json = eva.get("/desk/numbers.json?site=news&span=24h")

    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert as_csv.headers["cache-control"] == "private, no-store"
    assert 'attachment; filename="numbers-24h-' in as_csv.headers["content-disposition"]
    head, *rows = cells(as_csv.text)
    assert head == ["number", "key", "value", "of"]
    listed = as_json.json()["numbers"]
    plain = [["" if value is None else str(value) for value in line.values()] for line in listed]
    same = [number for number in plain if number[0] != "since"]
    assert [row for row in rows if row[0] != "since"] == same
    assert ["waiting", "", "1", ""] in rows
    assert sum(int(row[2]) for row in rows if row[0] == "came in") == 1
    assert ["busiest page", f"{ORIGIN}/harvest", "1", "1"] in rows


def test_s33_no_cell_of_an_export_is_taken_for_a_formula(
    client: TestClient, sqlite: Database
) -> None:
    eva = sign_in(client, sqlite)
    with sqlite.transaction() as conn:
        a_comment(conn, now=datetime.now(UTC), page_url=f"{ORIGIN}/=1+1,@x\"'")
    found = cells(eva.get("/desk/numbers.csv").text)
    dangerous = ("=", "+", "-", "@", "\t", "\r")

    assert not [cell for row in found for cell in row if cell.startswith(dangerous)]
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"):
        assert numbers.safe_cell(text) == f"'{text}"
    assert numbers.safe_cell("a=1") == "a=1"
    assert numbers.safe_cell(-1) == -1
