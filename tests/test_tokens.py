"""Ids that sort by time, and signatures that open one thing only (S21)."""

import uuid
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.tokens import (
    digest,
    edit_token,
    is_edit_token,
    is_signed,
    new_id,
    new_secret,
    seal,
    sign,
    unseal,
)
from tests.factories import NOW, SECRET

texts = st.text(max_size=20)


def test_an_id_is_a_uuid_of_version_7_of_its_moment() -> None:
    value = uuid.UUID(new_id(NOW))

    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert value.int >> 80 == int(NOW.timestamp() * 1000)
    assert str(value) == str(value).lower()


def test_ids_sort_by_time_and_never_meet() -> None:
    ids = [new_id(NOW + timedelta(milliseconds=n)) for n in range(1000)]

    assert ids == sorted(ids)
    assert len({new_id(NOW) for _ in range(10_000)}) == 10_000


def test_secrets_have_256_bits_and_stand_in_urls() -> None:
    secrets = {new_secret() for _ in range(1000)}

    assert len(secrets) == 1000
    assert {len(secret) for secret in secrets} == {43}
    assert all(secret.replace("-", "").replace("_", "").isalnum() for secret in secrets)


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_what_is_named_or_signed_is_the_parts_in_order(one: list[str], two: list[str]) -> None:
    same = one == two

    assert (digest(*one) == digest(*two)) == same
    assert is_signed(sign(SECRET, "p", *one), SECRET, "p", *two) == same


def test_a_signature_has_128_bits_at_least_and_one_purpose_and_one_secret() -> None:
    signature = sign(SECRET, "edit", "x")

    assert len(signature) * 6 >= 128
    assert not is_signed(signature, SECRET, "form", "x")
    assert not is_signed(signature, b"another secret", "edit", "x")
    assert not is_signed(signature + "=", SECRET, "edit", "x")


@given(st.text())
def test_no_text_passes_for_a_token(text: str) -> None:
    comment_id = new_id(NOW)

    assert not is_edit_token(text, SECRET, comment_id)
    assert not is_edit_token(f"{comment_id}.{text}", SECRET, comment_id)


def test_an_edit_token_opens_its_own_comment_and_is_the_same_each_time() -> None:
    mine, other = new_id(NOW), new_id(NOW)
    token = edit_token(SECRET, mine)

    assert token == edit_token(SECRET, mine)
    assert is_edit_token(token, SECRET, mine)
    assert not is_edit_token(token, SECRET, other)
    assert not is_edit_token(token, b"another secret", mine)


def test_what_is_sealed_opens_for_its_purpose_and_in_time_alone() -> None:
    sealed = seal(SECRET, "second-factor", "a text", NOW)
    later = NOW + timedelta(minutes=10)

    def opened(
        text: str = sealed, *, secret: bytes = SECRET, purpose: str = "second-factor"
    ) -> str | None:
        return unseal(secret, purpose, text, now=later, good_for=timedelta(minutes=10))

    assert opened() == "a text"
    assert "a text" not in sealed
    assert opened(purpose="sign-in-step") is None
    assert opened(secret=b"another secret") is None
    assert opened(sealed[:-2]) is None
    assert [opened(text) for text in ("", "x", "ü", "\x00")] == [None] * 4
    for at, found in ((later + timedelta(seconds=1), None), (NOW, "a text")):
        good_for = timedelta(minutes=10)
        assert unseal(SECRET, "second-factor", sealed, now=at, good_for=good_for) == found
    assert unseal(SECRET, "second-factor", sealed, now=later + timedelta(days=9999)) == "a text"
