"""E-mail addresses: strict syntax, one normal form, and the quick way agrees with the library."""

import json
from pathlib import Path

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.intake.email import parse_email

NORMAL = {
    "plain": ("maria.lopez@example.com", "maria.lopez@example.com"),
    "local part keeps its case": ("Maria.Lopez@Example.COM", "Maria.Lopez@example.com"),
    "plus": ("maria+news@mail.example.org", "maria+news@mail.example.org"),
    "rare signs": ("o'neil!#$%@example.com", "o'neil!#$%@example.com"),
    "international domain": ("ann@bücher.example", "ann@bücher.example"),
    "punycode is shown as it reads": ("ann@xn--bcher-kva.example", "ann@bücher.example"),
    "international local part": ("用户@例子.广告", "用户@例子.广告"),
    "composed": ("e\u0301va@example.com", "éva@example.com"),
    "longest local part": ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
}
REFUSED = {
    "empty": "",
    "no sign": "maria.example.com",
    "two signs": "maria@@example.com",
    "no dot in the domain": "maria@localhost",
    "dot at the start": ".maria@example.com",
    "dot at the end": "maria.@example.com",
    "two dots": "ma..ria@example.com",
    "dot ends the domain": "maria@example.com.",
    "hyphen starts a label": "maria@-example.com",
    "hyphens like punycode": "maria@ab--cd.com",
    "blank": "maria lopez@example.com",
    "line end": "maria@example.com\n",
    "second header": "maria@example.com\r\nBcc: all@example.com",
    "two addresses": "maria@example.com,eva@example.com",
    "display name": "Maria <maria@example.com>",
    "quoted": '"maria lopez"@example.com',
    "comment": "maria(work)@example.com",
    "literal": "maria@[192.0.2.1]",
    "special use": "maria@example.invalid",
    "number as top level": "maria@example.123",
    "long local part": "a" * 65 + "@example.com",
    "long label": "maria@" + "a" * 64 + ".com",
    "long altogether": "maria@" + ".".join(["a" * 60] * 4) + ".example.com",
    "bidi": "maria\u202e@example.com",
}


@pytest.mark.parametrize(("text", "normal"), NORMAL.values(), ids=NORMAL)
def test_an_address_gets_its_normal_form(text: str, normal: str) -> None:
    assert parse_email(text) == normal
    assert parse_email(normal) == normal


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_complete_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an e-mail address"):
        parse_email(text)


def in_the_librarys_words(text: str) -> str | None:
    try:
        return validate_email(text, check_deliverability=False, strict=True).normalized
    except EmailNotValidError:
        return None


def in_our_words(text: str) -> str | None:
    try:
        return parse_email(text)
    except ValueError:
        return None


pieces = st.sampled_from(
    [
        "a",
        "B",
        "7",
        ".",
        "-",
        "--",
        "_",
        "+",
        "@",
        "xn--",
        "com",
        ".com",
        "é",
        "info",
        "a" * 63,
        " ",
    ]
    + [f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES]
)
nearly = st.lists(pieces, max_size=8).map("".join)


@given(st.one_of(nearly, st.builds("{}@{}.com".format, nearly, nearly), st.text()))
@example("INFO@example.com")
@example("postmaster@example.com")
@example("a@x-.com")
@settings(max_examples=300, deadline=None)
def test_the_quick_way_agrees_with_the_library(text: str) -> None:
    assert in_our_words(text) == in_the_librarys_words(text)


@given(st.emails())
@settings(max_examples=50, deadline=None)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    normal = in_our_words(text)

    assert normal is None or parse_email(normal) == normal


def test_every_wrong_address_of_the_corpus_is_refused_and_every_valid_one_taken(
    corpora: Path,
) -> None:
    path = corpora / "badinputs" / "isemail" / "tests.json"
    if not path.is_file():
        pytest.skip(f"no e-mail corpus at {path}")
    rows = json.loads(path.read_text("utf-8"))
    by_class: dict[str, list[str]] = {}
    for row in rows:
        text = row.get("address_decoded", row["address"]) or ""
        by_class.setdefault(row["category"], []).append(text)

    assert [a for a in by_class["ISEMAIL_ERR"] if in_our_words(a) is not None] == []
    refused = [a for a in by_class["ISEMAIL_VALID_CATEGORY"] if in_our_words(a) is None]
    # Valid on paper, but a mailbox at a top-level domain can hardly be written to.
    assert len(refused) == 1
    assert "." not in refused[0]
