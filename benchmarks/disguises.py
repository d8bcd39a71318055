"""Ways in which spammers hide words from filters, each as a function of a text."""

import random
from collections.abc import Callable

from service.scoring.training import leet

_LOOKALIKES = str.maketrans("aceopsxy", "асеорѕху")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def _spaced(text: str) -> str:
    return "  ".join(" ".join(word) if len(word) >= 4 else word for word in text.split())


DISGUISES: dict[str, Callable[[str], str]] = {
    "full width": lambda text: text.translate(_FULL_WIDTH),
    "entities": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "zero width": lambda text: "\u200b".join(text),
    "look-alikes": lambda text: text.translate(_LOOKALIKES),
    "stacked marks": lambda text: "".join(char + "\u0335\u0317" for char in text),
    "capitals": str.upper,
    "spaced": _spaced,
    "leet": lambda text: leet(text, random.Random(text)),
}
