"""The model in use: none yet, one, another, or one that fails."""

import pytest
from msgspec.structs import replace

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


def test_a_model_in_the_shadow_is_asked_as_well_and_changes_nothing(fit: Fit) -> None:
    serving = Serving()
    serving.use(named(fit, "one"))
    alone = serving.score(SUBMISSION)
    assert alone is not None

    serving.shade(Model("two", -fit.weights, -fit.intercept, 0.4, 0.95, {}))
    score = serving.score(SUBMISSION)

    assert score is not None
    assert score.shadow is not None
    assert score.shadow.model == "two"
    assert score.shadow.probability == pytest.approx(1 - alone.probability)
    assert replace(score, shadow=None) == alone
    serving.shade(None)
    assert serving.score(SUBMISSION) == alone


def test_a_shadow_that_fails_is_told_of_and_takes_nothing_from_the_score(
    fit: Fit, capsys: pytest.CaptureFixture[str]
) -> None:
    serving = Serving()
    serving.use(named(fit, "one"))
    alone = serving.score(SUBMISSION)

    serving.shade(Model("short", fit.weights[:10], 0.0, 0.4, 0.95, {}))

    assert serving.score(SUBMISSION) == alone
    assert "the model in the shadow failed" in capsys.readouterr().out
