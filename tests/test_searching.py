"""Words of texts and queries over them: the same for both databases, and never an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.searching import Query, parse_query, words_of, words_of_comment


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The barley, 2026!", ["the", "barley", "2026"]),
        ("Zoë CAFÉ Straße", ["zoe", "cafe", "strasse"]),
        ("ann@mail.example", ["ann", "mail", "example"]),
        ("日本", ["日", "本"]),
        ("з\u0430\u0439ма\u200bн", ["заиман"]),
        ("!?", []),
    ],
)
def test_words_are_compared_without_case_accents_and_punctuation(
    text: str, words: list[str]
) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("barley jui", Query((("barley",), ("jui",)), True)),
        ('"barley juice"', Query((("barley", "juice"),), False)),
        ('"barley jui', Query((("barley", "jui"),), False)),
        ("ann@mail.example", Query((("ann", "mail", "example"),), True)),
        ("NOT (a OR b*)", Query((("not",), ("a",), ("or",), ("b",)), True)),
        ('" " -- !', Query((), False)),
        ("", Query((), False)),
    ],
)
def test_what_is_typed_is_words_and_phrases(typed: str, query: Query) -> None:
    assert parse_query(typed) == query


@given(st.text(max_size=200))
def test_the_words_of_a_comment_are_bare_words(text: str) -> None:
    words = words_of_comment(text, "a@b.example", "", text)

    assert not set("'\"\\:&|!()<>*\x00") & set(words)
    assert words == " ".join(words.split())
    assert all(phrase for phrase in parse_query(text).phrases)
