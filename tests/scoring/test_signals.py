"""Signals say what they saw, and nothing about a language."""

import pytest

from service.domain import Submission
from service.scoring.corpora import bounded
from service.scoring.features import read_submission
from service.scoring.signals import SIGNALS
from tests.scoring.conftest import written

_NAMES = list(SIGNALS)


def signals(submission: Submission) -> set[str]:
    """The names of the signals a submission gives."""
    return {_NAMES[place] for place in read_submission(submission).signals}


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("see https://example.com", "link"),
        ("https://example.com", "link-only"),
        ("go to https://bit.ly/3x now", "shortener"),
        ("<a href=https://example.com>here</a> you go", "markup-link"),
        ("a https://a.example.com b https://b.example.com c https://c.example.com", "many-links"),
        ("play at https://best-casino.example.com tonight", "link-trade"),
        ("купить срочно https://example.com недорого", "link-unread"),
        ("call me on +1 555 010 2030 any time", "phone"),
        ("write on whatsapp to me", "messenger"),
        ("mail someone@example.com for it", "address"),
        ("only $500 for you", "money"),
        ("ca\u200bsi\u200bno", "hidden"),
        ("𝐜𝐚𝐬𝐢𝐧𝐨 𝐛𝐨𝐧𝐮𝐬", "styled"),
        ("THIS IS VERY IMPORTANT NEWS", "capitals"),
        ("c a s i n o b o n u s f r e e", "spaced"),
        ("go go go go go go go go go go", "repeated"),
    ],
)
def test_a_signal_is_seen_in_the_text(comment: str, expected: str) -> None:
    assert expected in signals(bounded(comment))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"website": "https://cheap-essay-help.example"}, "website-trade"),
        ({"website": "https://cheap-essay-help.example"}, "website-advert"),
        ({"website": "https://my.example/shop"}, "website-page"),
        ({"website": "https://garden-tools.example"}, "website-named"),
        ({"email": "someone12345@example.com"}, "email-digits"),
        ({"email": "someone@mailinator.com"}, "email-disposable"),
        ({"name": "Best SEO Services"}, "name-trade"),
        ({"name": "visit example.com"}, "name-link"),
    ],
)
def test_a_signal_is_seen_in_the_other_fields(fields: dict[str, str], expected: str) -> None:
    assert expected in signals(bounded("Tools for your garden, nice.", **fields))


def test_words_of_the_article_make_a_comment_related() -> None:
    article = {"page_title": "Fentanyl at the border", "page_text": "Seizures of pills doubled."}

    assert "related" in signals(bounded("The pills at that border killed a friend", **article))
    assert "related" not in signals(bounded("I like your writing very much", **article))


def test_no_signal_tells_a_language() -> None:
    seen = {name for example in written("languages") for name in signals(example.submission)}

    assert seen <= {"short", "long", "digits", "capitals", "repeated", "exclaimed", "asked"}
