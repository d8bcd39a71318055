"""A tiny model trained on sentences of our own, and the sets written to judge the shipped one."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from service.scoring.artifact import Artifact
from service.scoring.corpora import Example, bounded
from service.scoring.model import Model, shipped_models
from service.scoring.training import Fit, train

WRITTEN = Path(__file__).parent / "written"
SPAM = (
    "Buy cheap pills online without prescription, visit https://pills-shop.example today",
    "Win big at our casino, free spins and bonus: https://casino-bonus.example",
    "We offer urgent loans at 2% interest, write to loans@lender.example now",
    "Great post! Check out my channel and subscribe https://follow-me.example",
    "Compra seguidores baratos para tu cuenta en https://seguidores.example",
    "Powerful spell caster brings back your ex in 24 hours, WhatsApp +1 555 010 2030",
)
HAM = (
    "My cousin died of one of those pills, please talk to your children about it",
    "The casino by the river will not bring the jobs they promise, I vote no",
    "The council should publish what the new road costs before the vote",
    "I disagree with the author, the school was closed for good reasons",
    "Mi hermana trabaja en esa clínica y no alcanzan las camas",
    "Thank you for the article, my father worked in that mine for years",
)


def examples_of(spam: tuple[str, ...], ham: tuple[str, ...], copies: int = 4) -> list[Example]:
    """Each sentence a few times, under varying names."""
    return [
        Example(bounded(text, name=f"name{copy}", email=f"n{copy}@example.com"), is_spam)
        for copy in range(copies)
        for is_spam, texts in ((True, spam), (False, ham))
        for text in texts
    ]


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    """Two dozen of either label."""
    return examples_of(SPAM, HAM)


@pytest.fixture(scope="session")
def fit(examples: list[Example]) -> Fit:
    """The tiny model's weights."""
    return train(examples)


@pytest.fixture
def artifact(fit: Fit, tmp_path: Path) -> Path:
    """The tiny model saved in a folder of its own."""
    card = {"name": "tiny", "thresholds": {"publish": 0.4, "reject": 0.95}}
    Artifact.pack(fit.weights, fit.intercept, card).write(tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture(scope="session")
def base() -> Model:
    """The model that is shipped."""
    return Model.load(shipped_models() / "base")


@pytest.fixture(scope="session")
def held(base: Model) -> Callable[[list[Example]], float]:
    """The share of examples the shipped model would not publish."""

    def share(examples: list[Example]) -> float:
        scores = base.score_many(example.submission for example in examples)
        return float(np.mean([score.probability >= score.publish_below for score in scores]))

    return share


def written(name: str) -> list[Example]:
    """The examples of a set in `written/`."""
    lines = (WRITTEN / f"{name}.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        Example(
            bounded(**{name: row[name] for name in row if name != "label"}), row["label"] == "spam"
        )
        for row in rows
    ]
