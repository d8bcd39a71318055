"""Which passwords may be set (S24)."""

import asyncio

import pytest

from service.errors import InvalidPassword
from service.passwords import check_password, fits, hash_password


@pytest.mark.parametrize(
    ("password", "because"),
    [
        ("password", "most common"),
        ("iloveyou", "most common"),
        ("Iloveyou", "most common"),
        ("dragon1234", "most common"),
        ("!!sunshine!", "most common"),
        ("qwertyuiop", "most common"),
        ("aaaaaaaaaaaa", "repeats"),
        ("1212121212", "repeats"),
        ("abcdefghij", "counts on"),
        ("987654321", "counts on"),
        ("Kim-Baker1", "a name"),
        ("commentdesk1", "a name"),
        ("seven77", "8 to 1000"),
        ("x y " * 251, "8 to 1000"),
    ],
)
def test_s24_what_is_guessed_first_is_refused_with_the_reason(password: str, because: str) -> None:
    with pytest.raises(InvalidPassword, match=because):
        check_password(password, "Kim-Baker")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "brtfwqxz",
        "kim bakes bread on fridays",
        "dragon-moon-37-lamp",
        "Zwölf Böxkämpfer",
        "пароль для сада",
        "稲刈りの季節が来ました",
        " leading and trailing ",
        "x7" * 3 + "barley" * 20,
        "83914275",
    ],
)
def test_anything_else_may_be_set_without_rules_on_kinds_of_characters(password: str) -> None:
    check_password(password, "Kim-Baker")


def test_s24_nothing_is_cut_beyond_72_bytes() -> None:
    async def scenario() -> list[bool]:
        password = "a walk along the river " * 20
        kept = hash_password(password)
        return [await fits(kept, tried) for tried in (password, password[:72], password[:-1])]

    assert asyncio.run(scenario()) == [True, False, False]
