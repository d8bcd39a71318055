"""Hypothesis on intake: whatever comes, it is parsed within its bounds or refused by name."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain import Submission
from service.errors import InvalidSubmission, UnreadableBody
from service.intake.address import client_address, prefixes
from service.intake.body import parse_json, parse_urlencoded
from service.intake.page import normalise_page_url
from service.intake.submission import parse_submission
from service.markup import render
from service.text import normalise
from tests.hostile.inputs import FIELDS, HOSTILE
from tests.hostile.judging import findings
from tests.web.asking import a_body

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLES = 1_000
LIMITS = {"name": 100, "email": 254, "website": 2048, "comment": 10_000, "page_title": 300,
          "page_text": 2000, "lang": 35, "page_url": 2048, "site": 100}  # fmt: skip
KNOWN = {*FIELDS, "consent", "Idempotency-Key", ""}

thorough = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
any_text = st.text(st.characters(exclude_categories=[]), max_size=80)
texts = any_text | st.sampled_from(HOSTILE) | st.builds("{}{}".format, any_text, any_text)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
bodies = st.dictionaries(st.sampled_from(FIELDS), texts | anything, max_size=6).map(
    lambda fields: a_body() | fields
)


def parsed(fields: object, *, form: bool = False, key: str = "") -> Submission | None:
    """The submission, or nothing where every error names a field we know."""
    try:
        return parse_submission(fields, form=form, idempotency_key=key)
    except InvalidSubmission as refusal:
        named = {error.field for error in refusal.errors}
    assert named
    assert named <= KNOWN
    return None


@given(bodies, st.booleans(), texts)
@thorough
def test_s9_a_body_is_within_its_bounds_or_refused_by_name(
    fields: Mapping[str, Any], form: bool, key: str
) -> None:
    submission = parsed(fields, form=form, key=key)
    if submission is None:
        return

    for name, limit in LIMITS.items():
        text = getattr(submission, name)
        assert len(text) <= limit
        assert "\x00" not in text
        text.encode()  # no lone surrogate
    assert submission.website.partition(":")[0].lower() in ("", "http", "https")
    again = {name: getattr(submission, name) for name in LIMITS}
    assert parsed(again) is not None
    assert findings(render(submission.comment)) == []


@given(anything)
@thorough
def test_s6_what_is_no_object_is_refused(fields: object) -> None:
    if not isinstance(fields, dict):
        assert parsed(fields) is None


@given(st.binary(max_size=200) | texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
@thorough
def test_s6_any_bytes_are_read_or_refused(body: bytes) -> None:
    for parse in (parse_json, parse_urlencoded):
        with suppress(UnreadableBody):
            parse(body)


@given(texts | texts.map("https://news.example/{}".format))
@thorough
def test_s5_normal_forms_are_their_own(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    try:
        url = normalise_page_url(text)
    except ValueError:
        return
    assert normalise_page_url(url) == url
    assert url.isascii()


@given(st.lists(texts | st.ip_addresses().map(str), max_size=50), st.ip_addresses().map(str))
@thorough
def test_s17_no_header_changes_the_address_of_a_peer_that_is_no_proxy(
    forwarded: list[str], peer: str
) -> None:
    expected = prefixes(peer)

    assert prefixes(client_address(peer, forwarded, ())) == expected


@pytest.fixture(autouse=True)
def noted(request: pytest.FixtureRequest, note: Callable[..., None]) -> None:
    """Enter each property in the table."""
    name = request.node.name.removeprefix("test_").replace("_", " ")
    note("hypothesis", name[:34], EXAMPLES, tried=EXAMPLES, refused=0, shown=0, failures=0)
