"""Encodings of policies as genomes, that is, vectors of numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.agents.base import Decision, Observation, Problem
from slategym.agents.choosing.eligibility import best_of
from slategym.agents.common.inputs import check_observation
from slategym.agents.linear.agents import LinTS
from slategym.agents.scalarizers.base import FixedSum
from slategym.envs.wrappers.query import matching_items
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.sim.selection import top_k
from slategym.utils.arrays import check_numbers

Genomes = NDArray[np.float64]  # (p, v): p individuals with v numbers each
Indices = NDArray[np.int64]


class Encoding(ABC):
    """The base class of encodings, which interpret genomes as policies.

    Attributes:
        size: v, the number of numbers in a genome.
        bound: the numbers lie between -`bound` and `bound`.
    """

    size: int
    bound: float

    @abstractmethod
    def decide(
        self, observation: Observation, genomes: Genomes, which: Indices, exploring: bool, allowed: Mask | None = None
    ) -> Decision:
        """Choose a slate for each observation.

        Args:
            observation: (n, o) float32.
            genomes: (p, v) float64.
            which: (n,) int64, the genome that chooses for each row.
            exploring: whether `which` is uniformly random over the p genomes; propensities take this into account.
            allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; None: all, without rules.

        Raises:
            ValueError: the observation is invalid, or `which` contains a number that is not a genome.
        """

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Train the models whose objectives the genomes weight, if there are any; does nothing by default."""


class SlateEncoding(Encoding):
    """Genomes that encode one slate for all shoppers, as a direction in the space of item features.

    The slate holds the k items that match the direction best. Slates of similar items thus have similar genomes, which can be
    recombined. If there are no features, or at least as many features as items, a genome holds a score per item, and can encode
    every slate (random keys: Bean, ORSA Journal on Computing, 1994).

    Args:
        problem: defines the items and the slate size.
    """

    bound = 1.0

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.by_item = not 0 < problem.features.shape[1] < problem.items
        self.size = problem.items if self.by_item else problem.features.shape[1]

    @override
    def decide(
        self, observation: Observation, genomes: Genomes, which: Indices, exploring: bool, allowed: Mask | None = None
    ) -> Decision:
        observation = check_observation(self.problem, observation)
        which = check_numbers(which, len(genomes), "which", "an individual", (len(observation),))
        candidates, k = self.problem.candidates_in(observation), self.problem.slate_size
        if candidates is not None or allowed is not None:  # the eligible items differ between shoppers
            score = genomes if self.by_item else genomes @ self.problem.features.T.astype(np.float64)
            own = score[which] if candidates is None else score[which[:, None], candidates]
            slate = best_of(self.problem, own.astype(np.float32), observation, allowed)
            return Decision(slate, np.full(slate.shape, np.nan if exploring else 1, np.float32))
        slates = top_k(genomes.astype(np.float32), k) if self.by_item else matching_items(self.problem.features, genomes, k)
        propensity = _shares(slates) if exploring else np.ones(slates.shape, np.float32)
        return Decision(slates[which], propensity[which])


class WeightEncoding(Encoding):
    """Genomes that encode the weights of a linear Thompson sampler's objectives: log10 of each weight relative to its default.

    The sampler learns from every slate, whichever individual chose it, and its slates depend on the shopper. The probabilities of
    its random choices have no closed form, so propensities are NaN; without exploration they are 1.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the sampler.
    """

    bound = 2.0  # a hundredth to a hundred times the default weight

    def __init__(self, problem: Problem, seed: int) -> None:
        self.size = len(problem.objective_names)
        self.sampler = LinTS(problem, seed)
        default = np.array(problem.weights)
        self.unit = np.where(default > 0, default, 1.0)

    @override
    def decide(
        self, observation: Observation, genomes: Genomes, which: Indices, exploring: bool, allowed: Mask | None = None
    ) -> Decision:
        observation = check_observation(self.sampler.problem, observation)
        which = check_numbers(which, len(genomes), "which", "an individual", (len(observation),))
        shape = (len(observation), self.sampler.problem.slate_size)
        slate, propensity = np.empty(shape, np.int64), np.full(shape, np.nan if exploring else 1, np.float32)
        for individual in np.unique(which):
            rows = which == individual
            self.sampler.scalarizer = FixedSum(self.unit * 10.0 ** genomes[individual])
            served = observation[rows]
            mask = None if allowed is None else allowed[rows]
            slate[rows] = self.sampler.choose(served, mask).slate if exploring else self.sampler.best(served, mask)
        return Decision(slate, propensity)

    @override
    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        self.sampler.update(observation, decision, feedback)


def _shares(slates: Indices) -> NDArray[np.float32]:
    """(p, k) the probability of each choice given the choices above it, if one of the slates (p, k) is drawn uniformly."""
    propensity = np.empty(slates.shape, np.float32)
    before = np.full(len(slates), len(slates))
    for rank in range(slates.shape[1]):
        _, prefix, count = np.unique(slates[:, : rank + 1], axis=0, return_inverse=True, return_counts=True)
        alike = count[prefix.ravel()]
        propensity[:, rank] = alike / before
        before = alike
    return propensity
