"""What a site's latest decisions add to a model's score: small, bounded, and gone when undone."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from service.scoring.hashing import COLUMNS
from service.scoring.words import WordTable

MOST = 4.0  # log-odds added or taken away at most
_WORDS_KEPT = 3000


class Correction:
    """Moves of a model's weights [WIDTH] float32 and of its intercept, in log-odds."""

    def __init__(self, moves: NDArray[np.float32], intercept: float) -> None:
        self._words = WordTable(moves, most_kept=_WORDS_KEPT)
        self._signals: list[float] = moves[COLUMNS:].tolist()
        self._intercept = intercept

    def shift(self, text: str, signals: Mapping[int, float]) -> float:
        """What is added for a reading of this text and these signals."""
        shift = self._intercept + self._words.weigh(text).logit
        for place, value in signals.items():
            shift += value * self._signals[place]
        return max(-MOST, min(MOST, shift))
