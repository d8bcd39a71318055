"""Terms are words of the comment and signals in words, heaviest first."""

from service.domain import Term
from service.scoring.corpora import bounded
from service.scoring.model import Model
from service.scoring.signals import SIGNALS
from service.text import normalise


def test_a_held_comment_is_explained_by_its_own_words_and_signals(base: Model) -> None:
    comment = "Get CHEAP viagra without prescription at https://pills-shop.example today!"

    terms = base.score(bounded(comment)).terms

    assert 3 <= len(terms) <= 8
    weights = [abs(term.weight) for term in terms]
    assert weights == sorted(weights, reverse=True)
    for term in terms:
        in_words = term.text in SIGNALS.values() or term.text.startswith("name or domain with ")
        assert in_words or term.text in normalise(comment)


def test_the_word_that_matters_is_named(base: Model) -> None:
    terms = base.score(bounded("please subscribe to my channel everyone, i post daily")).terms

    assert any("subscribe" in term.text for term in terms if term.weight > 0)


def test_a_website_that_sells_is_named_in_words(base: Model) -> None:
    comment = bounded("Nice article, thanks.", website="https://cheap-replica-watches.example")

    texts = [term.text for term in base.score(comment).terms]

    assert any("shop" in text or text.startswith("name or domain with") for text in texts)


def test_what_is_clearly_fine_is_not_explained(base: Model) -> None:
    score = base.score(bounded("The council should publish what the new road costs."))

    assert score.terms == ()


def test_repeated_words_are_one_term(base: Model) -> None:
    terms = base.score(bounded("casino bonus! casino bonus! casino bonus! win win win")).terms

    texts = [term.text for term in terms if isinstance(term, Term)]
    assert len(texts) == len(set(texts))
