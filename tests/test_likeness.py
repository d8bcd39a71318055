"""Fingerprints are near where texts are nearly the same, and only there."""

from hypothesis import given
from hypothesis import strategies as st

from service.likeness import fingerprint, hamming
from service.text import normalise

STORY = (
    "The cartels made this country pay twice, and nobody in the capital says it aloud. I lost a "
    "cousin in 2019; the pills came by mail. What helped us was the clinic in the next town."
)


def test_nearly_the_same_text_has_nearly_the_same_fingerprint() -> None:
    nearly = STORY.replace("cousin", "brother").replace("2019", "2021").upper()

    assert hamming(fingerprint(STORY), fingerprint(nearly)) <= 8


def test_different_texts_are_far_apart() -> None:
    other = "The match was decided by a late penalty, and the rain made it worse for everybody."

    assert hamming(fingerprint(STORY), fingerprint(other)) >= 14


@given(st.text(max_size=200))
def test_a_fingerprint_has_64_bits_and_sees_through_case(text: str) -> None:
    assert 0 <= fingerprint(text) < 2**64
    assert hamming(fingerprint(text), fingerprint(normalise(text))) == 0
