"""Weights that correct the impressions of a biased logging policy to those of a uniform one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.problem import Decision

LARGEST = 10.0  # largest weight, and largest ratio of a policy's own probability to the propensity


@dataclass(frozen=True)
class Correction:
    """Clipped inverse propensities, relative to those of a uniform choice.

    The mean outcome of an item over all shoppers can be estimated from its impressions, each divided by the probability with
    which it was shown (Horvitz, Thompson, JASA 1952). Clipping introduces a small bias, but prevents a few impressions from
    dominating the result (Ionides, "Truncated importance sampling", JCGS 2008).

    Attributes:
        choices: m, the number of items that a slate is chosen from.
        largest: largest weight; a uniform choice has the weight 1.
    """

    choices: int
    largest: float = LARGEST

    def __call__(self, decision: Decision) -> NDArray[np.float64]:
        """(n, k) the weight of each impression; 1 if the propensity is unknown.

        Args:
            decision: the slates shown, with the propensities of the logging policy.
        """
        count = np.full(len(decision.slate), self.choices) if decision.allowed is None else decision.allowed.sum(axis=1)
        uniform = 1 / np.maximum(count[:, None] - np.arange(decision.slate.shape[1]), 1)
        propensity = decision.propensity.astype(np.float64)
        known = propensity > 0
        weight = np.where(known, uniform / np.where(known, propensity, 1.0), 1.0)
        return np.minimum(weight, self.largest)
