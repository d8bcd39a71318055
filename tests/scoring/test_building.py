"""What is held out stays apart, and the card says how it was measured."""

from datetime import datetime
from pathlib import Path

import numpy as np

from service.scoring.artifact import Artifact
from service.scoring.building import build, split, without_near
from service.scoring.corpora import Corpus, Example, bounded
from service.scoring.model import Model
from tests.scoring.conftest import HAM, SPAM, examples_of


def _corpus(name: str, examples: list[Example]) -> Corpus:
    return Corpus(name, Path(f"{name}.jsonl"), "terms of use", "f" * 64, examples)


def test_the_newer_half_is_held_out_where_there_is_an_order() -> None:
    examples = [Example(bounded(f"comment {n}"), False, f"{n:03}") for n in range(10)]

    kept, held = split(examples)

    assert (kept, held) == (examples[:5], examples[5:])


def test_elsewhere_the_text_decides_so_that_copies_stay_together() -> None:
    examples = [Example(bounded(f"comment number {n % 100}"), False) for n in range(300)]

    kept, held = split(examples)

    assert 40 <= len(held) <= 140
    assert not {e.submission.comment for e in kept} & {e.submission.comment for e in held}


def test_nearly_the_same_text_is_never_on_both_sides() -> None:
    kept = [Example(bounded(SPAM[0]), True)]
    held = [Example(bounded(text), True) for text in (SPAM[0].upper(), SPAM[1])]

    assert without_near(held, kept) == held[1:]


def test_building_twice_gives_the_same_weights_and_a_full_card(
    now: datetime, tmp_path: Path
) -> None:
    varied = tuple(f"{one}. {two}." for one in SPAM for two in SPAM)
    honest = tuple(f"{one}. {two}." for one in HAM for two in HAM)
    corpora = [_corpus("own", examples_of(varied, honest, copies=1))]
    steps: list[str] = []

    first, second = (build(corpora, "tiny", now, steps.append) for _ in range(2))

    assert np.array_equal(first.fit.weights, second.fit.weights)
    assert first.card == second.card
    assert len(steps) == 4
    card = Model.of(Artifact.pack(first.fit.weights, first.fit.intercept, first.card)).card
    assert card["name"] == "tiny"
    assert card["trained_on"][0]["spam"] == card["trained_on"][0]["ham"] == 36
    assert card["scripts"] == ["Latin"]
    assert card["thresholds"]["reject"] == 1.0  # 36 comments certify nothing
    assert {"n", "rate", "interval"} <= set(card["held_out"]["own"]["recall"])
