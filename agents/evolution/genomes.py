"""What an individual of a population is: a vector of numbers that says which slate a shopper is shown."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.agents.base import Decision, Observation, Problem
from slategym.agents.common.inputs import check_observation
from slategym.agents.linear.agents import LinTS
from slategym.agents.scalarizers.base import FixedSum
from slategym.envs.wrappers.query import matching_items
from slategym.sim.feedback import Feedback
from slategym.sim.selection import top_k
from slategym.utils.arrays import check_numbers

Genomes = NDArray[np.float64]  # (p, v)
Indices = NDArray[np.int64]


class Encoding(ABC):
    """A way to read genomes of `size` numbers between -`bound` and `bound` as policies."""

    size: int
    bound: float

    @abstractmethod
    def decide(self, observation: Observation, genomes: Genomes, which: Indices, exploring: bool) -> Decision:
        """Slates for observations (n, o), each chosen by the genome of its number in `which` (n,), out of genomes (p, v).

        While exploring, every row is served by each of the p genomes with the same probability, and the propensities say so.
        """

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn what genomes do not say; nothing by default."""


class SlateEncoding(Encoding):
    """A genome is a slate, the same for everybody: the k items that match it best, as a direction in the item features.

    So that items that are alike lie together and numbers can be recombined. Where there are no more items than features, or no
    features, it scores the items themselves, and every slate can be reached (random keys: Bean, ORSA Journal on Computing, 1994).
    """

    bound = 1.0

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.by_item = not 0 < problem.features.shape[1] < problem.items
        self.size = problem.items if self.by_item else problem.features.shape[1]

    @override
    def decide(self, observation: Observation, genomes: Genomes, which: Indices, exploring: bool) -> Decision:
        observation = check_observation(self.problem, observation)
        which = check_numbers(which, len(genomes), "which", "an individual", (len(observation),))
        candidates, k = self.problem.candidates_in(observation), self.problem.slate_size
        if candidates is not None:  # of which everybody has others
            score = genomes if self.by_item else genomes @ self.problem.features.T.astype(np.float64)
            slate = top_k(score[which[:, None], candidates].astype(np.float32), k)
            return Decision(slate, np.full(slate.shape, np.nan if exploring else 1, np.float32))
        slates = top_k(genomes.astype(np.float32), k) if self.by_item else matching_items(self.problem.features, genomes, k)
        propensity = _shares(slates) if exploring else np.ones(slates.shape, np.float32)
        return Decision(slates[which], propensity[which])


class WeightEncoding(Encoding):
    """A genome mixes the models of a linear Thompson sampler, one an objective: log10 of the weights, by their default ones.

    The sampler learns from every slate that is shown, by any policy, so each individual is a policy that knows the shopper.
    What its choices are drawn with has no closed form, so propensities are NaN; those of the means alone are 1.
    """

    bound = 2.0  # a hundredth to a hundred times the default weight

    def __init__(self, problem: Problem, seed: int) -> None:
        self.size = len(problem.objective_names)
        self.sampler = LinTS(problem, seed)
        default = np.array(problem.weights)
        self.unit = np.where(default > 0, default, 1.0)

    @override
    def decide(self, observation: Observation, genomes: Genomes, which: Indices, exploring: bool) -> Decision:
        observation = check_observation(self.sampler.problem, observation)
        which = check_numbers(which, len(genomes), "which", "an individual", (len(observation),))
        shape = (len(observation), self.sampler.problem.slate_size)
        slate, propensity = np.empty(shape, np.int64), np.full(shape, np.nan if exploring else 1, np.float32)
        for each in np.unique(which):
            rows = which == each
            self.sampler.scalarizer = FixedSum(self.unit * 10.0 ** genomes[each])
            theirs = observation[rows]
            slate[rows] = self.sampler.choose(theirs).slate if exploring else self.sampler.best(theirs)
        return Decision(slate, propensity)

    @override
    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        self.sampler.update(observation, decision, feedback)


def _shares(slates: Indices) -> NDArray[np.float32]:
    """(p, k) of the p slates (p, k) that begin alike, the share that goes on alike at each rank."""
    propensity = np.empty(slates.shape, np.float32)
    before = np.full(len(slates), len(slates))
    for rank in range(slates.shape[1]):
        _, prefix, count = np.unique(slates[:, : rank + 1], axis=0, return_inverse=True, return_counts=True)
        alike = count[prefix.ravel()]
        propensity[:, rank] = alike / before
        before = alike
    return propensity
