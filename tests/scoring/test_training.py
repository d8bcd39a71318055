"""What is served is what was fitted, and the same examples give the same weights."""

import random

import numpy as np
import pytest
from msgspec.structs import replace
from sklearn.linear_model import LogisticRegression

from service.scoring.corpora import Example, bounded
from service.scoring.features import WIDTH, read_submission
from service.scoring.model import Model
from service.scoring.training import Fit, leet, prepare, sparse, train


def test_the_serving_path_equals_the_fitted_estimator(examples: list[Example]) -> None:
    submissions, labels, weights = prepare(examples)
    rows = sparse(map(read_submission, submissions), len(submissions))
    estimator = LogisticRegression(C=10, solver="liblinear").fit(rows, labels, weights)
    model = Model(
        "fitted", estimator.coef_[0].astype(np.float32), float(estimator.intercept_[0]), 0, 1, {}
    )

    expected = estimator.predict_proba(rows)[:, 1]
    served = [model.score(submission).probability for submission in submissions]
    batched = [score.probability for score in model.score_many(submissions)]

    assert served == pytest.approx(expected, abs=1e-5)
    assert batched == pytest.approx(expected, abs=1e-5)


def test_the_same_examples_give_the_same_weights(fit: Fit, examples: list[Example]) -> None:
    again = train(examples)

    assert again.intercept == fit.intercept
    assert np.array_equal(again.weights, fit.weights)


def test_one_label_alone_is_refused(examples: list[Example]) -> None:
    with pytest.raises(ValueError, match="both spam and ham"):
        train([example for example in examples if example.spam])


def test_rows_have_the_width_of_the_features() -> None:
    rows = sparse([read_submission(bounded("a comment"))] * 3, 3)

    assert rows.shape == (3, WIDTH)
    assert rows[0].toarray().tolist() == rows[2].toarray().tolist()


def test_leet_changes_words_and_leaves_links() -> None:
    text = "best casino offers at https://casino.example/best today"

    disguised = leet(text, random.Random(1))

    assert disguised != text
    assert "https://casino.example/best" in disguised


def test_every_spam_example_gets_a_disguised_copy(examples: list[Example]) -> None:
    spam = [example for example in examples if example.spam]

    submissions, labels, _ = prepare(spam)

    assert len(submissions) >= 2 * len(spam)
    assert labels.all()


def test_spam_of_which_only_the_script_could_be_learnt_teaches_nothing() -> None:
    unread = Example(bounded("совершенно обычные слова без всяких ссылок"), True)
    linked = replace(unread, submission=bounded("слова и ссылка https://shop.example"))

    assert prepare([unread])[0] == []
    assert prepare([linked])[0] != []
