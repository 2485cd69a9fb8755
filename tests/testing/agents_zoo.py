"""Agents that each break one promise, for the checks to find."""

import random

import numpy as np
from tests.testing.clock import CLOCK

from slategym.agents.base import Agent, Decision
from slategym.agents.baselines import Random
from slategym.utils.arrays import check_shape


def same_for_all(items, observation):
    """The same slate for everybody, shown with certainty."""
    slate = np.tile(np.asarray(items, np.int64), (len(observation), 1))
    return Decision(slate, np.ones(slate.shape, np.float32))


class Sound(Agent):
    """Shows the items with the most clicks; for the next ones to break."""

    def __init__(self, problem, seed=0, scalarizer=None):
        super().__init__(problem, seed, scalarizer)
        self.clicks = np.zeros(problem.items)

    def choose(self, observation):
        return same_for_all(np.argsort(-self.clicks, kind="stable")[: self.problem.slate_size], observation)

    def learn(self, observation, decision, feedback):
        np.add.at(self.clicks, decision.slate, feedback.clicks - 0.3)


class Duck:
    """Sound without a base class."""

    def __init__(self, problem, seed, scalarizer):
        self.sound = Sound(problem, seed, scalarizer)

    def act(self, observation):
        return self.sound.act(observation)

    def update(self, observation, decision, feedback):
        self.sound.update(observation, decision, feedback)


class Demanding(Agent):
    """Wants more than it is given."""

    def __init__(self, problem, seed, scalarizer):
        super().__init__(problem, seed, scalarizer)
        self.budget = problem.budget


class Deaf:
    """Cannot learn."""

    def __init__(self, problem, seed, scalarizer):
        self.problem = problem

    def act(self, observation):
        return same_for_all(range(self.problem.slate_size), observation)


class Bare(Sound):
    """A slate without a propensity."""

    def choose(self, observation):
        return super().choose(observation).slate


class OneForAll(Sound):
    """One slate, not one a shopper."""

    def choose(self, observation):
        decision = super().choose(observation)
        return Decision(decision.slate[0], decision.propensity[0])


class Narrow(Sound):
    """Items as int32."""

    def choose(self, observation):
        decision = super().choose(observation)
        return Decision(decision.slate.astype(np.int32), decision.propensity)


class Wide(Sound):
    """Propensities as float64."""

    def choose(self, observation):
        decision = super().choose(observation)
        return Decision(decision.slate, decision.propensity.astype(np.float64))


class FromOne(Sound):
    """Counts items from one."""

    def choose(self, observation):
        return same_for_all(self.problem.items - np.arange(self.problem.slate_size), observation)


class Repeats(Sound):
    """The best item at every rank."""

    def choose(self, observation):
        return same_for_all([0] * self.problem.slate_size, observation)


class Impossible(Sound):
    """Says that what it chose could not be."""

    def choose(self, observation):
        decision = super().choose(observation)
        return Decision(decision.slate, np.zeros_like(decision.propensity))


class Lonely(Sound):
    """Fails for a single shopper."""

    def choose(self, observation):
        spread = observation.std(axis=0, ddof=1) if len(observation) > 1 else [][0]
        return same_for_all(np.arange(self.problem.slate_size) + 0 * int(spread[0]), observation)


class Punctual(Sound):
    """Cannot take a delayed conversion."""

    def learn(self, observation, decision, feedback):
        if len(feedback.delayed):
            raise NotImplementedError("delayed conversions")


class Standardises(Sound):
    """Scales the observation in place."""

    def choose(self, observation):
        observation -= 1
        return super().choose(observation)


class Corrects(Sound):
    """Takes clicks away from the feedback."""

    def learn(self, observation, decision, feedback):
        feedback.clicks[:] = False


class NumpyRandom(Sound):
    """Draws from numpy's global generator."""

    def choose(self, observation):
        k, m = self.problem.slate_size, self.problem.items
        decision = same_for_all(np.random.permutation(m)[:k], observation)  # noqa: NPY002
        return Decision(decision.slate, decision.propensity / (m - np.arange(k, dtype=np.float32)))


class PythonRandom(Sound):
    """Draws from Python's global generator when it learns."""

    def learn(self, observation, decision, feedback):
        self.clicks += random.random()


class Unseeded(Random):
    """Draws from a generator without a seed."""

    def __init__(self, problem, seed=0, scalarizer=None):
        super().__init__(problem, seed, scalarizer)
        self.random = np.random.default_rng()


class ReadsTheSeed(Sound):
    """Begins where numpy's global generator stands, and leaves it there."""

    def __init__(self, problem, seed=0, scalarizer=None):
        super().__init__(problem, seed, scalarizer)
        self.first = int(np.random.get_state()[1][:5].sum())  # noqa: NPY002

    def choose(self, observation):
        return same_for_all((np.arange(self.problem.slate_size) + self.first) % self.problem.items, observation)


class Reuses(Sound):
    """Gives the same array again and again."""

    def choose(self, observation):
        decision = super().choose(observation)
        if getattr(self, "buffer", None) is None or len(self.buffer) != len(observation):
            self.buffer = decision.slate.copy()
        self.buffer[:] = decision.slate
        return Decision(self.buffer, decision.propensity)


class Keeps(Sound):
    """Keeps the caller's feedback and counts it later."""

    def __init__(self, problem, seed=0, scalarizer=None):
        super().__init__(problem, seed, scalarizer)
        self.kept = []

    def choose(self, observation):
        self.clicks[:] = 0
        for slate, clicks in self.kept:
            np.add.at(self.clicks, slate, clicks - 0.3)
        return super().choose(observation)

    def learn(self, observation, decision, feedback):
        self.kept.append((decision.slate, feedback.clicks))


class Boasts(Random):
    """Says of every choice that it was certain."""

    def choose(self, observation):
        decision = super().choose(observation)
        return Decision(decision.slate, np.ones_like(decision.propensity))


class Forgets(Random):
    """Right at the first rank, and certain of what it draws at the others."""

    def choose(self, observation):
        decision = super().choose(observation)
        decision.propensity[:, 1:] = 1
        return decision


class Greedy(Agent):
    """Shows the first items every other time and else a random one first, and forgets that it may be one of them."""

    def choose(self, observation):
        n, k, m = len(observation), self.problem.slate_size, self.problem.items
        first = np.where(self.random.random(n) < 0.5, 0, self.random.integers(m, size=n))
        slate = (first[:, None] + np.arange(k)) % m
        propensity = np.ones((n, k), np.float32)
        propensity[:, 0] = np.where(first == 0, 0.5, 0.5 / m)
        return Decision(slate, propensity)


class Silent(Sound):
    """Knows no propensities."""

    def choose(self, observation):
        decision = super().choose(observation)
        return Decision(decision.slate, np.full(decision.slate.shape, np.nan, np.float32))


class ActsItself(Agent):
    """Overrides act, and with it what act looks after."""

    def act(self, observation):
        return same_for_all(range(self.problem.slate_size), observation)


class Unpicklable(Sound):
    """Keeps a function that pickle does not take."""

    def __init__(self, problem, seed=0, scalarizer=None):
        super().__init__(problem, seed, scalarizer)
        self.score = lambda clicks: -clicks


class Amnesiac(Sound):
    """Saves itself without what it has learned."""

    def __getstate__(self):
        return {**self.__dict__, "clicks": np.zeros(self.problem.items)}


class Loops(Sound):
    """One shopper after another."""

    def learn(self, observation, decision, feedback):
        for slate, clicks in zip(decision.slate, feedback.clicks, strict=True):
            self.clicks[slate] += clicks - 0.3


class Blocks(Sound):
    """A block of shoppers after another, each of which calls helpers of slategym several times."""

    def learn(self, observation, decision, feedback):
        for start in range(0, len(decision.slate), 12):
            slate, clicks = decision.slate[start : start + 12], feedback.clicks[start : start + 12]
            check_shape(slate, (None, self.problem.slate_size), "slate")
            check_shape(clicks, (None, self.problem.slate_size), "clicks")
            np.add.at(self.clicks, slate, clicks - 0.3)


class Sleeps(Sound):
    """Takes its time for a crowd, once it has learned."""

    def choose(self, observation):
        CLOCK.pause(1 if self.slates >= 12_000 else 0)
        return super().choose(observation)
