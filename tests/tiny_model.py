"""A real model made in a second: the real training on a few sentences of our own."""

from itertools import product
from pathlib import Path

from service.scoring.corpora import Example
from service.scoring.model import save
from service.scoring.training import train
from tests.factories import a_submission

FINE_TEXT = "The barley on our field stood well, thank you for the article about the harvest."
SPAM_TEXT = "Win big at our casino, cheap pills and fast loans, click https://casino.example now!!!"

_FINE = (
    "The barley on our field stood well this year",
    "Thank you for the article about the harvest",
    "My grandmother told us about the wet summer",
    "I do not agree with what you wrote about the mill",
    "Does anybody know when the market opens on Sunday",
    "The photograph of the old barn is beautiful",
)
_SPAM = (
    "Win big at our casino tonight",
    "Buy cheap pills without a prescription",
    "Fast loans for everybody, no questions asked",
    "Make money from home, click here now!!!",
    "Best replica watches at half the price",
    "Hot singles are waiting for you, join now!!!",
)


def train_tiny_model(directory: Path) -> Path:
    """Train it, write it to the directory, and return its folder."""
    examples = [
        Example(a_submission(comment=f"{one}. {two}.{link}"), spam=spam, order="")
        for texts, spam, link in ((_FINE, False, ""), (_SPAM, True, " https://casino.example"))
        for one, two in product(texts, texts)
    ]
    fit = train(examples)
    card = {"name": "tiny", "thresholds": {"publish": 0.3, "reject": 0.95}}
    save(directory / "tiny", fit.weights, fit.intercept, card)
    return directory / "tiny"
