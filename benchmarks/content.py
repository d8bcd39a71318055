"""Made-up comments: the same ones for each system that is measured."""

import random
from collections.abc import Iterator

PAGES = 100
_VOCABULARY = """
    the a this that comment article thanks agree point reader author great question answer because
    however community thread reply opinion story yesterday policy network database latency coffee
    weather city football music recipe holiday camera review price update version release idea
    example careful honest simple clear quick wrong right think people would never always little
"""
_WORDS = _VOCABULARY.split()


def text_of(dice: random.Random) -> str:
    """8 to 72 words, about 250 bytes."""
    return " ".join(dice.choices(_WORDS, k=dice.randint(8, 72)))


def comment_texts() -> Iterator[tuple[int, int, str]]:
    """Number, page and text of one comment after the other, without end, no two alike."""
    dice, number = random.Random(1), 0
    while True:
        number += 1
        yield number, dice.randrange(PAGES), f"{text_of(dice)} {number}"


def random_address(number: int) -> str:
    """An IPv4 address for the author of this number."""
    dice = random.Random(number)
    return ".".join(str(dice.randint(20, 99)) for _ in range(4))
