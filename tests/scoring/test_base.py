"""The shipped model keeps its promises on comments written to judge it, none of them trained on."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.disguises import DISGUISES
from service.domain import Submission
from service.scoring.corpora import SOURCES, Example, bounded, read_corpus
from service.scoring.features import SPEC
from service.scoring.model import Model, shipped_models
from tests.scoring.conftest import written

Share = Callable[[list[Example]], float]


def test_next_to_no_honest_comment_on_drugs_money_or_gambling_is_held(held: Share) -> None:
    assert held(written("honest_topics")) <= 0.03
    assert held(written("hard_honest")) <= 0.03


def test_most_of_what_it_was_not_tuned_on_is_told_apart(held: Share) -> None:
    exam = written("exam")

    assert held([example for example in exam if example.spam]) >= 0.8
    assert held([example for example in exam if not example.spam]) <= 0.05


def test_spam_of_every_kind_is_held(held: Share) -> None:
    assert held(written("spam")) >= 0.9


def test_honest_comments_in_any_language_are_published(held: Share) -> None:
    assert held(written("languages")) <= 0.05


@pytest.mark.parametrize("kind", DISGUISES)
def test_a_disguise_hides_next_to_nothing(kind: str, held: Share) -> None:
    def disguise(submission: Submission) -> Submission:
        return replace(submission, comment=DISGUISES[kind](submission.comment))

    spam = written("spam")

    disguised = [replace(example, submission=disguise(example.submission)) for example in spam]

    assert held(disguised) >= held(spam) - 0.08


def test_thanks_are_published_and_thanks_that_sell_are_held(base: Model) -> None:
    for words in ("Nice article, thanks.", "Great post! Very informative, thank you for sharing."):
        thanks = base.score(bounded(words, name="Ann"))
        selling = base.score(bounded(words, website="https://cheap-replica-watches.example"))

        assert thanks.probability < base.publish_below < selling.probability


def test_a_comment_about_its_article_is_judged_more_kindly(base: Model) -> None:
    comment = "Those casino slots and free bonus spins ruined my brother, ban the casino adverts"
    article = {"page_title": "Casino bonus ban", "page_text": "Slots, spins and adverts banned."}

    under = base.score(bounded(comment, **article)).probability

    assert under < base.score(bounded(comment)).probability


def test_the_card_tells_what_it_was_trained_on_and_how_good_it_is(base: Model) -> None:
    card = base.card

    assert card["spec"] == SPEC
    assert card["thresholds"] == {"publish": base.publish_below, "reject": base.reject_above}
    assert {part["source"] for part in card["trained_on"]} == set(SOURCES)
    assert all(part["terms"] for part in card["trained_on"])
    assert card["weaknesses"]
    for measures in card["held_out"].values():
        for rate in (measures[key] for key in ("false_positives", "recall") if key in measures):
            low, high = rate["interval"]
            assert rate["n"] > 0
            assert low <= rate["rate"] <= high


def test_the_artifact_is_small() -> None:
    folder = shipped_models() / "base"

    assert sum(path.stat().st_size for path in folder.iterdir()) <= 2_000_000


def test_the_written_sets_are_not_in_the_training_corpora() -> None:
    folder = shipped_models() / "corpus"
    trained = {
        example.submission.comment
        for name in ("own", "written")
        for example in read_corpus(name, folder / f"{name}.jsonl").examples
    }

    for name in ("honest_topics", "hard_honest", "spam", "languages", "exam"):
        assert not trained & {example.submission.comment for example in written(name)}


def test_the_corpus_written_by_hand_has_every_kind_in_two_languages_and_more() -> None:
    path = shipped_models() / "corpus" / "written.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    kinds = Counter(row["kind"] for row in rows)
    honest = Counter(row["lang"] for row in rows if row["label"] == "ham")
    spam = Counter(row["lang"] for row in rows if row["label"] == "spam")

    assert read_corpus("written", path).broken == []
    assert len({row["comment"] for row in rows}) == len(rows)
    assert len(kinds) == 36
    assert min(kinds.values()) >= 38
    assert min(honest["en"], honest["es"], spam["en"], spam["es"]) >= 300


def test_few_comments_on_a_news_site_are_held(held: Share, corpora: Path) -> None:
    path = corpora / "data" / "news_comments_c3.csv"

    assert held(read_corpus("c3", path).examples) <= 0.006
