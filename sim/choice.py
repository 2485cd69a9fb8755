"""How shoppers look at a slate and click: from attraction to clicks."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.top_k import top_k

Floats = NDArray[np.floating]


class Choice(ABC):
    """How attraction becomes clicks. A repeated item arrives with attraction 0 at its later ranks."""

    @abstractmethod
    def click_probability(self, attraction: Floats) -> Floats:
        """(n, k) exact marginal probability of a click at each rank, for attraction (n, k)."""

    @abstractmethod
    def clicks(self, attraction: Floats, uniforms: Floats) -> NDArray[np.bool_]:
        """(n, k) bool clicks from given uniforms (n, k), one per shopper and item."""

    @abstractmethod
    def best_slate(self, attraction: Floats, gain: Floats, slate_size: int) -> NDArray[np.int64]:
        """(n, k) the slate with the highest expected gain.

        Args:
            attraction: (n, m), of every item.
            gain: (n, m), what a click on the item is worth; may be negative.
            slate_size: k.
        """


class PositionBased(Choice):
    """The position-based model: P(click at rank r) = examination[r] * attraction (Richardson, Dominowska, Ragno, WWW 2007).

    Examination and attraction are independent, and so are the ranks. The best slate is exact: the k items of highest
    attraction * gain, the highest where examination is highest (rearrangement inequality).
    """

    def __init__(self, examination: ArrayLike) -> None:
        self.examination = np.asarray(examination, np.float64)
        if self.examination.ndim != 1 or not ((self.examination >= 0) & (self.examination <= 1)).all():
            raise ValueError(f"examination must be one probability a rank, each in [0, 1]; got {examination!r}")

    @classmethod
    def geometric(cls, slate_size: int, decay: float = 0.85) -> PositionBased:
        """Examination decay**r at rank r = 0, 1, ..."""
        return cls(decay ** np.arange(slate_size))

    def click_probability(self, attraction: Floats) -> Floats:
        return attraction * self._ranks(attraction.shape[1])

    def clicks(self, attraction: Floats, uniforms: Floats) -> NDArray[np.bool_]:
        return uniforms < self.click_probability(attraction)

    def best_slate(self, attraction: Floats, gain: Floats, slate_size: int) -> NDArray[np.int64]:
        best = top_k(attraction * gain, slate_size)
        order = np.argsort(-self._ranks(slate_size), kind="stable")
        slate = np.empty_like(best)
        slate[:, order] = best
        return slate

    def _ranks(self, slate_size: int) -> Floats:
        if slate_size > len(self.examination):
            raise ValueError(
                f"examination is given for {len(self.examination)} ranks and the slate has {slate_size}: give one number a rank"
            )
        return self.examination[:slate_size]
