"""One objective, subject to floors and ceilings on other objectives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.agents.scalarizers.base import Constraint, FixedSum, Scalarizer, Weights, numbers
from slategym.agents.scalarizers.context import ScalarizerContext, finite_number
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Positive
from slategym.utils.specification import terms


class Lagrangian(Scalarizer):
    """The Lagrangian of one objective, subject to V_i >= floor_i and V_j <= ceiling_j; dual ascent learns the multipliers.

    A multiplier rises while its constraint is violated, and falls otherwise: l <- clip(l + eta (floor - r), 0, L), with the
    step's mean objective r and eta = rate / sqrt(step). All values are in units of `scale`, so that one rate suits both clicks
    and conversions. The weights are 1 for the objective and the multipliers for the bounds, scaled to sum to one. Violations add
    up to at most L sqrt(steps) / rate, so that their average over time falls as 1 / sqrt(steps) (Mahdavi, Jin, Yang, JMLR 13,
    2012).

    Args:
        objective: index of the objective to maximise.
        floors: smallest allowed mean by index of objective.
        ceilings: largest allowed mean by index of objective.
        objectives: M, the number of objectives.
        scale: (M,) above 0, the range of each objective; 1 by default.
        rate: rate of the dual ascent at the first step: change of a multiplier per unit of violation.
        most: L, the largest multiplier.
    """

    @checked
    def __init__(
        self,
        objective: int,
        floors: Mapping[int, float] | None = None,
        ceilings: Mapping[int, float] | None = None,
        *,
        objectives: Count = 2,
        scale: ArrayLike | None = None,
        rate: Positive = 5.0,
        most: Positive = 10.0,
    ) -> None:
        bounds = [(number, bound, 1.0) for number, bound in (floors or {}).items()]
        bounds += [(number, bound, -1.0) for number, bound in (ceilings or {}).items()]
        for number in [objective, *(number for number, _, _ in bounds)]:
            if not 0 <= number < objectives:
                raise ValueError(f"there is no objective {number}: expected a number from 0 to {objectives - 1}")
        if not bounds:
            raise ValueError("there are neither floors nor ceilings: expected at least one; without bounds use FixedSum")
        if not (rate > 0 and most > 0):
            raise ValueError(f"rate is {rate} and most is {most}: expected numbers above 0")
        self.objective, self.objectives, self.rate, self.most = objective, objectives, rate, most
        self.scale = np.ones(objectives) if scale is None else numbers("scale", scale, objectives)
        if (self.scale <= 0).any():
            raise ValueError(f"scale is {self.scale.tolist()}: expected numbers above 0")
        self.number = np.array([number for number, _, _ in bounds])
        self.bound = np.array([bound for _, bound, _ in bounds], np.float64)
        self.sign = np.array([sign for _, _, sign in bounds])
        self.multipliers = np.zeros(len(bounds))
        self.steps = 0

    @classmethod
    def from_text(cls, text: str, context: ScalarizerContext) -> Scalarizer:
        """Create a Lagrangian from a text such as `click>=0.5,diversity>=0.8,maximize=conversion`.

        Args:
            text: the bounds; the objective to maximize, unless exactly one has no bound; and optionally `rate` and `most`.
            context: the objectives that the scalarizer is made for; its reference gives the scale.

        Raises:
            ValueError: there is no bound, no such objective or option, or the objective to maximize is ambiguous.
        """
        names = context.objective_names
        expected = f"expected floors or ceilings on {', '.join(names)}, such as {names[0]}>=0.3"
        bounds: dict[str, dict[int, float]] = {">=": {}, "<=": {}}
        settings: dict[str, float] = {}
        objective: int | None = None
        for term in terms(text):
            if term.sign in bounds:
                which = context.index(term.key)
                if which in bounds[term.sign]:
                    raise ValueError(f"{term.key} has two bounds with {term.sign}: expected one")
                bounds[term.sign][which] = finite_number(term.value, str(term))
            elif term.sign == "=" and term.key in ("rate", "most"):
                settings[term.key] = finite_number(term.value, str(term))
            elif term.sign == "=" and term.key == "maximize" and objective is None:
                objective = context.index(term.value)
            else:
                raise ValueError(f"{str(term)!r} is not a constraint: {expected}")
        floors, ceilings = bounds[">="], bounds["<="]
        if not (floors or ceilings):
            raise ValueError(f"there is no constraint: {expected}")
        if objective is None:
            free = [number for number in range(len(names)) if number not in floors and number not in ceilings]
            if len(free) != 1:
                known = ", ".join(names[number] for number in free) or "none"
                raise ValueError(f"the objectives without a bound are {known}: choose one, such as maximize={names[-1]}")
            objective = free[0]
        scale = None if context.reference is None else context.reference.range
        return cls(objective, floors, ceilings, objectives=len(names), scale=scale, **settings)

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The floors and ceilings."""
        return tuple(map(Constraint, self.number.tolist(), self.sign.tolist(), self.bound.tolist()))

    @property
    def unconstrained(self) -> Scalarizer:
        """The objective without its bounds."""
        return FixedSum(np.eye(self.objectives)[self.objective])

    @override
    def weights(self, value: ArrayLike) -> Weights:
        result = np.zeros(self.objectives)
        result[self.objective] = 1.0
        np.add.at(result, self.number, self.sign * self.multipliers)
        result /= self.scale
        return np.asarray(result / np.abs(result).sum())

    def utility(self, value: ArrayLike) -> float:
        """The objective, minus the cost of violations at the largest multiplier."""
        values = np.asarray(value, np.float64)
        cost = self.most * np.maximum(self.violation(values), 0).sum()
        return float(values[self.objective] - self.scale[self.objective] * cost)

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Make a step of dual ascent with the objectives (n, M) of a step."""
        self.steps += 1
        violation = self.violation(objectives.mean(axis=0, dtype=np.float64))
        self.multipliers = np.clip(self.multipliers + self.rate / np.sqrt(self.steps) * violation, 0, self.most)

    def violation(self, value: Weights) -> Weights:
        """(b,) the violation of each bound, in units of `scale`; negative if the bound is satisfied.

        Args:
            value: (M,) the mean objectives per slate.
        """
        return np.asarray(self.sign * (self.bound - value[self.number]) / self.scale[self.number])
