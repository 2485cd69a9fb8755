"""One policy for every mix of the objectives: it takes the weights as input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Decision, Observation, Problem
from slategym.agents.policy_gradient.agent import PolicyGradient
from slategym.agents.scalarizers.base import Scalarizer


class ConditionedPolicyGradient(PolicyGradient):
    """Policy gradient with a network that reads [observation, w], so that one network covers the front.

    Each slate has a w of its own on the simplex and the reward sum_i w_i * unit_i * objective_i, where the units are the sizes of
    the default weights, which bring the objectives to one scale. A share of the slates, `spread`, draws its w ~ Dirichlet(1),
    and learns the whole front; the others take the scalarizer's weights, scaled to sum to one, and learn where the run is
    (Abels, Roijers, Lenaerts, Nowe, Steckelmacher, "Dynamic weights in multi-objective deep reinforcement learning", ICML 2019;
    Yang, Sun, Narasimhan, NeurIPS 2019). Only ratios of weights matter to it.

    `agent.with_weights(weights).best(observation)` are the slates for other weights, in the units of `FixedSum`, without further
    learning: how an evaluation goes along the front. `with_weights` draws no w at random.

    Args:
        spread: the share of slates with a w of their own, from 0 to 1; with 1 the scalarizer has no say in what is shown.
        options: those of `PolicyGradient`.
    """

    name = "conditioned-policy-gradient"

    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        spread: float = 0.5,
        learning_rate: float = 0.003,
        entropy: float = 0.1,
        settle: int = 20_000,
        part: int = 250,
        hidden: int = 64,
        width: int = 32,
    ) -> None:
        if not 0 <= spread <= 1:
            raise ValueError(f"spread is {spread}: expected a share in [0, 1]")
        self.spread = spread
        unit_weights = np.abs(np.array(problem.weights, np.float64))
        self.unit_weights = np.where(unit_weights > 0, unit_weights, 1.0)
        self.last: Observation | None = None
        super().__init__(
            problem,
            seed,
            scalarizer,
            learning_rate=learning_rate,
            entropy=entropy,
            settle=settle,
            part=part,
            hidden=hidden,
            width=width,
        )

    @property
    def conditions(self) -> int:
        """M, the weights."""
        return len(self.unit_weights)

    def act(self, observation: Observation) -> Decision:
        """Choose a slate for each observation (n, o), by the scalarizer's weights or some drawn for it."""
        self.last = self._with_weights(self._checked(observation))
        return self._draw(self.last)

    def best(self, observation: Observation) -> NDArray[np.int64]:
        """(n, k) the most probable slates for the scalarizer's weights."""
        return self.with_weights(self.weights)._best(self._checked(observation))

    def with_weights(self, weights: Any) -> ConditionedPolicyGradient:
        """The agent as it would choose under other fixed weights (M,), for asking `best` and `choose`, not for learning."""
        other = super().with_weights(weights)
        other.spread = 0.0
        return other

    def mixed(self, advantage: NDArray[np.float64], inputs: Observation) -> NDArray[np.float64]:
        """(n, k) the sum of the advantages by each slate's own weights, scaled to a variance of one for these."""
        weights = inputs[:, -self.conditions :].astype(np.float64) * self.unit_weights
        variance = np.einsum("ni,ij,nj->n", weights, self.moments, weights)
        return np.asarray(np.einsum("nkm,nm->nk", advantage, weights) / np.sqrt(variance + 1e-12)[:, None])

    def _best(self, observation: Observation) -> NDArray[np.int64]:
        return super().best(observation)

    def _with_weights(self, observation: Observation) -> Observation:
        n = len(observation)
        weights = self.weights / self.unit_weights
        given = np.tile(weights / max(np.abs(weights).sum(), 1e-300), (n, 1))
        if self.spread:
            drawn = self.random.dirichlet(np.ones(self.conditions), n)
            given = np.where((self.random.random(n) < self.spread)[:, None], drawn, given)
        return np.concatenate([observation, given.astype(np.float32)], axis=1)

    def _shown(self, observation: Observation) -> Observation:
        last = self.last
        if last is not None and np.array_equal(last[:, : -self.conditions], observation):
            return last
        return self._with_weights(observation)  # slates of somebody else

    def _inputs(self, asked: Observation) -> NDArray[np.float32]:
        weights = asked[:, -self.conditions :]
        return np.concatenate([super()._inputs(asked), 2 * weights - 1], axis=1)
