"""What an algorithm of Stable-Baselines3 answers with as an agent, and the slates of it."""

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

CONTRIB = ("RecurrentPPO", "TQC", "QRDQN")  # algorithms of sb3-contrib by name


class QueryActions:
    """A point among the item features, whose best matches are the slate.

    Args:
        problem: what slates are chosen from.
    """

    words = "a query, a Box"

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.space: Space[Any] = Box(-1.0, 1.0, (problem.features.shape[1],), np.float32)

    def slates(self, actions: NDArray[Any], observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the slates of actions, among what may be shown.

        Args:
            actions: (n, d) numbers.
            observation: (n, o) float32, for the candidates.
            allowed: (n, m) bool, or (n, C) of candidates; None for all.
        """
        scores = matches(self.problem.features, actions, self.problem.candidates_in(observation))
        return best_of(self.problem, scores, observation, allowed)


class DirectionActions:
    """The number of one of some directions in the item features; the slate is the items that match it best.

    In slates of one item without candidates the action is the item.

    Args:
        problem: what slates are chosen from.
        seed: of the directions.
        slates: the number of directions.
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
        """(n, k) the slates of actions, among what may be shown.

        Args:
            actions: (n,) numbers of directions.
            observation: (n, o) float32, for the candidates.
            allowed: (n, m) bool, or (n, C) of candidates; None for all. An item that may not be shown gives way to the one most
                like it.
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
