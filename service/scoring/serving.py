"""The model that scores what comes in, exchanged for another while comments come in.

A second one may score in its shadow: that is kept with the comment, and decides nothing.
"""

from collections.abc import Mapping

import structlog
from msgspec.structs import replace

from service.domain import Score, Submission
from service.scoring.correction import Correction
from service.scoring.model import Model

log = structlog.get_logger()


class Serving:
    """Scores with the model in use; without one nothing is scored, and so everything is held."""

    def __init__(self) -> None:
        self._model: Model | None = None
        self._shadow: Model | None = None
        self._corrections: Mapping[str, Correction] = {}  # by site

    @property
    def model(self) -> Model | None:
        """The model in use."""
        return self._model

    @property
    def name(self) -> str:
        """The model's name; empty when there is no usable one."""
        return "" if self._model is None else self._model.name

    def use(self, model: Model) -> None:
        """Score with this model from the next comment on."""
        self._model, self._corrections = model, {}

    def correct(self, corrections: Mapping[str, Correction]) -> None:
        """Add these to the scores of their sites from the next comment on, and no others."""
        self._corrections = corrections

    def shade(self, model: Model | None) -> None:
        """Let this model score in the shadow from the next comment on; None is none."""
        self._shadow = model

    def score(self, submission: Submission) -> Score | None:
        """The score, or None: whatever a model does, a comment is held, never lost."""
        if self._model is None:
            return None
        try:
            score = self._model.score(submission, self._corrections.get(submission.site))
        except Exception as error:
            log.error("the model failed: this comment is held as unscored", error=repr(type(error)))
            return None
        if self._shadow is None:
            return score
        try:
            return replace(score, shadow=self._shadow.score(submission))
        except Exception as error:
            log.warning("the model in the shadow failed on a comment", error=repr(type(error)))
            return score
