"""From several objectives to one number, with weights that may move while the run goes on."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

Weights = NDArray[np.float64]


def numbers(name: str, values: ArrayLike, count: int | None = None) -> Weights:
    """Numbers (M,), one an objective, checked.

    Raises:
        ValueError: not a row of finite numbers, or not `count` of them.
    """
    result = np.array(values, np.float64)
    if result.ndim != 1 or not np.isfinite(result).all() or (count is not None and len(result) != count):
        expected = "one finite number an objective" if count is None else f"{count} finite numbers, one an objective"
        raise ValueError(f"{name} is {values!r}: expected {expected}")
    return result


class Scalarizer(ABC):
    """A utility of the mean objectives, and the weights that lead uphill on it."""

    @abstractmethod
    def weights(self, value: ArrayLike) -> Weights:
        """(M,) the gradient of the utility at a value (M,) of the mean objectives per slate."""

    @abstractmethod
    def utility(self, value: ArrayLike) -> float:
        """The utility of a value (M,)."""

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Learn from the objectives (n, M) of a step."""


class FixedSum(Scalarizer):
    """u(V) = w . V with constant weights; reaches the convex hull of the front only.

    Args:
        weights: (M,), the worth of a click and of a conversion.
    """

    def __init__(self, weights: ArrayLike = (1.0, 10.0)) -> None:
        self._weights = numbers("weights", weights)

    def weights(self, value: ArrayLike) -> Weights:
        return self._weights.copy()

    def utility(self, value: ArrayLike) -> float:
        return float(np.asarray(value, np.float64) @ self._weights)
