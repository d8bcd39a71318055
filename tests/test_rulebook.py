"""Rules are found by whole words, hosts and networks, and thousands cost next to nothing."""

import time
from datetime import timedelta

import pytest

from service.rulebook import Rule, RuleBook, Traits, parse_value
from service.vocabulary import Effect, RuleKind
from tests.factories import NOW


def traits(comment: str = "", *, email: str = "ann@mail.example", address: str = "") -> Traits:
    return Traits(comment=comment, name="Ann", website="", email=email, address=address)


def a_book(*rules: tuple[RuleKind, str]) -> RuleBook:
    return RuleBook(Rule(value, kind, Effect.BLOCK, value) for kind, value in rules)


def met(book: RuleBook, kind: RuleKind, found: Traits) -> str | None:
    rule = book.find(kind, Effect.BLOCK, found, NOW)
    return None if rule is None else rule.value


def test_a_rule_counts_until_it_expires_and_the_next_one_goes_on() -> None:
    later = Rule("later", RuleKind.WORD, Effect.BLOCK, "Casino")
    first = Rule("first", RuleKind.WORD, Effect.BLOCK, "casino", expires_at=NOW)
    book, text = RuleBook([first, later]), traits("casino")

    before = book.find(RuleKind.WORD, Effect.BLOCK, text, NOW - timedelta(seconds=1))
    after = book.find(RuleKind.WORD, Effect.BLOCK, text, NOW)

    assert (before, after) == (first, later)


def test_a_rule_that_holds_blocks_nothing() -> None:
    book = RuleBook([Rule("one", RuleKind.WORD, Effect.HOLD, "casino")])

    assert book.find(RuleKind.WORD, Effect.BLOCK, traits("casino"), NOW) is None
    assert book.find(RuleKind.WORD, Effect.HOLD, traits("casino"), NOW) is not None


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("198.51.100.7", "198.51.100.7/32"),
        ("198.51.100.8", None),
        ("2001:db8:1:2::5", "2001:db8:1::/48"),
        ("2001:db8:2::5", None),
        ("", None),
    ],
)
def test_networks_of_every_size_are_told_apart(address: str, rule: str | None) -> None:
    networks = ("203.0.113.0/24", "198.51.100.7/32", "2001:db8:1::/48")
    book = a_book(*((RuleKind.ADDRESS, network) for network in networks))

    assert met(book, RuleKind.ADDRESS, traits(address=address)) == rule


def test_phrases_of_different_lengths_with_the_same_first_word_are_all_found() -> None:
    book = a_book((RuleKind.WORD, "buy cheap pills now"), (RuleKind.WORD, "buy pills"))

    assert met(book, RuleKind.WORD, traits("do not BUY, pills")) == "buy pills"
    assert met(book, RuleKind.WORD, traits("buy cheap-pills now!")) == "buy cheap pills now"
    assert met(book, RuleKind.WORD, traits("buy cheap pills")) is None


def test_ten_thousand_words_cost_a_long_comment_no_more_than_ten() -> None:
    text = "buy this barley at once and tell everybody " * 200
    few = a_book(*((RuleKind.WORD, f"buy word {n}") for n in range(10)))
    many = a_book(*((RuleKind.WORD, f"buy word {n}") for n in range(10_000)))

    def cost(book: RuleBook) -> float:
        found = traits(text)
        assert found.texts  # worked out before the clock starts
        began = time.perf_counter()
        assert met(book, RuleKind.WORD, found) is None
        return time.perf_counter() - began

    cheap, dear = (min(cost(book) for _ in range(20)) for book in (few, many))

    assert dear < 5 * cheap


@pytest.mark.parametrize("written", ["Casino", "CHEAP pills", "c a s i n o", "o2", "água", "v.i.p"])
def test_a_word_is_read_as_comments_are(written: str) -> None:
    assert met(a_book((RuleKind.WORD, written)), RuleKind.WORD, traits(f"so {written}!")) == written


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (RuleKind.WORD, "  Cheap   Pills ", "Cheap Pills"),
        (RuleKind.DOMAIN, "https://Casino.example/x?y", "casino.example"),
        (RuleKind.DOMAIN, "*.casino.example", "casino.example"),
        (RuleKind.EMAIL, "Ann@Mail.example", "ann@mail.example"),
        (RuleKind.EMAIL, "@mail.example", "@mail.example"),
        (RuleKind.ADDRESS, "203.0.113.9/24", "203.0.113.0/24"),
        (RuleKind.ADDRESS, "2001:DB8::1", "2001:db8::1/128"),
    ],
)
def test_a_rule_keeps_one_form_of_what_was_written(kind: RuleKind, text: str, value: str) -> None:
    assert parse_value(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (RuleKind.WORD, "!?"),
        (RuleKind.WORD, "w" * 201),
        (RuleKind.DOMAIN, "*."),
        (RuleKind.EMAIL, "ann"),
        (RuleKind.EMAIL, "ann @mail.example"),
        (RuleKind.ADDRESS, "203.0.113"),
        (RuleKind.WORD, "a\x00b"),
    ],
)
def test_what_names_nothing_is_refused_with_a_sentence(kind: RuleKind, text: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z].+\.$"):
        parse_value(kind, text)
