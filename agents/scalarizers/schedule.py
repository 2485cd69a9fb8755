"""A business that changes its mind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.scalarizers.base import Scalarizer, Weights


class Schedule(Scalarizer):
    """One scalarizer after another, each from a number of slates on.

    Args:
        parts: (slates, scalarizer) pairs; the first from 0, the others later and later.
    """

    def __init__(self, parts: Sequence[tuple[int, Scalarizer]]) -> None:
        starts = [start for start, _ in parts]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError(f"parts begin at {starts} slates: expected the first at 0 and each later than the one before")
        self.parts = list(parts)
        self.slates = 0

    @property
    def now(self) -> Scalarizer:
        """The scalarizer in force."""
        return self.at(self.slates)

    def at(self, slates: int) -> Scalarizer:
        """The scalarizer in force after so many slates."""
        return next(part for start, part in reversed(self.parts) if start <= slates)

    def weights(self, value: ArrayLike) -> Weights:
        return self.now.weights(value)

    def gradient(self, value: ArrayLike) -> Weights:
        return self.now.gradient(value)

    def utility(self, value: ArrayLike) -> float:
        return self.now.utility(value)

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Count the slates, and let the scalarizer in force learn."""
        self.now.update(objectives)
        self.slates += len(objectives)
