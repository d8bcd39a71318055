"""A trained model as bytes: weights that are numbers only, and a card that vouches for them.

In a folder they are `weights.npz` and `card.json`. Nothing is ever unpickled.
"""

import hashlib
import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from service.scoring.features import SPEC, WIDTH

WEIGHTS, CARD = "weights.npz", "card.json"
_NO_ARRAYS = (  # what numpy and zipfile raise over bytes that are no arrays, or claim to be endless
    ValueError, KeyError, TypeError, OSError, EOFError, OverflowError, MemoryError, RuntimeError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
AGAINST = "against"  # in the card: what speaks against promoting the model, in words


class ModelUnusable(ValueError):
    """The artifact cannot be served; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """Card (JSON) and weights (.npz) as they are stored; `place` says where, for messages."""

    card: bytes
    weights: bytes
    place: str

    @classmethod
    def pack(cls, weights: NDArray[np.float32], intercept: float, card: Mapping[str, Any]) -> Self:
        """An artifact of these numbers; the card gets the spec and the SHA-256 of the weights.

        Same input, same bytes.
        """
        buffer = io.BytesIO()
        np.savez(buffer, weights=weights.astype(np.float32), intercept=np.float64(intercept))
        digest = hashlib.sha256(buffer.getvalue()).hexdigest()
        whole = {**card, "spec": SPEC, "sha256": digest}
        text = json.dumps(whole, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        return cls(text.encode(), buffer.getvalue(), str(card.get("name", "")))

    @classmethod
    def read(cls, path: Path) -> Self:
        """The artifact in a folder. Raises ModelUnusable: missing, or writable by everybody."""
        return cls(_read(path / CARD), _read(path / WEIGHTS), str(path))

    def write(self, path: Path) -> None:
        """Put it into a folder; the card last, so that a torn write is refused later."""
        path.mkdir(parents=True, exist_ok=True)
        _write(path / WEIGHTS, self.weights)
        _write(path / CARD, self.card)

    def unpack(self) -> tuple[dict[str, Any], NDArray[np.float32], float]:
        """Card, weights [WIDTH] and intercept.

        Raises ModelUnusable naming what is wrong: truncated, changed (SHA-256), of another spec.
        """
        card = self._parse_card()
        where = os.path.join(self.place, WEIGHTS)
        if hashlib.sha256(self.weights).hexdigest() != card.get("sha256"):
            raise ModelUnusable(f"{where} is not what its card describes (SHA-256)")
        try:
            with np.load(io.BytesIO(self.weights), allow_pickle=False) as arrays:
                weights, intercept = arrays["weights"], float(arrays["intercept"])
        except _NO_ARRAYS:
            raise ModelUnusable(f"{where} holds no weights: truncated or damaged") from None
        if weights.shape != (WIDTH,) or weights.dtype != np.float32:
            found = f"{weights.shape} weights of {weights.dtype}"
            raise ModelUnusable(f"{where}: {found}, not ({WIDTH},)")
        if not (np.isfinite(weights).all() and math.isfinite(intercept)):
            raise ModelUnusable(f"{where} holds numbers that are not finite")
        return card, weights, intercept

    def _parse_card(self) -> dict[str, Any]:
        where = os.path.join(self.place, CARD)
        try:
            card = json.loads(self.card)
        except (ValueError, RecursionError):  # of numbers with thousands of digits too
            raise ModelUnusable(f"{where} is not JSON: truncated or damaged") from None
        if not isinstance(card, dict):
            raise ModelUnusable(f"{where} is not a model card")
        if card.get("spec") != SPEC:
            raise ModelUnusable(
                f"{where}: made for feature spec {card.get('spec')!r}, not {SPEC!r}"
            )
        return card


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_bytes(content)
    draft.chmod(0o644)
    draft.replace(path)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o002:
                raise ModelUnusable(f"{path} is writable by everybody: chmod o-w it first")
            return file.read()
    except OSError as error:
        raise ModelUnusable(f"cannot read {path}: {error.strerror}") from None
