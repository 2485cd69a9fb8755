"""Methods that report an agent's view of the items: scores, estimates and explanations; by default they raise an error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.choosing.explanation import Explanation
from slategym.agents.estimates import Estimates
from slategym.agents.problem import Observation
from slategym.utils.short_repr import Brief


class Telling(Brief):
    """The methods of an agent that report its scores, estimates and explanations of items."""

    name = "agent"

    def scores(self, observation: Observation) -> NDArray[np.floating]:
        """(n, m) the value of showing each item by the agent's estimates, without exploration; (n, C) for candidates.

        If the agent estimates outcomes, the value is for the first rank and in units of the scalarizer's utility. If it learns a
        policy instead, as "policy-gradient" does, it is the policy's logit.

        Args:
            observation: (n, o) float32.

        Raises:
            NotImplementedError: this kind of agent has no scores.
        """
        raise NotImplementedError(f"{self.name} has no scores: it does not estimate the values of items")

    def estimates(self, observation: Observation) -> Estimates:
        """The estimated probabilities that a shopper clicks each item, and that a click converts.

        Args:
            observation: (n, o) float32.

        Raises:
            NotImplementedError: this kind of agent has no such estimates.
        """
        raise NotImplementedError(
            f"{self.name} does not estimate clicks and conversions: expected an agent such as popularity or logistic-ts"
        )

    def explored_estimates(self, observation: Observation) -> Estimates:
        """The probabilities that the agent would use for its next choice: posterior draws or upper confidence bounds.

        The same as `estimates` for agents that explore in another way.

        Args:
            observation: (n, o) float32.

        Raises:
            NotImplementedError: this kind of agent has no such estimates.
        """
        return self.estimates(observation)

    def explain(self, observation: Observation, slate: NDArray[np.int64]) -> Explanation:
        """Named contributions that add up to the scores of the items of slates.

        Args:
            observation: (n, o) float32.
            slate: (n, k) int64, as in decisions of `act`.

        Raises:
            ValueError: the observation or the slate is invalid.
            NotImplementedError: the scores of this kind of agent are not sums.
        """
        raise NotImplementedError(f"{self.name} cannot explain its scores: expected a linear or a logistic agent")
