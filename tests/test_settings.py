"""The settings of a site: one table, each value read once, each mistake explained."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.settings import (
    BY_NAME,
    SETTINGS,
    Certified,
    Policy,
    Rate,
    parse_rate,
    parse_span,
    read_setting,
)


def test_the_defaults_are_what_the_manual_promises() -> None:
    policy = Policy.from_settings({})

    assert policy.limit_address == Rate(10, 60)
    assert (policy.publish_unproven, policy.publish_proven) == ("hold", True)
    assert (policy.threshold_publish, policy.threshold_reject) == (None, None)
    assert (policy.edit_window, policy.form_min_age, policy.form_max_age) == (900, 3, 86400)
    assert (policy.comments, policy.attack_mode) == ("open", "auto")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10/minute", Rate(10, 60)), ("1/second", Rate(1, 1)),
        ("9999999/day", Rate(9999999, 86400)),
        (" 3/hour ", Rate(3, 3600)), ("off", None),
    ],
)  # fmt: skip
def test_a_rate_is_a_number_for_a_unit(text: str, rate: Rate | None) -> None:
    assert parse_rate(text) == rate
    if rate is not None:
        assert parse_rate(str(rate)) == rate


@pytest.mark.parametrize(
    "text", ["", "10", "0/minute", "-1/minute", "10/week", "1.5/hour", "10 / minute", "٣/hour"]
)
def test_anything_else_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="expected N/second"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("15m", 900), ("2h", 7200), ("7d", 604800)]
)
def test_a_span_is_a_number_with_a_letter(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds


VALUES = [
    ("threshold.publish", "0.25", 0.25),
    ("threshold.publish", "model", None),
    ("threshold.reject", "1", 1.0),
    ("threshold.reject", "off", None),
    ("threshold.reject", "certified", Certified()),
    ("links.max", "0", 0),
    ("publish.proven", "off", False),
    ("attack.mode", "on", "on"),
    ("notify.email", " desk@news.example ", "desk@news.example"),
]


@pytest.mark.parametrize(("name", "text", "value"), VALUES)
def test_a_value_is_read_as_its_kind(name: str, text: str, value: object) -> None:
    assert read_setting(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("threshold.publish", "1.1"), ("threshold.publish", "-0.1"), ("threshold.publish", "nan"),
        ("threshold.publish", "high"), ("links.max", "-1"), ("links.max", "three"),
        ("publish.proven", "yes"), ("publish.unproven", "maybe"), ("edit.window", "15"),
        ("comments", "shut"), ("attack.mode", "panic"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_by_name_with_what_is_expected(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}={text}: expected"):
        read_setting(name, text)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown setting 'limit.adress'; known: .*limit.address"):
        read_setting("limit.adress", "1/hour")


def test_every_row_has_its_own_name_and_field_and_a_default_that_can_be_read() -> None:
    assert len(BY_NAME) == len(SETTINGS) == len({setting.field for setting in SETTINGS})
    assert all(setting.help for setting in SETTINGS)


@given(st.sampled_from(SETTINGS), st.text(max_size=30))
def test_any_text_is_read_or_refused_with_a_reason(setting: object, text: str) -> None:
    name = setting.name  # type: ignore[attr-defined]
    try:
        value, refusal = read_setting(name, text), ""
    except ValueError as error:
        value, refusal = None, str(error)
    if refusal:
        assert refusal.startswith(f"{name}={text}: ")
    else:
        stored = Policy.from_settings({name: text})
        assert getattr(stored, BY_NAME[name].field) == value
