"""One objective, subject to floors and ceilings on others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.scalarizers.base import Scalarizer, Weights, numbers


class Lagrangian(Scalarizer):
    """Maximises one objective subject to V_i >= floor_i and V_j <= ceiling_j, by dual ascent.

    A multiplier rises while its constraint is violated and falls while there is room: l <- clip(l + eta (floor - r), 0, L), with
    r what a step earned on average and eta = rate / sqrt(step), all in units of `scale`, so that one rate suits clicks and
    conversions. Weights are the multipliers beside the objective's one, scaled to sum to one. Violations add up to at most
    L sqrt(steps) / rate, so that their time average falls as 1 / sqrt(steps) (Mahdavi, Jin, Yang, JMLR 13, 2012).

    Args:
        objective: the number of the objective to maximise.
        floors: least mean values by number of objective.
        ceilings: greatest mean values by number of objective.
        objectives: M.
        scale: (M,) above 0, how much there is to gain in each objective; 1 by default.
        rate: of the dual ascent, in multiplier per unit of violation, at the first step.
        most: L, the largest multiplier.
    """

    def __init__(
        self,
        objective: int,
        floors: Mapping[int, float] | None = None,
        ceilings: Mapping[int, float] | None = None,
        *,
        objectives: int = 2,
        scale: ArrayLike | None = None,
        rate: float = 5.0,
        most: float = 10.0,
    ) -> None:
        bounds = [(number, bound, 1.0) for number, bound in (floors or {}).items()]
        bounds += [(number, bound, -1.0) for number, bound in (ceilings or {}).items()]
        for number in [objective, *(number for number, _, _ in bounds)]:
            if not 0 <= number < objectives:
                raise ValueError(f"there is no objective {number}: they run 0..{objectives - 1}")
        if not bounds:
            raise ValueError("neither floors nor ceilings: expected at least one, or use FixedSum")
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

    def weights(self, value: ArrayLike) -> Weights:
        result = np.zeros(self.objectives)
        result[self.objective] = 1.0
        np.add.at(result, self.number, self.sign * self.multipliers)
        result /= self.scale
        return np.asarray(result / np.abs(result).sum())

    def utility(self, value: ArrayLike) -> float:
        """The objective, less what the violations cost at the largest multiplier."""
        values = np.asarray(value, np.float64)
        cost = self.most * np.maximum(self.violation(values), 0).sum()
        return float(values[self.objective] - self.scale[self.objective] * cost)

    def update(self, objectives: NDArray[np.float32]) -> None:
        """One step of dual ascent on what was earned."""
        self.steps += 1
        violation = self.violation(objectives.mean(axis=0, dtype=np.float64))
        self.multipliers = np.clip(self.multipliers + self.rate / np.sqrt(self.steps) * violation, 0, self.most)

    def violation(self, value: Weights) -> Weights:
        """How far each bound is missed at a value (M,), in units of the scale; below 0 where there is room."""
        return np.asarray(self.sign * (self.bound - value[self.number]) / self.scale[self.number])
