"""What values of the objectives are worth being called good, and what one has anyway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.scalarizers.base import Weights, numbers
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Reference(Brief):
    """Two points that scalarizers measure values from; `bench.execution.regret.reference_of` computes them for a world.

    Attributes:
        utopia: (M,) the best that each objective can be alone.
        disagreement: (M,) what is had without an agreement: the value of the policy that shows any slate as likely as any other.
    """

    utopia: Weights
    disagreement: Weights

    def __post_init__(self) -> None:
        object.__setattr__(self, "utopia", numbers("utopia", self.utopia))
        object.__setattr__(self, "disagreement", numbers("disagreement", self.disagreement, len(self.utopia)))

    @property
    def range(self) -> Weights:
        """(M,) how much there is to gain in each objective, above 0; the utopia's size, or 1, where there is nothing."""
        return np.where(self.constant, np.maximum(np.abs(self.utopia), 1.0), self.utopia - self.disagreement)

    @property
    def constant(self) -> NDArray[np.bool_]:
        """(M,) the objectives in which there is nothing to gain."""
        return np.asarray(self.utopia - self.disagreement <= 1e-9 * np.maximum(np.abs(self.utopia), 1.0))
