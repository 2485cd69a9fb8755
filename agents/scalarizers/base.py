"""The base of scalarizers, which combine several objectives into one number by weights that may change during a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.agents.scalarizers.context import ScalarizerContext, read_scalarizer_options
from slategym.sim.objectives import DEFAULT_OBJECTIVES, OBJECTIVES
from slategym.utils.short_repr import Brief

if TYPE_CHECKING:
    from slategym.agents.scalarizers.reference import Reference

Weights = NDArray[np.float64]
ROUNDING = 5.0  # numerator of the rounding of a utility's corners, ROUNDING / sqrt(slates)


def numbers(name: str, values: ArrayLike, count: int | None = None) -> Weights:
    """Check numbers, one per objective.

    Args:
        name: what messages call them.
        values: numbers.
        count: M; any number if None.

    Returns:
        (M,) float64.

    Raises:
        ValueError: not a row of finite numbers, or not `count` of them.
    """
    try:
        result = np.array(values, np.float64)
    except (TypeError, ValueError):
        result = np.zeros((0, 0))
    if result.ndim != 1 or not np.isfinite(result).all() or (count is not None and len(result) != count):
        expected = "one finite number an objective" if count is None else f"{count} finite numbers, one an objective"
        raise ValueError(f"{name} is {values!r}: expected {expected}")
    return result


def default_weights(objectives: Sequence[str]) -> tuple[float, ...]:
    """(M,) the default weight of each built-in objective (`Objective.weight`).

    Raises:
        ValueError: an objective is a custom one, whose weight its world knows (`World.weights`).
    """
    for name in objectives:
        if name not in OBJECTIVES:
            raise ValueError(f"the default weight of {name!r}, a custom objective, is its world's: pass weights=world.weights")
    return tuple(OBJECTIVES[name].weight for name in objectives)


class Constraint(NamedTuple):
    """A bound on the mean of one objective.

    Attributes:
        objective: its index.
        sign: 1 for a floor, -1 for a ceiling.
        bound: the least or the greatest mean.
    """

    objective: int
    sign: float
    bound: float


class Scalarizer(Brief, ABC):
    """A utility of the mean objectives, and the weights that increase it.

    An agent keeps a running mean V of the objectives, chooses the slates with the best sum by the weights at V, and calls
    `update` with the objectives of each step.

    A subclass defines `weights` and `utility`. It can be named in a text, `my_goals.py:Mine:name=value`, if its
    constructor's parameters are options, or attributes of `ScalarizerContext`; override `defaults` or `from_text` for more.

    Attributes:
        compares_gains: whether every objective must have a range, since its value is compared with what it could be.
        is_concave: whether the utility is concave, so that the best mixture of slates can be found for it.
    """

    compares_gains = False
    is_concave = True

    @classmethod
    def from_text(cls, text: str, context: ScalarizerContext) -> Scalarizer:
        """The scalarizer with the options of a text.

        Args:
            text: `key=value,key=value`; empty for the defaults.
            context: the objectives that it is made for.

        Raises:
            ValueError: there is no such option, or its value does not fit.
        """
        options = read_scalarizer_options(cls, text, context)
        return cls(**dict(cls.defaults(context, options)) | options)

    @classmethod
    def defaults(cls, context: ScalarizerContext, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments that the context gives where a text has no option for them.

        Args:
            context: the objectives that it is made for.
            options: those that the text has.

        Raises:
            ValueError: an option is missing that the context cannot give.
        """
        return context.named_by(cls)

    @abstractmethod
    def weights(self, value: ArrayLike) -> Weights:
        """(M,) float64, the weights to choose slates by: approximately the gradient of the utility.

        Args:
            value: (M,) the mean objectives per slate.
        """

    def gradient(self, value: ArrayLike) -> Weights:
        """(M,) float64, the exact gradient, or a supergradient at a corner; `weights` may be smoother.

        Args:
            value: (M,) the mean objectives per slate.
        """
        return self.weights(value)

    @abstractmethod
    def utility(self, value: ArrayLike) -> float:
        """The utility of mean objectives.

        Args:
            value: (M,) the mean objectives per slate.
        """

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Learn from the objectives of a step; does nothing by default.

        Args:
            objectives: (n, M) float32.
        """

    def at(self, slates: int) -> Scalarizer:
        """The scalarizer in force after a number of slates: itself, but for a `Schedule`.

        Args:
            slates: shown so far.
        """
        return self

    @property
    def now(self) -> Scalarizer:
        """The scalarizer in force: itself, but for a `Schedule`."""
        return self

    @property
    def parts(self) -> Sequence[tuple[int, Scalarizer]]:
        """The scalarizers that follow each other, with the slates from which each is in force: itself, but for a `Schedule`."""
        return ((0, self),)

    @property
    def goal(self) -> Scalarizer:
        """The concave utility by which a run's mean is evaluated: itself, but for `HypervolumeScalarizer`."""
        return self

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The bounds that a mean must meet; none by default."""
        return ()

    @property
    def unconstrained(self) -> Scalarizer:
        """The utility without its constraints: itself, but for a `Lagrangian`."""
        return self

    @property
    def constant_weights(self) -> Weights | None:
        """(M,) the weights if they are the same at every value; None by default."""
        return None

    def settle(self, reference: Reference) -> None:
        """Replace quantities that are estimated during a run by those of a reference; does nothing by default.

        Args:
            reference: utopia and disagreement of the world.
        """


class FixedSum(Scalarizer):
    """u(V) = w . V with constant weights; reaches the convex hull of the front only.

    Args:
        weights: (M,), of each objective; by default those of clicks and conversions.
    """

    def __init__(self, weights: ArrayLike | None = None) -> None:
        default = [objective.weight for objective in DEFAULT_OBJECTIVES]
        self._weights = numbers("weights", default if weights is None else weights)

    @override
    def weights(self, value: ArrayLike) -> Weights:
        return self._weights.copy()

    @override
    def utility(self, value: ArrayLike) -> float:
        return float(np.asarray(value, np.float64) @ self._weights)

    @classmethod
    def defaults(cls, context: ScalarizerContext, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The weights of the context, or those of the built-in objectives."""
        if "weights" in options:
            return {}
        return {"weights": default_weights(context.objective_names) if context.weights is None else context.weights}

    @property
    @override
    def constant_weights(self) -> Weights:
        return self._weights.copy()
