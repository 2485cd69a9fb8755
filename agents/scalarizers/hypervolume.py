"""Random directions; following one after another covers the hypervolume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.agents.scalarizers.base import Scalarizer, Weights, numbers
from slategym.agents.scalarizers.context import ScalarizerContext
from slategym.agents.scalarizers.welfare import NashWelfare
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Seed


class HypervolumeScalarizer(Scalarizer):
    """u(V) = min_i (max(0, V_i - ref_i) / (s_i l_i))^M, with l uniform on the positive sphere, redrawn every `steps` updates.

    The expectation of the utility over directions is proportional to the hypervolume, so that following one direction after
    another covers the front (Zhang, Golovin, "Random hypervolume scalarizations for provable multi-objective black box
    optimization", ICML 2020). The weight is 1 / (s_i l_i) for the objective with the smallest term, and 0 for the others.

    Args:
        reference: ref, (M,) the worst values that count.
        seed: seed of the directions.
        steps: number of updates per direction.
        scale: s, (M,) above 0, which brings the objectives to one scale; 1 by default.
    """

    compares_gains = True
    is_concave = False

    @checked
    def __init__(self, reference: ArrayLike, seed: Seed = 0, steps: Count = 1, *, scale: ArrayLike | None = None) -> None:
        self.reference = numbers("reference", reference)
        self.scale = np.ones_like(self.reference) if scale is None else numbers("scale", scale, len(self.reference))
        if (self.scale <= 0).any():
            raise ValueError(f"scale is {self.scale.tolist()}: expected numbers above 0")
        self.random = np.random.Generator(np.random.Philox(key=np.array([seed, 0x4A1], np.uint64)))
        self.steps = steps
        self._age = 0
        self.direction = self._draw()

    @classmethod
    def defaults(cls, context: ScalarizerContext, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The disagreement and the ranges of the world's reference; without a reference 0 and 1."""
        known = context.reference
        if known is None:
            return {"reference": (0.0,) * len(context.objective_names), "seed": context.seed}
        return {"reference": known.disagreement, "seed": context.seed, "scale": known.range}

    @override
    def weights(self, value: ArrayLike) -> Weights:
        behind = int(self._reach(value).argmin())
        result = np.zeros_like(self.reference)
        result[behind] = 1 / (self.scale[behind] * self.direction[behind])
        return result

    @override
    def utility(self, value: ArrayLike) -> float:
        return float(self._reach(value).min() ** len(self.reference))

    @property
    def goal(self) -> Scalarizer:
        """The logarithm of the volume that a single mean covers; the expected utility over directions is that volume."""
        return NashWelfare(np.ones_like(self.reference), self.reference)

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Count the step; the direction changes after every `steps` steps."""
        self._age += 1
        if self._age % self.steps == 0:
            self.direction = self._draw()

    def _draw(self) -> Weights:
        normal = np.abs(self.random.standard_normal(len(self.reference)))
        return np.asarray(np.maximum(normal / np.linalg.norm(normal), 1e-6))

    def _reach(self, value: ArrayLike) -> Weights:
        gain = np.maximum(np.asarray(value, np.float64) - self.reference, 0)
        return np.asarray(gain / (self.scale * self.direction))
