"""Base class of scalarizers, which combine several objectives into one number with weights that may change during a run."""

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
ROUNDING = 5.0  # corners of a utility are rounded by ROUNDING / sqrt(slates)


def numbers(name: str, values: ArrayLike, count: int | None = None) -> Weights:
    """Check numbers, one per objective.

    Args:
        name: name of the numbers in error messages.
        values: the numbers.
        count: M; None for any number.

    Returns:
        (M,) float64.

    Raises:
        ValueError: the values are not a sequence of finite numbers, or there are not `count` of them.
    """
    try:
        result = np.array(values, np.float64)
    except (TypeError, ValueError):
        result = np.zeros((0, 0))
    if result.ndim != 1 or not np.isfinite(result).all() or (count is not None and len(result) != count):
        expected = "a finite number for each objective" if count is None else f"{count} finite numbers, one for each objective"
        raise ValueError(f"{name} is {values!r}: expected {expected}")
    return result


def default_weights(objectives: Sequence[str]) -> tuple[float, ...]:
    """(M,) the default weight of each built-in objective (`Objective.weight`).

    Raises:
        ValueError: an objective is a custom one; only its world has its weight (`World.weights`).
    """
    for name in objectives:
        if name not in OBJECTIVES:
            raise ValueError(f"{name!r} is a custom objective; only its world has its default weight: pass weights=world.weights")
    return tuple(OBJECTIVES[name].weight for name in objectives)


class Constraint(NamedTuple):
    """A bound on the mean of one objective.

    Attributes:
        objective: index of the objective.
        sign: 1 for a floor, -1 for a ceiling.
        bound: the smallest or largest allowed mean.
    """

    objective: int
    sign: float
    bound: float


class Scalarizer(Brief, ABC):
    """A utility of the mean objectives, with weights that increase it.

    An agent keeps a running mean V of the objectives, chooses the slates with the largest weighted sum under the weights at V,
    and calls `update` with the objectives of each step.

    A subclass defines `weights` and `utility`. Commands accept it as text, `my_goals.py:Mine:name=value`, if the parameters of
    its constructor are options or attributes of `ScalarizerContext`; otherwise override `defaults` or `from_text`.

    Attributes:
        compares_gains: whether every objective must have a range, because its value is compared with its best value.
        is_concave: whether the utility is concave, so that the best mixture of slates can be found for it.
    """

    compares_gains = False
    is_concave = True

    @classmethod
    def from_text(cls, text: str, context: ScalarizerContext) -> Scalarizer:
        """Create the scalarizer with the options of a text.

        Args:
            text: `key=value,key=value`; empty for the defaults.
            context: the objectives that the scalarizer is made for.

        Raises:
            ValueError: there is no such option, or its value is invalid.
        """
        options = read_scalarizer_options(cls, text, context)
        return cls(**dict(cls.defaults(context, options)) | options)

    @classmethod
    def defaults(cls, context: ScalarizerContext, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments taken from the context if the text does not contain them.

        Args:
            context: the objectives that the scalarizer is made for.
            options: the options in the text.

        Raises:
            ValueError: an option is missing, and the context does not contain it.
        """
        return context.named_by(cls)

    @abstractmethod
    def weights(self, value: ArrayLike) -> Weights:
        """(M,) float64, the weights for choosing slates: approximately the gradient of the utility.

        Args:
            value: (M,) the mean objectives per slate.
        """

    def gradient(self, value: ArrayLike) -> Weights:
        """(M,) float64, the exact gradient, or a supergradient at a corner; `weights` may be a smoothed version.

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
        """The scalarizer that applies after a number of slates: itself, except for a `Schedule`.

        Args:
            slates: number of slates shown so far.
        """
        return self

    @property
    def now(self) -> Scalarizer:
        """The scalarizer that applies now: itself, except for a `Schedule`."""
        return self

    @property
    def parts(self) -> Sequence[tuple[int, Scalarizer]]:
        """The successive scalarizers, each with the slate count from which it applies: only itself, except for a `Schedule`."""
        return ((0, self),)

    @property
    def goal(self) -> Scalarizer:
        """The concave utility that evaluates the mean of a run: itself, except for `HypervolumeScalarizer`."""
        return self

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The bounds on means; none by default."""
        return ()

    @property
    def unconstrained(self) -> Scalarizer:
        """The utility without constraints: itself, except for a `Lagrangian`."""
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
    """u(V) = w . V with constant weights; reaches only the convex hull of the Pareto front.

    Args:
        weights: (M,), the weight of each objective; by default those of clicks and conversions.
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
