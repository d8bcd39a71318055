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


def test_writing_without_blanks_is_compared_by_its_parts() -> None:
    story = (
        "我们镇上的诊所去年关了门，现在最近的急诊要开车四十分钟，老人们根本等不起，"
        "希望市里能听一听大家的意见再做决定。"
    )
    nearly = story.replace("四十", "五十")
    other = (
        "昨晚的比赛下着大雨，裁判最后一分钟判了点球，看台上的人都不敢相信自己的眼睛，"
        "回家的路上还在争论这件事情。"
    )

    assert hamming(fingerprint(story), fingerprint(nearly)) <= 14
    assert hamming(fingerprint(story), fingerprint(other)) >= 18
