"""Policy gradient with the objectives' weights as inputs: one network for the whole Pareto front."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.agents.base import Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.choosing.given_slates import mixed, other_draws
from slategym.agents.policy_gradient.agent import PolicyGradient
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Dimensions, NonNegative, Positive, Share


class ConditionedPolicyGradient(PolicyGradient):
    """Policy gradient with a network whose inputs are [observation, w]: one network covers the whole Pareto front.

    Each slate has its own weights w on the simplex, and the reward sum_i w_i * default_weight_i * objective_i, in which the
    default weights bring the objectives to one scale. For a share `spread` of the slates, w is drawn from Dirichlet(1), so that
    the whole front is learned. The other slates use the scalarizer's weights, scaled to sum to one (Abels, Roijers, Lenaerts,
    Nowe, Steckelmacher, "Dynamic weights in multi-objective deep reinforcement learning", ICML 2019; Yang, Sun, Narasimhan,
    NeurIPS 2019). Only the ratios of weights matter.

    To evaluate the policy along the front without further learning, `agent.with_weights(weights).best(observation)` returns the
    slates for other weights, in the units of `FixedSum`. After `with_weights` no w is drawn at random.

    Args:
        spread: share of slates with a random w, from 0 to 1; at 1 the scalarizer does not influence the slates shown.
    """

    name = "conditioned-policy-gradient"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        spread: Share = 0.5,
        learning_rate: Positive = 0.003,
        entropy: NonNegative = 0.1,
        entropy_halflife: Positive = 20_000,
        batch_size: Count = 250,
        hidden: Dimensions = 64,
        width: Dimensions = 32,
    ) -> None:
        self.spread = spread
        unit_weights = np.abs(np.array(problem.weights, np.float64))
        self.unit_weights = np.where(unit_weights > 0, unit_weights, 1.0)
        self.last_conditioned: Observation | None = None  # the conditioned observations of the last `act`
        super().__init__(
            problem,
            seed,
            scalarizer,
            learning_rate=learning_rate,
            entropy=entropy,
            entropy_halflife=entropy_halflife,
            batch_size=batch_size,
            hidden=hidden,
            width=width,
        )

    @property
    @override
    def conditions(self) -> int:
        return len(self.unit_weights)

    def act(self, observation: Observation, allowed: ArrayLike | None = None) -> Decision:
        """Choose a slate for each observation (n, o), with the scalarizer's or with random weights; see `Agent.act`."""
        observation = self._checked(observation)
        mask = self.eligible(observation, allowed)
        self.last_conditioned = self._conditioned(observation)
        return self._draw(self.last_conditioned, mask)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates; with random weights those of the mixture, estimated by drawing weights."""
        if not self.spread:
            return super().chances(observation, slate, allowed, draws)
        with other_draws(self):
            drawn = ((1 / draws, self._chances(self._conditioned(observation), slate, allowed)) for _ in range(draws))
            return mixed(drawn)

    @property
    def propensities_are(self) -> PropensitySource:
        """Exact, or estimated if some slates have random weights."""
        return "estimated" if self.spread else "exact"

    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the logits of the policy for the scalarizer's weights, or (n, C) for candidates."""
        return self.with_weights(self.weights)._given_scores(observation)

    def with_weights(self, weights: Any) -> ConditionedPolicyGradient:
        """A view of the agent with other fixed weights (M,), for `best` and `choose`; it must not learn."""
        other = super().with_weights(weights)
        other.spread = 0.0
        return other

    def mixed(self, advantage: NDArray[np.float64], conditioned: Observation) -> NDArray[np.float64]:
        """(n, k) the advantages (n, k, M), summed with each slate's own weights and scaled to variance one."""
        weights = conditioned[:, -self.conditions :].astype(np.float64) * self.unit_weights
        variance = np.einsum("ni,ij,nj->n", weights, self.moments, weights)
        return np.asarray(np.einsum("nkm,nm->nk", advantage, weights) / np.sqrt(variance + 1e-12)[:, None])

    def _given_scores(self, observation: Observation) -> NDArray[np.float32]:
        return super().scores(observation)

    def _conditioned(self, observation: Observation) -> Observation:
        n = len(observation)
        weights = self.weights / self.unit_weights
        given = np.tile(weights / max(np.abs(weights).sum(), 1e-300), (n, 1))
        if self.spread:
            drawn = self.random.dirichlet(np.ones(self.conditions), n)
            given = np.where((self.random.random(n) < self.spread)[:, None], drawn, given)
        return np.concatenate([observation, given.astype(np.float32)], axis=1)

    def _recall_conditions(self, observation: Observation) -> Observation:
        last = self.last_conditioned
        if last is not None and np.array_equal(last[:, : -self.conditions], observation):
            return last
        return self._conditioned(observation)  # slates that another agent chose

    def _inputs(self, conditioned: Observation) -> NDArray[np.float32]:
        weights = conditioned[:, -self.conditions :]
        return np.concatenate([super()._inputs(conditioned), 2 * weights - 1], axis=1)
