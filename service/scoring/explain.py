"""Why a score is what it is: weights of hashed grams gathered on the words they stand in."""

import numpy as np
from numpy.typing import NDArray

from service.domain import Term
from service.scoring.features import Reading, host_text, is_host_word
from service.scoring.hashing import COLUMNS, grams
from service.scoring.signals import SIGNALS

_MOST_TERMS = 8
_LEAST_TERMS = 3
_FAINT = 0.15  # log-odds; terms after the third that weigh less are left out
_PHRASES = tuple(SIGNALS.values())
_EDGES = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~…“”„«»"


def explain(weights: NDArray[np.float32], reading: Reading) -> tuple[Term, ...]:
    """The three to eight words, phrases and signals that weigh most, heaviest first.

    A word's weight is the sum over the grams that begin in it; words side by side that both weigh
    are one phrase. Words are as in the normalised text.
    """
    terms = _words(weights, reading.text)
    terms += [
        Term(_PHRASES[place], float(weights[COLUMNS + place]) * value)
        for place, value in reading.signals.items()
    ]
    terms.sort(key=lambda term: (-abs(term.weight), term.text))
    telling = [term for term in terms[:_MOST_TERMS] if abs(term.weight) >= _FAINT]
    return tuple(telling if len(telling) >= _LEAST_TERMS else terms[:_LEAST_TERMS])


def _words(weights: NDArray[np.float32], text: str) -> list[Term]:
    found = grams([text])
    if len(found.column) == 0:
        return []
    _, first, times = np.unique(found.column, return_inverse=True, return_counts=True)
    share = weights[found.column] / times[first]
    scale = 1.0 / np.sqrt(len(times) + int(found.unseen[0]))
    blank = np.fromiter((char == " " for char in f" {text} "), np.bool_, len(text) + 2)
    word_at = np.cumsum(blank)[found.start + blank[found.start]] - 1
    words = text.split()
    totals = np.bincount(word_at, share, minlength=len(words))[: len(words)] * scale
    return _phrases(words, totals.tolist())


def _phrases(words: list[str], totals: list[float]) -> list[Term]:
    """Repeated words together; heavy neighbours of the same sign joined to one phrase."""
    heavy = sorted(range(len(words)), key=lambda place: -abs(totals[place]))[: _MOST_TERMS * 2]
    chosen = {place for place in heavy if abs(totals[place]) >= _FAINT / 2}
    weight_of: dict[str, float] = {}
    phrase: list[int] = []
    for place in range(len(words) + 1):
        joins = place in chosen and (
            not phrase
            or ((totals[place] > 0) == (totals[phrase[-1]] > 0) and _same_kind(words, place))
        )
        if phrase and not joins:
            name = _name(words[phrase[0] : phrase[-1] + 1])
            weight_of[name] = weight_of.get(name, 0.0) + sum(totals[p] for p in phrase)
            phrase = [place] if place in chosen else []
        elif joins:
            phrase.append(place)
    return [Term(name, weight) for name, weight in weight_of.items() if name]


def _same_kind(words: list[str], place: int) -> bool:
    return is_host_word(words[place]) == is_host_word(words[place - 1])


def _name(words: list[str]) -> str:
    if is_host_word(words[0]):
        return "domain with " + " ".join(map(host_text, words))
    return " ".join(words).strip(_EDGES)
