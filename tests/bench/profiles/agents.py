"""Agents that are weak in one thing, by construction."""

from dataclasses import replace

from slategym.agents.baselines import Popularity
from slategym.agents.linear.agents import LinTS
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.feedback import DelayedConversions


class Impatient(Popularity):
    """Popularity that never hears of a delayed conversion."""

    name = "impatient"

    def learn(self, observation, decision, feedback):
        super().learn(observation, decision, replace(feedback, delayed=DelayedConversions.none()))


class Stubborn(LinTS):
    """lin-ts that maximises a fixed sum, whatever it is asked for."""

    name = "stubborn"

    def __init__(self, problem, seed=0, scalarizer=None):
        super().__init__(problem, seed, FixedSum(problem.weights))


class Closed(Popularity):
    """Popularity that knows only the items of the first day."""

    name = "closed"

    def grow(self, problem):
        pass

    def choose(self, observation, allowed=None):
        return super().choose(observation, allowed)
