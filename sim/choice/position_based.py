"""The position-based model: every rank is examined with its own probability, whatever happens elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.choice.choice import Choice, Floats, Items
from slategym.sim.top_k import top_k


class PositionBased(Choice):
    """P(click at rank r) = examination[r] * attraction (Richardson, Dominowska, Ragno, WWW 2007).

    Examination and attraction are independent, and so are the ranks. The best slate is exact: the k items of highest
    attraction * gain, the highest where examination is highest (rearrangement inequality).

    Args:
        examination: (k,) probabilities, one a rank; a longer list serves shorter slates too.
    """

    def __init__(self, examination: ArrayLike) -> None:
        self.examination = np.asarray(examination, np.float64)
        if self.examination.ndim != 1 or not ((self.examination >= 0) & (self.examination <= 1)).all():
            raise ValueError(f"examination must be one probability a rank, each in [0, 1]; got {examination!r}")

    @classmethod
    def geometric(cls, slate_size: int, decay: float = 0.85) -> PositionBased:
        """Examination decay**r at rank r = 0, 1, ..."""
        return cls(decay ** np.arange(slate_size))

    @classmethod
    def reciprocal(cls, slate_size: int, power: float = 1.0) -> PositionBased:
        """Examination (r + 1)**-power at rank r = 0, 1, ... (Joachims, Swaminathan, Schnabel, WSDM 2017)."""
        return cls((np.arange(slate_size) + 1.0) ** -power)

    def click_probability(self, attraction: Floats) -> Floats:
        return attraction * self._ranks(attraction.shape[1])

    def clicks(self, attraction: Floats, of_item: Floats, of_slate: Floats) -> NDArray[np.bool_]:
        return of_item < self.click_probability(attraction)

    def best_slate(self, attraction: Floats, gain: Floats, slate_size: int) -> Items:
        best = top_k(attraction * gain, slate_size)
        slate = np.empty_like(best)
        slate[:, np.argsort(-self._ranks(slate_size), kind="stable")] = best
        return slate

    def _ranks(self, slate_size: int) -> Floats:
        if slate_size > len(self.examination):
            raise ValueError(
                f"examination is given for {len(self.examination)} ranks and the slate has {slate_size}: give one number a rank"
            )
        return self.examination[:slate_size]
