"""What agents tell of items: scores, estimates and explanations, which an agent refuses unless it defines them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.choosing.explanation import Explanation
from slategym.agents.estimates import Estimates
from slategym.agents.problem import Observation
from slategym.utils.short_repr import Brief


class Telling(Brief):
    """The part of an agent that tells what it thinks of items."""

    name = "agent"

    def scores(self, observation: Observation) -> NDArray[np.floating]:
        """(n, m) what showing each item is worth by the agent's own estimates, without exploration; (n, C) for candidates.

        It is in units of the scalarizer's utility where the agent estimates outcomes, at the best rank. Where it learns a policy
        instead, as "policy-gradient" does, it is the logit by which the policy chooses.

        Args:
            observation: (n, o) float32.

        Raises:
            NotImplementedError: this kind of agent has no estimates.
        """
        raise NotImplementedError(f"{self.name} has no scores: it does not estimate what items are worth")

    def estimates(self, observation: Observation) -> Estimates:
        """The estimated probabilities that a shopper clicks each item, and that a click converts.

        Args:
            observation: (n, o) float32.

        Raises:
            NotImplementedError: this kind of agent has no such estimates.
        """
        raise NotImplementedError(
            f"{self.name} does not estimate clicks and conversions: expected such as popularity or logistic-ts"
        )

    def explored_estimates(self, observation: Observation) -> Estimates:
        """The probabilities by which the agent would choose now: draws from a posterior, or the upper ends of intervals.

        Those of `estimates` where it explores in another way.

        Args:
            observation: (n, o) float32.

        Raises:
            NotImplementedError: this kind of agent has no such estimates.
        """
        return self.estimates(observation)

    def explain(self, observation: Observation, slate: NDArray[np.int64]) -> Explanation:
        """Contributions that add up to the scores of the items of slates, by name.

        Args:
            observation: (n, o) float32.
            slate: (n, k) int64, as `act` gives it.

        Raises:
            ValueError: the observation or the slate is invalid.
            NotImplementedError: this kind of agent has no scores that are sums.
        """
        raise NotImplementedError(f"{self.name} cannot explain its scores: expected a linear or a logistic agent")
