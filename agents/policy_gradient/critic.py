"""Rewards after a visit: a linear critic for each objective."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RIDGE = 100.0  # strength of the ridge penalty, in visits
KEPT = 50_000  # after this many visits, what was learned counts less by a factor of e, because the policy changes

Floats = NDArray[np.float64]


class Critic:
    """The return after a visit: for each objective a linear function of the visit's inputs, fitted by least-squares TD.

    (Bradtke, Barto, "Linear least-squares algorithms for temporal difference learning", Machine Learning 22, 1996.)

    Args:
        inputs: p, the number of input columns.
        objectives: M, the number of objectives.
        discount: discount factor per visit.
    """

    def __init__(self, inputs: int, objectives: int, discount: float) -> None:
        self.discount = discount
        self.sums = np.zeros((inputs, inputs))
        self.moments = np.zeros((inputs, objectives))
        self.squares = np.zeros(inputs)
        self.visits = 0.0
        self.coefficients = np.zeros((inputs, objectives))

    def __call__(self, inputs: Floats) -> Floats:
        """(n, M) the expected returns after visits with inputs (n, p)."""
        return np.asarray(inputs @ self.coefficients)

    def learn(self, inputs: Floats, later: Floats, goes_on: NDArray[np.bool_], reward: Floats) -> None:
        """Learn from n visits and the visits that followed them.

        Args:
            inputs: (n, p) of the visits.
            later: (n, p) of the next visits in the same rows.
            goes_on: (n,) whether the next visit is by the same shopper.
            reward: (n, M), the rewards of the next visit.
        """
        keep = np.exp(-len(inputs) / KEPT)
        following = self.discount * goes_on[:, None]
        self.sums = keep * self.sums + inputs.T @ (inputs - following * later)
        self.moments = keep * self.moments + inputs.T @ (following * reward)
        self.squares = keep * self.squares + (inputs**2).sum(axis=0)
        self.visits = keep * self.visits + len(inputs)
        scale = np.sqrt(self.squares / self.visits + 1e-9)
        standard = self.sums / np.outer(scale, scale) + RIDGE * np.eye(len(scale))
        self.coefficients = np.linalg.solve(standard, self.moments / scale[:, None]) / scale[:, None]
