"""Custom agents: the examples of custom-agent.md."""

from functools import partial

import numpy as np

from slategym import Agent, Decision
from slategym.agents import Estimator, VowpalWabbit
from slategym.sim import top_k


class Mine(Agent):
    """Thompson sampling of each item's click and conversion rates. It ignores what is observed and the ranks of items."""

    name = "mine"

    def __init__(self, problem, seed=0, scalarizer=None, *, prior: float = 500.0):
        super().__init__(problem, seed, scalarizer)
        self.shown = np.full(problem.items, prior)
        self.reward = np.tile(prior * np.array([0.04, 0.002]), (problem.items, 1))

    def choose(self, observation):
        rates = self.random.gamma(self.reward, size=(len(observation), *self.reward.shape)) / self.shown[:, None]
        slate = top_k(rates @ self.weights, self.problem.slate_size)
        return Decision(slate, np.full(slate.shape, np.nan, np.float32))

    def learn(self, observation, decision, feedback):
        np.add.at(self.shown, decision.slate, 1)
        np.add.at(self.reward[:, 0], decision.slate, feedback.clicks)
        np.add.at(self.reward[:, 1], decision.slate, feedback.conversions)
        np.add.at(self.reward[:, 1], feedback.delayed.item, 1)


class Crossed(Estimator):
    """Scikit-learn's logistic regression of each objective, on the products of what is seen of shopper and item."""

    def __init__(self, problem, seed=0, scalarizer=None):
        from sklearn.linear_model import SGDClassifier

        make = partial(SGDClassifier, "log_loss", learning_rate="constant", eta0=0.003)
        super().__init__(problem, seed, scalarizer, make=lambda seed: make(random_state=seed), epsilon=0.05)


def Vowpal(problem, seed, scalarizer):
    """Vowpal Wabbit's contextual bandit with a softmax over its scores."""
    return VowpalWabbit(problem, seed, scalarizer, arguments="--softmax --lambda 50 --quadratic ci")
