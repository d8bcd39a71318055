"""A real model made in a second: the real training on a few sentences of our own."""

from itertools import product
from pathlib import Path

from sqlalchemy import Connection

from service.scoring.artifact import CARD, WEIGHTS, Artifact
from service.scoring.corpora import Example
from service.scoring.training import train
from service.store import models
from tests.factories import NOW, a_submission

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


def examples() -> list[Example]:
    """What it is trained on."""
    return [
        Example(a_submission(comment=f"{one}. {two}.{link}"), spam=spam, order="")
        for texts, spam, link in ((_FINE, False, ""), (_SPAM, True, " https://casino.example"))
        for one, two in product(texts, texts)
    ]


def train_tiny_model(directory: Path) -> Path:
    """Train it, write it to the directory, and return its folder."""
    fit = train(examples())
    card = {"name": "tiny", "thresholds": {"publish": 0.3, "reject": 0.95}}
    Artifact.pack(fit.weights, fit.intercept, card).write(directory / "tiny")
    return directory / "tiny"


def promote_model(conn: Connection, folder: Path) -> None:
    """Put the model of a folder into the database, as it is, and use it from now on."""
    artifact = Artifact((folder / CARD).read_bytes(), (folder / WEIGHTS).read_bytes(), str(folder))
    models.add_model(conn, folder.name, artifact.card, artifact.weights, NOW)
    models.promote(conn, folder.name, actor="test", action="promote", reason="", now=NOW)
