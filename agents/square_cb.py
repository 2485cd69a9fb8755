"""SquareCB: inverse-gap-weighted exploration with the estimates of another agent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.noise import blocks
from slategym.agents.registry import AgentMaker
from slategym.agents.scalarizers.base import Scalarizer
from slategym.agents.wrapping import Wrapper, find_wrapped, options_with, wrapped_by
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.options import Option
from slategym.utils.ranges import Positive, Share

Floats = NDArray[np.floating]


class SquareCB(Wrapper):
    """SquareCB with any agent's scores as the regression oracle (Foster, Rakhlin, ICML 2020).

    If a rank can show K items, each item except the best has the probability 1 / (K + gamma * gap), where the gap is the
    difference between the best score and the item's score; the best item has the remaining probability. Gaps are divided by the
    mean best score, since the paper assumes rewards of about one. gamma = rate * (m * slates)^power, with m items or candidates,
    grows as the oracle learns. The wrapped agent's own exploration is not used. Propensities are exact.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the wrapped agent and of the wrapper's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        make: function of (problem, seed, scalarizer) that makes the wrapped agent.
        rate: factor of gamma; a larger one explores less.
        power: exponent of the number of items times the number of slates in gamma; 0.5 in the paper.

    Raises:
        ValueError: an option is out of its range, or the wrapped agent is not an `Agent`.
    """

    name = "square-cb"
    propensities_are = "exact"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        make: AgentMaker,
        rate: Positive = 10.0,
        power: Share = 0.5,
    ) -> None:
        super().__init__(problem, seed, scalarizer, make=make)
        self.rate, self.power = rate, power
        self.best_sum = self.best_count = 0.0  # sum and number of the best scores so far

    @property
    def gamma(self) -> float:
        """The current factor of gaps."""
        return float(self.rate * (self.problem.choices * (self.slates + 1)) ** self.power)

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw slates rank by rank; the propensity of a choice is its probability among the items eligible at the rank."""
        return Decision(*self._by_rank(self._checked(observation), allowed))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        return np.asarray(self._by_rank(observation, allowed, slate)[1], np.float64)

    def _by_rank(
        self, observation: Observation, allowed: Mask | None, given: Slate | None = None
    ) -> tuple[Slate, NDArray[np.float32]]:
        """Slates, drawn or given, and the probability of each choice given the choices above it."""
        slate = np.empty((len(observation), self.problem.slate_size), np.int64)
        propensity = np.empty(slate.shape, np.float32)
        for rows in blocks(len(observation)):
            seen, row = observation[rows], np.arange(len(observation[rows]))
            scores = np.asarray(self.agent.scores(seen), np.float64)
            scale = max(abs(self.best_sum) / self.best_count if self.best_count else float(np.abs(scores).max(initial=0)), 1e-12)
            choice = choice_of(self.problem, seen, None if allowed is None else allowed[rows])
            for rank in range(slate.shape[1]):
                p = probabilities(scores, choice.eligible(), self.gamma / scale)
                column = self._draw(p) if given is None else given[rows, rank]
                slate[rows, rank], propensity[rows, rank] = column, p[row, column]
                choice.take(column)
        return slate, propensity

    def _draw(self, p: Floats) -> NDArray[np.int64]:
        """(n,) a column of each row, by probabilities (n, c)."""
        drawn = self.random.random((len(p), 1)) * p.sum(axis=1, keepdims=True)
        column = np.minimum((np.cumsum(p, axis=1) <= drawn).sum(axis=1), p.shape[1] - 1)
        # Rounding may select a column of probability 0 at the end of the sum.
        return np.asarray(np.where(p[np.arange(len(p)), column] > 0, column, p.argmax(axis=1)))

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items with the wrapped agent's highest scores."""
        return self.best_of(self.scores(observation), observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Pass the step to the wrapped agent, and update the mean best score."""
        observation, decision = self._checked_step(observation, decision, feedback)
        super().learn(observation, decision, feedback)
        some = observation[:: max(len(observation) // 50, 1)]  # a sample is enough for the mean
        best = np.asarray(self.agent.scores(some), np.float64).max(axis=1)
        share = min(1.0, 10_000 / (self.best_count + len(observation)))  # recent scores count most, as scores grow
        self.best_sum = share * (self.best_sum + float(best.mean()) * len(observation))
        self.best_count = share * (self.best_count + len(observation))


def probabilities(scores: Floats, eligible: Mask, gamma: float) -> NDArray[np.float64]:
    """(n, m) the probability that each eligible item is chosen: inverse-gap weighting (Abe, Long 1999; Foster, Rakhlin 2020).

    Args:
        scores: (n, m).
        eligible: (n, m) bool, at least one in each row.
        gamma: factor of the gaps.
    """
    masked = np.where(eligible, scores, -np.inf)
    best, row = masked.argmax(axis=1), np.arange(len(scores))
    gap = masked[row, best][:, None] - masked
    p = np.where(eligible, 1 / (eligible.sum(axis=1, keepdims=True) + gamma * np.where(eligible, gap, 0.0)), 0.0)
    p[row, best] = 0.0
    p[row, best] = 1 - p.sum(axis=1)
    return p


find = find_wrapped  # part of the interface of a family of agents


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "square-cb:logistic-ts": those of the wrapper, and those of the agent with other names."""
    return options_with(SquareCB, name)


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> SquareCB:
    """Make an agent such as "square-cb:logistic-ts"; options other than `rate` and `power` are passed to the wrapped agent.

    Raises:
        ValueError: there is no such agent or option.
        ImportError: the agent needs a library that is not installed.
    """
    return wrapped_by(SquareCB, name, problem, seed, scalarizer, options)
