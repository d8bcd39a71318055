"""What many decisions may teach: no campaign and no moderator outweighs, nothing alike twice."""

from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.likeness import hamming
from service.scoring.shares import Facts, is_fresh, weights_of

Told = tuple[int, int]  # kind and moderator


def facts_of(told: list[Told]) -> Facts:
    kinds = np.array([kind for kind, _actor in told], np.uint64)
    actors = np.array([actor for _kind, actor in told], np.uint32)
    return Facts(kinds, kinds, actors, np.zeros(len(told), np.bool_))


def prints_of(prints: list[int]) -> Facts:
    return Facts(
        np.arange(len(prints), dtype=np.uint64) + np.uint64(hash(tuple(prints)) % 2**40),
        np.array(prints, np.uint64),
        np.zeros(len(prints), np.uint32),
        np.zeros(len(prints), np.bool_),
    )


def test_a_campaign_is_a_few_lessons_however_long_it_is_and_the_newest_count() -> None:
    weights = weights_of(facts_of([*[(7, 0)] * 500, *((n, 0) for n in range(100, 120))]))

    assert weights.tolist() == [1.0] * 5 + [0.0] * 495 + [1.0] * 20


def test_one_of_several_moderators_supplies_half_at_most() -> None:
    weights = weights_of(facts_of([(n, 0) for n in range(90)] + [(n, 1) for n in range(90, 100)]))

    assert weights[:90].sum() == pytest.approx(weights[90:].sum())


def by_plain_rules(told: list[Told]) -> list[float]:
    seen: Counter[int] = Counter()
    kept = []
    for place, (kind, _actor) in enumerate(told):
        seen[kind] += 1
        if seen[kind] <= 5:
            kept.append(place)
    by = Counter(told[place][1] for place in kept)
    weights = [0.0] * len(told)
    for place in kept:
        mine = by[told[place][1]]
        others = len(kept) - mine
        weights[place] = others / mine if others and mine > len(kept) / 2 else 1.0
    return weights


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=80))
def test_shares_are_those_of_the_plain_rules(told: list[Told]) -> None:
    assert weights_of(facts_of(told)).tolist() == pytest.approx(by_plain_rules(told))


def test_texts_that_are_near_are_found_as_by_comparing_each_with_each() -> None:
    dice = Random(5)
    known = [dice.getrandbits(64) for _ in range(300)]
    later = [
        print_ ^ sum(1 << bit for bit in dice.sample(range(64), changed))
        for changed in range(13)
        for print_ in dice.sample(known, 20)
    ]

    fresh = is_fresh(prints_of(later), prints_of(known))

    assert fresh.tolist() == [min(hamming(a, b) for b in known) > 6 for a in later]
    assert 0 < fresh.sum() < len(later)


def test_of_a_cluster_that_is_known_nothing_is_fresh_however_the_texts_differ() -> None:
    later = Facts.of([("c1", "one thing", 0, True), ("c2", "quite another", 0, True)])
    known = Facts.of([("c1", "what came before all that", 0, True)])

    assert is_fresh(later, known).tolist() == [False, True]


def test_with_nothing_known_all_is_fresh_and_nothing_has_no_shares() -> None:
    nothing = facts_of([])

    assert is_fresh(facts_of([(1, 0)]), nothing).tolist() == [True]
    assert weights_of(nothing).tolist() == []
