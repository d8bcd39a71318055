"""Bodies: any bytes become plain values or an UnreadableBody, nothing else."""

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.errors import InvalidSubmission, UnreadableBody
from service.intake.body import MAX_FIELDS, parse_json, parse_urlencoded
from service.intake.submission import parse_submission

UNREADABLE_JSON = {
    "empty": b"",
    "cut": b'{"name": "Ann',
    "trailing comma": b'{"name": "Ann",}',
    "two values": b"{} {}",
    "not UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "Ann"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "key twice": b'{"name": "Ann", "name": "Eve"}',
    "key twice, escaped": rb'{"name": "Ann", "n\u0061me": "Eve"}',
    "key twice, deeper": b'[{"a": {"b": 1, "b": 1}}]',
    "NaN": b'{"a": NaN}',
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "control character in a string": b'"a\x00b"',
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b"[" * 50_000 + b"]" * 50_000,
    "a number of many digits": b"1" * 5_000,
}


@pytest.mark.parametrize("body", UNREADABLE_JSON.values(), ids=UNREADABLE_JSON)
def test_unreadable_json_is_refused_in_plain_words(body: bytes) -> None:
    with pytest.raises(UnreadableBody) as caught:
        parse_json(body)

    assert caught.value.status == 400
    assert len(caught.value.detail) < 120
    assert "Traceback" not in caught.value.detail


def test_readable_json_gives_its_value() -> None:
    body = '{"name": "Ánn \\ud83d\\ude00", "list": [1, -2.5e3, true, null, {}]}'.encode()

    assert parse_json(body) == {"name": "Ánn 😀", "list": [1, -2500.0, True, None, {}]}


def test_a_lone_surrogate_survives_for_its_field_to_answer() -> None:
    fields = parse_json(rb'{"name": "\ud800"}')

    with pytest.raises(InvalidSubmission) as caught:
        parse_submission(fields)
    assert ("name", "not-text") in {(e.field, e.code) for e in caught.value.errors}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=9))
def test_what_json_writes_is_read_back(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary())
@example(b"%")
@example(b"=")
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for parse in (parse_json, parse_urlencoded):
        try:
            fields = parse(body)
        except UnreadableBody:
            continue
        with pytest.raises(InvalidSubmission):
            parse_submission(fields, form=True)


UNREADABLE_FORMS = {
    "lone percent": b"name=100%",
    "half an escape": b"name=%4",
    "no hexadecimal": b"name=%zz",
    "bad escape in a name": b"na%me=x",
    "not UTF-8, escaped": b"name=%ff",
    "not UTF-8, raw": b"name=\xff",
    "surrogate": b"name=%ed%a0%80",
    "field twice": b"name=Ann&name=Eve",
    "field twice, escaped": b"name=Ann&n%61me=Eve",
    "too many fields": b"&".join(b"f%d=" % n for n in range(MAX_FIELDS + 1)),
}


@pytest.mark.parametrize("body", UNREADABLE_FORMS.values(), ids=UNREADABLE_FORMS)
def test_an_unreadable_form_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        parse_urlencoded(body)


READABLE_FORMS = {
    "plain": (b"name=Ann&comment=Hi", {"name": "Ann", "comment": "Hi"}),
    "blanks and escapes": (b"name=Ann+B%2BC%20D", {"name": "Ann B+C D"}),
    "escaped UTF-8": (b"name=%C3%81nn", {"name": "Ánn"}),
    "raw UTF-8": ("name=Ánn".encode(), {"name": "Ánn"}),
    "no value": (b"name=&email", {"name": "", "email": ""}),
    "equals sign in a value": (b"comment=a=b", {"comment": "a=b"}),
    "empty pieces": (b"&name=Ann&&", {"name": "Ann"}),
    "nothing": (b"", {}),
    "most fields": (b"&".join(b"f%d=" % n for n in range(MAX_FIELDS)), None),
}


@pytest.mark.parametrize(("body", "fields"), READABLE_FORMS.values(), ids=READABLE_FORMS)
def test_a_form_gives_its_fields(body: bytes, fields: dict[str, str] | None) -> None:
    found = parse_urlencoded(body)

    assert found == fields if fields is not None else len(found) == MAX_FIELDS


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=20))
def test_what_a_browser_encodes_is_read_back(fields: dict[str, str]) -> None:
    assert parse_urlencoded(urlencode(fields).encode()) == fields


def test_the_json_corpus_is_read_or_refused_as_it_says(corpora: Path) -> None:
    folder = corpora / "badinputs" / "jsontestsuite" / "test_parsing"
    if not folder.is_dir():
        pytest.skip(f"no JSON corpus at {folder}")
    wrong = [path.name for path in sorted(folder.iterdir()) if not _is_as_named(path)]

    assert wrong == []


def _is_as_named(path: Path) -> bool:
    """y: reads and is no comment (the two with a key twice are refused), n: 400, i: either."""
    try:
        parse_submission(parse_json(path.read_bytes()))
    except UnreadableBody:
        return not path.name.startswith("y") or "duplicated_key" in path.name
    except InvalidSubmission:
        return not path.name.startswith("n")
    return False
