"""A comment's language: what it says, else what is detected, else unknown."""

import pytest

from service.scoring.corpora import bounded
from service.scoring.languages import UNKNOWN, language_of


@pytest.mark.parametrize(
    ("comment", "language"),
    [
        ("The council should publish what the new road costs before the vote", "en"),
        ("Mi hermana trabaja en esa clínica y no alcanzan las camas", "es"),
        ("Хорошая статья, но автор не прав, цены давно выросли", "ru"),
        ("記事をありがとうございます。とても勉強になりました。", "ja"),
        ("ok", UNKNOWN),
        ("", UNKNOWN),
        ("12345 67890 12345 67890", UNKNOWN),
        ("https://the-council-should-publish.example/what-the-new-road-costs", UNKNOWN),
        ("\ud800\udfff\0", UNKNOWN),
    ],
)
def test_the_language_of_a_comment_that_says_none_is_detected(comment: str, language: str) -> None:
    assert language_of(bounded(comment)) == language


@pytest.mark.parametrize(
    ("lang", "language"), [("pt-BR", "pt"), ("DE", "de"), ("zh_Hant", "zh"), (" gsw ", "gsw")]
)
def test_what_a_comment_says_of_its_language_counts(lang: str, language: str) -> None:
    assert language_of(bounded("The council should publish the costs", lang=lang)) == language


def test_what_is_no_language_does_not_count() -> None:
    comment = "The council should publish what the new road costs"

    assert language_of(bounded(comment, lang="<b>")) == "en"
