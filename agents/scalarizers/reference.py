"""The reference points of a world: the best value of each objective, and the value of random slates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.scalarizers.base import Weights, numbers
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Reference(Brief):
    """Two points that scalarizers compare values with; `bench.execution.regret.reference_of` computes them for a world.

    Attributes:
        utopia: (M,) float64, the best value of each objective alone.
        disagreement: (M,) float64, the value of random slates: the disagreement point of Nash bargaining.
    """

    utopia: Weights
    disagreement: Weights

    def __post_init__(self) -> None:
        object.__setattr__(self, "utopia", numbers("utopia", self.utopia))
        object.__setattr__(self, "disagreement", numbers("disagreement", self.disagreement, len(self.utopia)))

    @property
    def range(self) -> Weights:
        """(M,) utopia minus disagreement; for constant objectives the absolute utopia, but at least 1."""
        return np.where(self.constant, np.maximum(np.abs(self.utopia), 1.0), self.utopia - self.disagreement)

    @property
    def constant(self) -> NDArray[np.bool_]:
        """(M,) bool, the objectives for which no policy is better than random slates."""
        return np.asarray(self.utopia - self.disagreement <= 1e-9 * np.maximum(np.abs(self.utopia), 1.0))
