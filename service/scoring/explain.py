"""Why a score is what it is: what each word and signal weighs, the heaviest first."""

from collections.abc import Mapping, Sequence

from service.domain import Term
from service.scoring.features import host_text, is_host_word
from service.scoring.signals import SIGNALS
from service.scoring.words import Weighed

_MOST_TERMS = 8
_LEAST_TERMS = 3
_FAINT = 0.15  # log-odds; terms after the third that weigh less are left out
DECIDED_LATELY = "like comments decided lately"
_PHRASES = tuple(SIGNALS.values())
_EDGES = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~…“”„«»"


def explain(
    weighed: Weighed, signals: Mapping[int, float], weights: Sequence[float], shift: float = 0.0
) -> tuple[Term, ...]:
    """The three to eight words, phrases and signals that weigh most, heaviest first.

    `weights` are those of the signals; `shift` is what decisions since the model was made add. What
    a word weighs says `Weighed.shares`; words side by side that both weigh are one phrase. Words
    are as in the normalised text.
    """
    weight_of = _phrases(weighed.words, weighed.shares())
    found = [(-abs(weight), text, weight) for text, weight in weight_of.items() if text]
    for place, value in signals.items():
        weight = weights[place] * value
        found.append((-abs(weight), _PHRASES[place], weight))
    if shift:
        found.append((-abs(shift), DECIDED_LATELY, shift))
    found.sort()
    telling = [entry for entry in found[:_MOST_TERMS] if -entry[0] >= _FAINT]
    named = telling if len(telling) >= _LEAST_TERMS else found[:_LEAST_TERMS]
    return tuple(Term(text, weight) for _, text, weight in named)


def _phrases(words: list[str], shares: list[float]) -> dict[str, float]:
    """Repeated words together; heavy neighbours of the same sign joined to one phrase."""
    heaviest = sorted(map(abs, shares))[-_MOST_TERMS * 2 :]
    least = max(_FAINT / 2, heaviest[0]) if heaviest else 0.0
    heavy = [place for place, share in enumerate(shares) if share >= least or share <= -least]
    weight_of: dict[str, float] = {}
    first = 0
    for last, place in enumerate(heavy, start=1):
        if last < len(heavy) and heavy[last] == place + 1 and _belong(words, shares, place):
            continue
        start = heavy[first]
        name = _name(words[start : place + 1])
        weight_of[name] = weight_of.get(name, 0.0) + sum(shares[start : place + 1])
        first = last
    return weight_of


def _belong(words: list[str], shares: list[float], place: int) -> bool:
    """Whether the word at a place and the one after it can be of one phrase."""
    if (shares[place] > 0) != (shares[place + 1] > 0):
        return False
    return is_host_word(words[place]) == is_host_word(words[place + 1])


def _name(words: list[str]) -> str:
    if is_host_word(words[0]):
        return "name or domain with " + " ".join(map(host_text, words))
    return " ".join(words).strip(_EDGES)
