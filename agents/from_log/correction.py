"""Weights by which the impressions of a biased logger stand for those of one that draws items alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.problem import Decision

LARGEST = 10.0  # weight, and ratio of a policy's own probability to the logger's


@dataclass(frozen=True)
class Correction:
    """Inverse propensities, relative to those of a uniform choice, and clipped.

    The mean of an item's answers over all shoppers is that of its impressions, each divided by the probability with which it was
    shown (Horvitz, Thompson, JASA 1952). Clipped weights are biased a little, and a few impressions do not decide all (Ionides,
    "Truncated importance sampling", JCGS 2008).

    Attributes:
        choices: m, the number of items that a slate is chosen from.
        largest: weight, where the uniform choice has 1.
    """

    choices: int
    largest: float = LARGEST

    def __call__(self, decision: Decision) -> NDArray[np.float64]:
        """(n, k) the weight of each impression; 1 where the propensity is not known.

        Args:
            decision: the slates shown, with the propensities of the logger.
        """
        count = np.full(len(decision.slate), self.choices) if decision.allowed is None else decision.allowed.sum(axis=1)
        uniform = 1 / np.maximum(count[:, None] - np.arange(decision.slate.shape[1]), 1)
        propensity = decision.propensity.astype(np.float64)
        known = propensity > 0
        weight = np.where(known, uniform / np.where(known, propensity, 1.0), 1.0)
        return np.minimum(weight, self.largest)
