"""What counts as a website, a parent and a page of a submission."""

import pytest

from service.intake.submission import parse_submission
from tests.intake.test_submission import GOOD, PARENT, codes, parsed


def test_addresses_lose_what_copying_brought_along() -> None:
    submission = parsed(
        email="\u202amaria@mail.example\u202c ",
        website="\ufeffhttps://maria.example\n",
        page_url=" https://News.example/harvest?utm_source=x#c ",
    )

    assert submission == parsed(website="https://maria.example")


WEBSITES = {
    "kept as written": ("https://Maria.example/~me?x=1#y", "https://Maria.example/~me?x=1#y"),
    "http": ("http://maria.example:8080", "http://maria.example:8080"),
    "quotes are escaped": ("https://maria.example/\"'>", "https://maria.example/%22%27%3E"),
    "other scripts": ("https://bücher.example/é", "https://xn--bcher-kva.example/%C3%A9"),
    "nothing": ("", ""),
    "a prefilled box": ("https://", ""),
}


NO_WEBSITES = {
    "javascript": "javascript:alert(1)", "data": "data:text/html,x", "ftp": "ftp://maria.example",
    "mail": "mailto:maria@mail.example", "scheme-relative": "//maria.example",
    "credentials": "https://me:pw@maria.example", "e-mail": "maria@mail.example",
    "words": "I have none.", "one word": "none", "blank inside": "https://maria .example",
    "line end inside": "https://maria.example/\nx", "javascript with a host":
    "javascript://maria.example/%0aalert(1)", "script in capitals": "JaVaScRiPt:alert(1)",
}  # fmt: skip


@pytest.mark.parametrize(("value", "website"), WEBSITES.values(), ids=WEBSITES)
def test_a_website_is_a_web_address(value: str, website: str) -> None:
    assert parsed(website=value).website == website


@pytest.mark.parametrize("form", [True, False], ids=["form", "JSON"])
@pytest.mark.parametrize("value", NO_WEBSITES.values(), ids=NO_WEBSITES)
def test_anything_else_is_no_website(value: str, form: bool) -> None:
    assert codes({**GOOD, "website": value}, form=form) == {"website": "invalid-url"}


@pytest.mark.parametrize("value", ["maria.example", "www.maria.example/a?b", "maria.example:8080"])
def test_a_form_may_leave_out_the_scheme(value: str) -> None:
    fields = {**GOOD, "website": value}

    assert parse_submission(fields, form=True).website == f"https://{value}"
    assert codes(fields) == {"website": "invalid-url"}


@pytest.mark.parametrize("value", ["7", "abc", PARENT[:-1], PARENT + "0", "../" + PARENT])
def test_a_parent_is_named_by_an_id(value: str) -> None:
    assert codes({**GOOD, "parent_id": value}) == {"parent_id": "invalid-id"}


def test_an_empty_parent_is_none() -> None:
    assert parsed(parent_id="").parent_id is None
