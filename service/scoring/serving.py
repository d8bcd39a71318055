"""The model that scores what comes in, exchanged for another while comments come in."""

import structlog

from service.domain import Score, Submission
from service.scoring.model import Model

log = structlog.get_logger()


class Serving:
    """Scores with the model in use; without one nothing is scored, and so everything is held."""

    def __init__(self) -> None:
        self._model: Model | None = None

    @property
    def name(self) -> str:
        """The model's name; empty when there is no usable one."""
        return "" if self._model is None else self._model.name

    def use(self, model: Model) -> None:
        """Score with this model from the next comment on."""
        self._model = model

    def score(self, submission: Submission) -> Score | None:
        """The score, or None: whatever a model does, a comment is held, never lost."""
        if self._model is None:
            return None
        try:
            return self._model.score(submission)
        except Exception as error:
            log.error("the model failed: this comment is held as unscored", error=repr(type(error)))
            return None
