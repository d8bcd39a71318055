"""One model, or two, on files of labelled comments: what each makes of every comment."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from service.scoring.artifact import Artifact
from service.scoring.comparison import Changes, Comparison, Judged, labels_of, weigh
from service.scoring.corpora import Corpus
from service.scoring.evaluation import Labels, Measures, Scores, measure
from service.scoring.model import Model


@dataclass(frozen=True, slots=True)
class Contender:
    """A model that is measured, and the SHA-256 of its card, which vouches for its weights."""

    model: Model
    card_sha256: str

    @classmethod
    def of(cls, artifact: Artifact) -> Self:
        """Of an artifact. Raises ModelUnusable."""
        return cls(Model.of(artifact), hashlib.sha256(artifact.card).hexdigest())

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name


@dataclass(frozen=True)
class Sample:
    """A file's comments, and the scores of each contender, the one that is measured first."""

    name: str
    corpus: Corpus
    scores: tuple[Scores, ...]

    @cached_property
    def labels(self) -> Labels:
        """Which of its comments are spam."""
        return labels_of(self.corpus.examples)


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was measured; `contenders` are the model and, if any, the other one."""

    contenders: tuple[Contender, ...]
    samples: tuple[Sample, ...]

    @property
    def model(self) -> Contender:
        """The one that is measured."""
        return self.contenders[0]

    @property
    def against(self) -> Contender | None:
        """The one it is compared with."""
        return self.contenders[1] if len(self.contenders) > 1 else None

    def rows(self) -> list[Measures]:
        """Each contender's row of each file."""
        return [row for sample in self.samples for row in self.measures(sample)]

    def measures(self, sample: Sample, inside: Labels | None = None) -> list[Measures]:
        """A row for each contender at its own threshold, named after it where there are two.

        `inside` marks the comments that count; without it all do.
        """
        chosen = slice(None) if inside is None else inside
        labels = sample.labels[chosen]
        return [
            self._measure(sample.name, place, scores[chosen], labels)
            for place, scores in enumerate(sample.scores)
        ]

    def whole(self) -> list[Measures]:
        """The same over all files together."""
        return [
            self._measure("all files", place, *self.pooled(place))
            for place in range(len(self.contenders))
        ]

    def pooled(self, place: int) -> tuple[Scores, Labels]:
        """The scores of a contender over all files, and which of the comments are spam."""
        return (
            np.concatenate([sample.scores[place] for sample in self.samples]),
            np.concatenate([sample.labels for sample in self.samples]),
        )

    def comparisons(self) -> Iterator[Comparison]:
        """A file at a time, each model at its own threshold; nothing without a second model."""
        if self.against is None:
            return
        for sample in self.samples:
            theirs, ours = (
                Judged(contender.name, scores, contender.model.publish_below)
                for contender, scores in zip(self.contenders, sample.scores, strict=True)
            )
            yield weigh(sample.name, sample.labels, ours, theirs)

    def verdict(self) -> list[str]:
        """What the comparison says, in words: a sentence a line; nothing without a second model."""
        if self.against is None:
            return []
        found = list(self.comparisons())
        worse = [f"worse than {self.against.name}: {text}" for one in found for text in one.worse]
        changes = sum((one.changes for one in found), Changes())
        count = sum(len(sample.labels) for sample in self.samples)
        return [
            *(worse or [f"not worse than {self.against.name}"]),
            f"{changes.count} of {count} comments changed sides: {changes}",
        ]

    def _measure(self, name: str, place: int, scores: Scores, labels: Labels) -> Measures:
        contender = self.contenders[place]
        named = name if self.against is None else f"{name}: {contender.name}"
        return measure(named, scores, labels, contender.model.publish_below)
