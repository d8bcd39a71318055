"""Submissions: a body's fields become one, or every bad field is named at once."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import Signal, Submission
from service.errors import FieldError, InvalidSubmission
from service.intake.submission import parse_comment, parse_page_url, parse_submission
from service.vocabulary import Code

GOOD = {
    "site": "news",
    "page_url": "https://news.example/harvest",
    "name": "Maria",
    "email": "maria@mail.example",
    "comment": "The well ran dry in June.",
}
TEXT_FIELDS = [
    *GOOD, "page_title", "page_text", "lang", "parent_id", "website", "form_token", "author_token",
    "proof", "url2",
]  # fmt: skip
PARENT = "0195d2c0-6a5e-7000-8000-00000000000a"


def parsed(**changes: object) -> Submission:
    return parse_submission({**GOOD, **changes})


def codes(fields: object, *, form: bool = False, idempotency_key: str = "") -> dict[str, str]:
    """Field → code of what is refused; each field once, each message a sentence."""
    errors: list[FieldError] = []
    try:
        parse_submission(fields, form=form, idempotency_key=idempotency_key)
    except InvalidSubmission as invalid:
        errors = invalid.errors
    assert all(error.message[0].isupper() and error.message[-1] == "." for error in errors)
    assert len({error.field for error in errors}) == len(errors)
    return {error.field: error.code for error in errors}


def test_a_complete_body_becomes_a_submission() -> None:
    fields = {
        **GOOD,
        "page_title": "The  harvest\nof June",
        "page_text": "Farmers\nsay",
        "lang": "en_US",
        "parent_id": PARENT.upper(),
        "website": "https://maria.example",
        "consent": True,
        "form_token": "t",
        "author_token": "a",
        "unknown": [1],
    }

    submission = parse_submission(fields, address="203.0.113.9", idempotency_key="k-1")

    assert submission == Submission(
        site="news",
        page_url="https://news.example/harvest",
        name="Maria",
        email="maria@mail.example",
        comment="The well ran dry in June.",
        page_title="The harvest of June",
        page_text="Farmers\nsay",
        lang="en-US",
        parent_id=PARENT,
        website="https://maria.example",
        consent=True,
        form_token="t",
        author_token="a",
        idempotency_key="k-1",
        address="203.0.113.9",
        address_prefixes=("203.0.113.9/32", "203.0.113.0/24"),
    )


def test_what_the_body_claims_about_itself_is_ignored() -> None:
    claims = {"status": "published", "score": 0.0, "author_proven": True, "address": "1.1.1.1"}

    assert parsed(**claims) == parsed()


def test_every_bad_field_is_named_at_once() -> None:
    fields = {"name": " ", "email": "maria", "website": "javascript:alert(1)", "comment": 7}

    assert codes(fields) == {
        "site": "required",
        "page_url": "required",
        "name": "required",
        "email": "invalid-email",
        "website": "invalid-url",
        "comment": "wrong-type",
    }


def test_a_reader_is_told_what_to_do() -> None:
    with pytest.raises(InvalidSubmission) as caught:
        parse_submission({**GOOD, "name": "", "comment": "é" * 10_001})

    assert [error.message for error in caught.value.errors] == [
        "Please enter your name.",
        "Your comment can have 10,000 characters; this has 10,001.",
    ]


@pytest.mark.parametrize("fields", [None, [], "text", 7, True, [GOOD]], ids=repr)
def test_a_body_that_is_no_object_is_of_the_wrong_type(fields: object) -> None:
    assert codes(fields) == {"": "wrong-type"}


@pytest.mark.parametrize("value", [None, 7, 1.5, True, [], ["a"], {}, {"a": "b"}], ids=repr)
@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_a_text_field_takes_text_only(field: str, value: object) -> None:
    assert codes({**GOOD, field: value}) == {field: "wrong-type"}


@pytest.mark.parametrize("value", [None, 1, "true", "on", [], {}], ids=repr)
def test_consent_in_json_is_true_or_false(value: object) -> None:
    assert codes({**GOOD, "consent": value}) == {"consent": "wrong-type"}


@pytest.mark.parametrize(
    ("value", "consent"),
    [("on", True), ("yes", True), ("1", True), ("", False), ("false", False), (" No ", False)],
)
def test_consent_in_a_form_is_a_word(value: str, consent: bool) -> None:
    assert parse_submission({**GOOD, "consent": value}, form=True).consent is consent


NOT_TEXT = {
    "NUL": "a\0b", "bell": "a\x07b", "escape": "a\x1bb", "form feed": "a\x0cb",
    "separator": "\x1f", "high surrogate": "a\ud800", "low surrogate": "\udfff",
}  # fmt: skip


@pytest.mark.parametrize("value", NOT_TEXT.values(), ids=NOT_TEXT)
@pytest.mark.parametrize("field", [name for name in TEXT_FIELDS if name != "url2"])
def test_what_is_not_text_is_told_from_what_is_too_long(field: str, value: str) -> None:
    assert codes({**GOOD, field: value * 4}) == {field: "not-text"}


LIMITS = [
    ("name", 100), ("page_title", 300), ("page_text", 2000), ("comment", 10_000), ("site", 100),
    ("form_token", 500), ("author_token", 500), ("proof", 5000),
]  # fmt: skip


@pytest.mark.parametrize(("field", "limit"), LIMITS, ids=[name for name, _ in LIMITS])
def test_a_limit_counts_characters_of_any_script_and_is_exact(field: str, limit: int) -> None:
    assert codes({**GOOD, field: "ж" * (limit - 1) + "😀"}) == {}
    assert codes({**GOOD, field: "ж" * limit + "😀"}) == {field: "too-long"}


@pytest.mark.parametrize("field", ["page_url", "website"])
def test_an_address_may_have_2048_characters(field: str) -> None:
    longest = "https://news.example/".ljust(2048, "a")

    assert codes({**GOOD, field: longest}) == {}
    assert codes({**GOOD, field: longest + "a"}) == {field: "too-long"}


def test_escapes_count_in_a_pages_address() -> None:
    assert codes({**GOOD, "page_url": "https://news.example/" + "é" * 1000}) == {
        "page_url": "too-long"
    }


def test_an_email_may_have_254_characters() -> None:
    address = f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.example"
    longest = address.replace("example", "e" * (254 - len(address) + 7))

    assert codes({**GOOD, "email": longest[:-1]}) == {}
    assert codes({**GOOD, "email": longest + "e"}) == {"email": "too-long"}


def test_line_ends_become_one_before_anything_is_counted() -> None:
    assert parsed(comment="a\r\nb\rc\nd\r\n").comment == "a\nb\nc\nd\n"
    assert codes({**GOOD, "comment": "a\r\n" * 5000}) == {}


BLANK = {
    "nothing": "", "blanks": "  \t\n ", "no-break": "\xa0", "ideographic": "\u3000",
    "zero width": "\u200b\u200d\ufeff", "soft hyphen": "\xad", "bidi": "\u202e\u2069",
    "Hangul filler": "\u3164", "Braille blank": "\u2800", "selector": "\ufe0f",
    "tag": "\U000e0041",
}  # fmt: skip


@pytest.mark.parametrize("value", BLANK.values(), ids=BLANK)
@pytest.mark.parametrize("field", ["name", "comment"])
def test_what_leaves_no_ink_is_blank(field: str, value: str) -> None:
    assert codes({**GOOD, field: value}) == {field: "required"}


@pytest.mark.parametrize("value", ["👍", "؟", "é", "नमस्ते", "👩‍👩‍👧", "!", "\u202eabc"])
def test_what_leaves_ink_is_a_comment(value: str) -> None:
    assert parsed(comment=value).comment == value


def test_a_name_is_one_line() -> None:
    assert parsed(name=" Maria\r\n\tdel  Mar\u2028Cruz ").name == "Maria del Mar Cruz"


def test_a_comment_is_kept_as_written() -> None:
    written = "  - a\n\n\tb  \n\u202eabc\u200d\ufffe\x85 "

    assert parsed(comment=written).comment == written


@pytest.mark.parametrize("value", ["", "e", "english language", "x" * 60, "en--us", "<b>"])
def test_a_page_with_a_strange_language_does_not_cost_its_reader_the_comment(value: str) -> None:
    assert parsed(lang=value).lang == ""


def test_a_filled_honeypot_is_a_signal_and_no_error() -> None:
    assert parsed(url2="https://pills.example").signals == (Signal(Code.HONEYPOT_FILLED),)
    assert parsed(url2="\0").signals == (Signal(Code.HONEYPOT_FILLED),)
    assert parsed(url2=" ").signals == ()


def test_an_idempotency_key_is_255_printable_ascii_characters() -> None:
    assert codes(GOOD, idempotency_key="k" * 255) == {}
    assert codes(GOOD, idempotency_key="k" * 256) == {"Idempotency-Key": "too-long"}
    assert codes(GOOD, idempotency_key="clé") == {"Idempotency-Key": "not-text"}
    assert codes(GOOD, idempotency_key="a\x07b") == {"Idempotency-Key": "not-text"}


def test_a_page_address_or_a_comment_alone_is_read_by_the_same_rules() -> None:
    assert parse_page_url(" HTTPS://News.example ") == "https://news.example/"
    assert parse_comment({"comment": "a\r\nb"}) == "a\nb"
    for value in ("", "news.example", "https://a@b.example/", "\0", "https://n.example/" * 200):
        with pytest.raises(InvalidSubmission):
            parse_page_url(value)
    refused: list[object] = [[], {}, {"comment": " "}, {"comment": None}, {"comment": "x" * 10_001}]
    for fields in refused:
        with pytest.raises(InvalidSubmission):
            parse_comment(fields)


values = st.one_of(
    st.text(max_size=30), st.sampled_from(list(GOOD.values())), st.none(), st.integers(),
    st.booleans(), st.lists(st.text(max_size=3), max_size=2),
)  # fmt: skip
bodies = st.dictionaries(st.sampled_from([*TEXT_FIELDS, "consent", "x"]), values)


@given(bodies, st.booleans(), st.text(max_size=20))
@settings(deadline=None)
def test_any_fields_are_parsed_or_refused_and_parsing_again_changes_nothing(
    fields: dict[str, object], form: bool, key: str
) -> None:
    try:
        first = parse_submission({**GOOD, **fields}, form=form, idempotency_key=key)
    except InvalidSubmission:
        return

    again = {
        name: getattr(first, name)
        for name in [*TEXT_FIELDS, "consent"]
        if name not in ("url2", "proof", "parent_id")
    }
    second = parse_submission(again, form=form, idempotency_key=key)
    assert [getattr(second, name) for name in again] == list(again.values())


def test_naughty_strings_come_back_unchanged_or_are_refused(corpora: Path) -> None:
    path = corpora / "badinputs" / "blns" / "blns.json"
    if not path.is_file():
        pytest.skip(f"no corpus at {path}")
    strings: list[str] = json.loads(path.read_text("utf-8"))

    refused = [text for text in strings if "comment" in codes({**GOOD, "comment": text})]

    assert len(refused) < 12
    for text in set(strings) - set(refused):
        assert parsed(comment=text).comment == text.replace("\r\n", "\n")
    for field in TEXT_FIELDS:
        for text in strings:
            assert set(codes({**GOOD, field: text})) <= {field}
