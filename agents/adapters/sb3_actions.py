"""Action spaces of Stable-Baselines3's algorithms as agents, and the conversion of actions to slates."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, Space
from numpy.typing import NDArray

from slategym.agents.base import Observation, Problem
from slategym.agents.choosing.eligibility import best_of
from slategym.envs.wrappers.discrete import COUNT
from slategym.envs.wrappers.query import matches
from slategym.sim.choice import Mask
from slategym.utils.checked import checked
from slategym.utils.ranges import Count

CONTRIB = ("RecurrentPPO", "TQC", "QRDQN")  # names of algorithms of sb3-contrib


class QueryActions:
    """Actions that are queries: points in the space of item features; the slate holds the items that match a query best.

    Args:
        problem: the items, observation layout and objectives of the world.
    """

    words = "a query, a Box"

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.space: Space[Any] = Box(-1.0, 1.0, (problem.features.shape[1],), np.float32)

    def slates(self, actions: NDArray[Any], observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the slates of actions, among the items that may be shown.

        Args:
            actions: (n, d) numbers.
            observation: (n, o) float32, for the candidates.
            allowed: (n, m) bool, or (n, C) of candidates; None for all.
        """
        scores = matches(self.problem.features, actions, self.problem.candidates_in(observation))
        return best_of(self.problem, scores, observation, allowed)


class DirectionActions:
    """Discrete actions: numbers of fixed random directions in the space of item features; slates hold the best-matching items.

    For slates of one item without candidates, the action is the item.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the directions.
        slates: number of directions.
    """

    words = "the number of a slate, Discrete"

    @checked
    def __init__(self, problem: Problem, seed: int = 0, slates: Count = COUNT) -> None:
        self.problem = problem
        random = np.random.Generator(np.random.Philox(seed))
        self.is_item = problem.slate_size == 1 and problem.candidates is None
        count = problem.items if self.is_item else slates
        self.directions = random.normal(size=(count, problem.features.shape[1]))
        self.space: Space[Any] = Discrete(count)

    def slates(self, actions: NDArray[Any], observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the slates of actions, among the items that may be shown.

        Args:
            actions: (n,) numbers of directions.
            observation: (n, o) float32, for the candidates.
            allowed: (n, m) bool, or (n, C) of candidates; None for all. An item that may not be shown is replaced by the most
                similar one.
        """
        problem, chosen = self.problem, np.asarray(actions, np.int64).reshape(len(observation))
        if not self.is_item:
            scores = matches(problem.features, self.directions[chosen], problem.candidates_in(observation))
            return best_of(problem, scores, observation, allowed)
        if allowed is None and not problem.rules:
            return chosen[:, None]
        scores = matches(problem.features, problem.features[chosen], None)
        scores[np.arange(len(chosen)), chosen] = np.inf
        return best_of(problem, scores, observation, allowed)
