"""SlateQ: the long-term value of a slate, composed of the values of clicks on its items."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.exploration import explore, explore_among
from slategym.agents.choosing.given_slates import mixed, ranked, scored
from slategym.agents.choosing.noise import blocks
from slategym.agents.scalarizers.base import Scalarizer
from slategym.agents.values.click_rule import ClickChances, ClickRule
from slategym.agents.values.optimisers import Optimiser, best_slates
from slategym.agents.values.transitions import Horizon, Transitions
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback

Floats = NDArray[np.float64]


class Values(NamedTuple):
    """Estimates for n shoppers and c items.

    Attributes:
        odds: (n, c) float64, odds of a click on each item: its weight in the multinomial logit, in which no click has weight 1.
        gain: (M, n, c) float64, the value of a click on each item compared with no click, at once and later.
        base: (M, n) float64, the value of later visits if nothing is clicked.
    """

    odds: Floats
    gain: Floats
    base: Floats


class SlateQ(Agent):
    """SlateQ with an estimator of the values of items.

    (Ie et al., "SlateQ: a tractable decomposition for reinforcement learning with recommendation sets", IJCAI 2019.)

    The value of a slate A in state s depends only on the click: Q(s, A) = sum over i of P(i | s, A) Qbar(s, i), where "no click"
    is one of the items i. The value of an item is Qbar(s, i) = base(s) + now(s, i) + later(s, i): base is the value of no click,
    now the reward of the click itself, and later its effect on later visits. The value of a slate is therefore base(s) + sum
    over i of P(i | s, A) gain(s, i), with gain = now + later; this also holds if several items are clicked. There is a value for
    each objective, and the scalarizer's present weights combine them.

    The probabilities of clicks are learned, in the form of the multinomial logit or rank by rank (`ClickChances`).

    Subclasses implement the estimator: `values` and `learn_transitions`.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives.
        discount: discount factor per visit.
        horizon: number of visits whose observed rewards are used.
        optimiser: method that builds the slates.
        click_model: how shoppers choose from a slate.
        epsilon: final probability of exploration.
        anneal: number of slates over which the probability falls from 1 to `epsilon`.
        exploration: "item" or "slate".
    """

    @property
    def propensities_are(self) -> PropensitySource:
        """Exact."""
        return "exact"

    def __init__(
        self,
        problem: Problem,
        seed: int,
        scalarizer: Scalarizer | None,
        *,
        discount: float,
        horizon: int,
        optimiser: Optimiser,
        click_model: ClickRule,
        epsilon: float,
        anneal: int,
        exploration: Literal["item", "slate"],
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.discount, self.optimiser = discount, optimiser
        self.least_epsilon, self.anneal, self.exploration = epsilon, anneal, exploration
        self.click_chances = ClickChances(click_model, problem.slate_size)
        self.horizon = Horizon(problem, horizon, discount)

    @property
    def epsilon(self) -> float:
        """The present probability of exploration."""
        left = max(1 - self.slates / self.anneal, 0.0) if self.anneal else 0.0
        return self.least_epsilon + (1 - self.least_epsilon) * left

    # ---- implemented by subclasses

    @abstractmethod
    def values(self, seen: NDArray[np.float32], items: NDArray[np.int64] | None) -> Values:
        """The present estimates.

        Args:
            seen: (n, o - C) float32, what is seen of the shoppers.
            items: (n, c) int64; None for every item.
        """

    @abstractmethod
    def learn_transitions(self, transitions: Transitions) -> None:
        """Learn from complete transitions.

        Args:
            transitions: transitions of n slates.
        """

    # ---- choosing

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the slates with the highest values, with random items or random slates for exploration."""
        observation = self._checked(observation)
        n, choices = len(observation), self.problem.choices
        if self.exploration == "item":
            if allowed is None:
                return Decision(*explore(self.random, self.best(observation), self.epsilon, choices))
            order = self._order(observation, allowed)
            return Decision(*explore_among(self.random, order, self.epsilon, choice_of(self.problem, observation, allowed)))
        best = self.best(observation, allowed)
        if allowed is None:
            some, _ = explore(self.random, best, 1.0, choices)
        else:
            choice = choice_of(self.problem, observation, allowed)
            some, _ = explore_among(self.random, np.zeros((n, choices), np.float32), 1.0, choice)
        slate = np.where((self.random.random(n) < self.epsilon)[:, None], some, best)
        return Decision(slate, self._of_mixture(observation, slate, best, allowed).astype(np.float32))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        if self.exploration == "slate":
            return self._of_mixture(observation, slate, self.best(observation, allowed), allowed)
        if allowed is None:
            return ranked(self.best(observation), slate, self.epsilon, self.problem.choices)
        order = self._order(observation, allowed)
        return scored(order, slate, self.epsilon, choice_of(self.problem, observation, allowed))

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the slates with the highest values, according to the optimiser."""
        observation = self._checked(observation)
        slate = np.empty((len(observation), self.problem.slate_size), np.int64)
        for rows in blocks(len(slate)):
            some, mask = observation[rows], None if allowed is None else allowed[rows]
            values = self.values(self.problem.seen(some), self.problem.candidates_in(some))
            slate[rows] = self.optimised(some, values, mask)
        return slate

    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the gain of each item times its click probability in a slate of its own; or (n, C) for candidates."""
        observation = self._checked(observation)
        values = self.values(self.problem.seen(observation), self.problem.candidates_in(observation))
        return np.asarray(values.odds / (1 + values.odds) * self._mixed(values), np.float32)

    def optimised(self, observation: Observation, values: Values, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the best slates for given values.

        Args:
            observation: (n, o) float32.
            values: values of every item, or of the candidates.
            allowed: (n, m) bool, or (n, C); None for all.
        """
        gain, best = self._mixed(values), partial(self.best_of, observation=observation, allowed=allowed)
        if not self.click_chances.single:  # ranks are independent, so all optimisers give the same slates
            return best(values.odds / (1 + values.odds) * gain)
        choice = partial(choice_of, self.problem, observation, allowed)
        return best_slates(self.optimiser, values.odds, gain, best, choice)

    def _mixed(self, values: Values) -> Floats:
        """(n, c) the gain of a click under the present weights."""
        return np.asarray(np.einsum("o,onc->nc", self.weights, values.gain))

    def _order(self, observation: Observation, allowed: Mask) -> NDArray[np.float32]:
        """(n, c) scores whose best slate is the optimiser's; all other items are below it, in the order of `scores`."""
        slate, scores = self.best(observation, allowed), self.scores(observation)
        place = np.argsort(np.argsort(scores, axis=1, kind="stable"), axis=1).astype(np.float32)
        k, choices = slate.shape[1], scores.shape[1]
        np.put_along_axis(place, slate, np.float32(choices + k) - np.arange(k, dtype=np.float32), axis=1)
        return place

    def _of_mixture(self, observation: Observation, slate: Slate, best: Slate, allowed: Mask | None) -> Chances:
        """(n, k) the propensities of slates if the whole slate is random with probability `epsilon`."""
        choices = self.problem.choices
        if allowed is None:
            uniform = ranked(best, slate, 1.0, choices)
        else:
            flat = np.zeros((len(slate), choices), np.float32)
            uniform = scored(flat, slate, 1.0, choice_of(self.problem, observation, allowed))
        return mixed([(1 - self.epsilon, ranked(best, slate, 0.0, choices)), (self.epsilon, uniform)])

    # ---- learning

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Record the outcomes of the latest visits, and learn from the transitions that are complete."""
        observation, decision = self._checked_step(observation, decision, feedback)
        items = self.problem.shown(observation, decision.slate)
        odds = self.values(self.problem.seen(observation), items).odds
        self.click_chances.learn(feedback.clicks, odds)
        for transitions in self.horizon(observation, decision.slate, feedback):
            self.learn_transitions(transitions)

    def guessed(self, after: Observation, values: Values) -> Floats:
        """(n, M) the value of the best slates for given values.

        Args:
            after: (n, o) float32.
            values: values of every item, or of the candidates.
        """
        slate = self.optimised(after, values, self.eligible(after))
        chance = self.click_chances(np.take_along_axis(values.odds, slate, axis=1))
        gain = np.take_along_axis(values.gain, slate[None], axis=2)
        return np.asarray((values.base + (gain * chance).sum(axis=2)).T)
