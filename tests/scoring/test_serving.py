"""The model in use: none yet, one, another, or one that fails."""

import pytest

from service.domain import Submission
from service.scoring.model import Model
from service.scoring.serving import Serving
from service.scoring.training import Fit
from tests.scoring.conftest import SPAM, examples_of

SUBMISSION = examples_of(SPAM[:1], (), copies=1)[0].submission


def named(fit: Fit, name: str) -> Model:
    return Model(name, fit.weights, fit.intercept, 0.4, 0.95, {})


def test_without_a_model_nothing_is_scored() -> None:
    serving = Serving()

    assert serving.name == ""
    assert serving.score(SUBMISSION) is None


def test_the_next_comment_is_scored_by_the_model_put_to_use(fit: Fit) -> None:
    serving = Serving()

    for name in ("one", "two"):
        serving.use(named(fit, name))
        score = serving.score(SUBMISSION)
        assert score is not None
        assert (serving.name, score.model) == (name, name)


def test_a_model_that_fails_leaves_the_comment_unscored_and_tells_no_text_of_it(
    fit: Fit, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = Serving()
    serving.use(named(fit, "one"))

    broken: Submission = None  # type: ignore[assignment]  # whatever makes a model fail
    assert serving.score(broken) is None
    assert "the model failed" in capsys.readouterr().out
