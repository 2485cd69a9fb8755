"""From several objectives to one number, with weights that may move while the run goes on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.objectives import DEFAULT_OBJECTIVES, OBJECTIVES
from slategym.utils.short_repr import Brief

Weights = NDArray[np.float64]
ROUNDING = 5.0  # of corners of a utility, over the square root of the slates seen


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


def default_weights(objectives: Sequence[str]) -> tuple[float, ...]:
    """(M,) what one of each built-in objective is worth where nobody says otherwise (`Objective.weight`).

    Raises:
        ValueError: an objective is a custom one, whose weight its world knows (`World.weights`).
    """
    for name in objectives:
        if name not in OBJECTIVES:
            raise ValueError(f"the default weight of {name!r}, a custom objective, is its world's: pass weights=world.weights")
    return tuple(OBJECTIVES[name].weight for name in objectives)


class Scalarizer(Brief, ABC):
    """A utility of the mean objectives, and the weights that lead uphill on it.

    Whoever follows it keeps a running mean V of the objectives, asks for the weights there, chooses what is best by them, and
    calls `update` with what came of it.
    """

    @abstractmethod
    def weights(self, value: ArrayLike) -> Weights:
        """(M,) what to choose by where the mean objectives per slate are `value` (M,): about the gradient of the utility."""

    def gradient(self, value: ArrayLike) -> Weights:
        """(M,) the gradient itself at a value (M,), or one of those at a corner; weights may differ to be easier to follow."""
        return self.weights(value)

    @abstractmethod
    def utility(self, value: ArrayLike) -> float:
        """The utility of a value (M,)."""

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Learn from the objectives (n, M) of a step."""

    def at(self, slates: int) -> Scalarizer:
        """The scalarizer in force after so many slates: itself, but for a `Schedule`."""
        return self

    @property
    def goal(self) -> Scalarizer:
        """The concave utility that a run's mean is judged by: its own, but for `HypervolumeScalarizer`."""
        return self


class FixedSum(Scalarizer):
    """u(V) = w . V with constant weights; reaches the convex hull of the front only.

    Args:
        weights: (M,), the worth of one of each objective; by default of a click and of a conversion.
    """

    def __init__(self, weights: ArrayLike | None = None) -> None:
        default = [objective.weight for objective in DEFAULT_OBJECTIVES]
        self._weights = numbers("weights", default if weights is None else weights)

    def weights(self, value: ArrayLike) -> Weights:
        return self._weights.copy()

    def utility(self, value: ArrayLike) -> float:
        return float(np.asarray(value, np.float64) @ self._weights)
