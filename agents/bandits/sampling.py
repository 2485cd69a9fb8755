"""Bandits that draw slates with known probabilities: Boltzmann exploration and Exp3."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from slategym.agents.bandits.agent import Floats, ItemBandit, Items
from slategym.agents.bandits.counts import ItemCounts
from slategym.agents.bandits.rules import exp3_logits, importance
from slategym.agents.base import Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.noise import blocks, gumbels
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.history import DecisionHistory
from slategym.agents.policy_gradient.plackett_luce import LEAST, model_of
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.ranges import Positive


class Sampler(ItemBandit):
    """The base class of bandits that draw items rank by rank in proportion to exp(logit), with exact propensities."""

    @abstractmethod
    def logits(self, items: Items | None) -> Floats:
        """(n, c) the logits of items, or (1, m) of all items.

        Args:
            items: (n, c) int64; None: all.
        """

    propensities_are = "exact"

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw slates; the propensity of a choice is its probability among the items eligible at its rank."""
        observation = self._checked(observation)
        slate = np.empty((len(observation), self.problem.slate_size), np.int64)
        propensity = np.empty(slate.shape, np.float32)
        for rows, score in self._scored(observation):
            mask = None if allowed is None else allowed[rows]
            slate[rows] = self.best_of(score + gumbels(self.random, score.shape), observation[rows], mask)
            propensity[rows] = self._propensity(score, observation[rows], slate[rows], mask)
        return Decision(slate, propensity)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        found = np.empty(slate.shape)
        for rows, score in self._scored(observation):
            mask = None if allowed is None else allowed[rows]
            found[rows] = self._propensity(score, observation[rows], slate[rows], mask)
        return found

    def _scored(self, observation: Observation) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Blocks of rows, each with its logits (n, c), shifted so that the highest is 0."""
        everything = self.logits(None) if self.problem.candidates is None else None
        for rows in blocks(len(observation)):
            logits = self.logits(self.problem.candidates_in(observation[rows])) if everything is None else everything
            logits = logits - logits.max(axis=1, keepdims=True)
            yield rows, np.broadcast_to(logits.astype(np.float32), (len(observation[rows]), logits.shape[1]))

    def _propensity(
        self, score: NDArray[np.float32], observation: Observation, slate: Slate, allowed: Mask | None
    ) -> NDArray[np.float32]:
        model = model_of(self.problem, observation, slate, allowed)
        return np.asarray(np.exp(np.clip(model.log_propensity(score, slate), np.log(LEAST), 0)))


class Boltzmann(Sampler):
    """Boltzmann exploration: items are drawn in proportion to exp(value / temperature) (Sutton, Barto, 2nd edition, 2.8).

    Args:
        temperature: temperature in units of the mean value of an examined impression.
        decay: number of slates after which the temperature has halved; later it falls as 1 / slates. None: it is constant.
        options: options of `ItemBandit`.
    """

    name = "bandit:boltzmann"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        temperature: Positive = 0.2,
        decay: Positive | None = None,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.temperature, self.decay = temperature, decay

    def logits(self, items: Items | None) -> Floats:
        """(n, c) values divided by the temperature."""
        tally = self.tally(items)
        value = self.item_value(tally.click, tally.conversion, items)
        mean = self.item_value(np.array(tally.click_rate), np.array(tally.conversion_rate), None).mean()
        temperature = self.temperature / (1.0 if self.decay is None else 1 + self.slates / self.decay)
        return np.asarray(value / (temperature * max(abs(float(mean)), 1e-9)), np.float64)


class Gains(ItemCounts):
    """Counts, with sums of importance weights and of importance weights times gains.

    Args:
        items: m.
        ranks: number of ranks for which impressions are counted separately.
        objectives: M.

    Attributes:
        weight: (m,) the sum of importance weights.
        gains: (m, M) the sum of importance weights times outcomes.
    """

    summed: ClassVar[tuple[str, ...]] = (*ItemCounts.summed, "weight", "gains")

    def __init__(self, items: int, ranks: int, objectives: int) -> None:
        super().__init__(items, ranks)
        self.weight, self.gains = np.zeros(items), np.zeros((items, objectives))

    def add_gains(self, items: Items, weight: Floats, outcomes: Floats) -> None:
        """Add weighted outcomes.

        Args:
            items: (l,) int64.
            weight: (l,) importance weights.
            outcomes: (l, M).
        """
        np.add.at(self.gains, items, weight[:, None] * outcomes)

    def grow(self, features: NDArray[np.float32]) -> None:
        """Append items, with the mean gains of the others; `features` (m, d) are those of all items."""
        before, weight, gains = len(self.weight), self.weight.mean(), self.gains.mean(axis=0)
        super().grow(features)
        self.weight[before:], self.gains[before:] = weight, gains


class Exp3(Sampler):
    """Exp3: exponential weights of importance-weighted gains, for adversarial rewards.

    Auer, Cesa-Bianchi, Freund, Schapire, "The nonstochastic multiarmed bandit problem", SIAM J. Comput. 2002, in the form without
    a horizon of Bubeck, Cesa-Bianchi 2012 (`exp3_logits`). A gain is the weighted outcome divided by the largest one so far. In
    slates, `importance` keeps the sums unbiased, and gains are divided by the examination of their rank.

    Args:
        rate: factor of the learning rate; 1 is the rate of the regret bound.
        options: options of `ItemBandit`.
    """

    name = "bandit:exp3"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        rate: Positive = 1.0,
        **options: Any,
    ) -> None:
        self.objectives = len(problem.objective_names)
        super().__init__(problem, seed, scalarizer, **options)
        self.rate = rate
        self.item_credit = ItemCredit(problem)
        self.history = DecisionHistory(problem.longest_delay)
        self.largest = np.zeros(self.objectives)  # largest outcome of each objective so far

    def no_counts(self) -> Gains:
        """Counts of no impressions."""
        return Gains(self.problem.items, self.problem.slate_size if self.positions else 1, self.objectives)

    def grow(self, problem: Problem) -> None:
        """Add new items, which have not been shown yet."""
        super().grow(problem)
        self.item_credit = ItemCredit(problem)

    def logits(self, items: Items | None) -> Floats:
        """(n, c) the logits of items, or (1, m) of all items."""
        sums, weights = self.memory.total(), self.weights
        assert isinstance(sums, Gains)
        scale = max(float(np.abs(weights) @ self.largest), 1e-12)
        gains, weight = sums.gains @ weights / scale, sums.weight
        logits = self.rate * exp3_logits(gains, weight, self.time)
        return logits[None] if items is None else logits[items]

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Update counts and importance-weighted gains; unknown propensities are replaced by those of random slates."""
        observation, decision = self._checked_step(observation, decision, feedback)
        super().learn(observation, decision, feedback)
        items, sums = self.problem.shown(observation, decision.slate), self.memory.latest
        assert isinstance(sums, Gains)
        weight = self._weight(decision.propensity)
        np.add.at(sums.weight, items, weight)
        outcomes = self.item_credit(feedback, items).astype(np.float64)
        self._add(items.ravel(), (weight / self.examined).ravel(), outcomes.reshape(-1, self.objectives))
        recalled = self.history.recall(feedback.delayed)
        if recalled is not None:
            row, rank = np.arange(len(recalled.slate)), recalled.delayed.rank
            late = self._weight(recalled.propensity)[row, rank] / self.examined[rank]
            self._add(recalled.delayed.item, late, self.item_credit.delayed(feedback, recalled.delayed).astype(np.float64))
        self.history.remember(observation, decision)

    def _add(self, items: Items, weight: Floats, outcomes: Floats) -> None:
        """Add the outcomes (l, M) of items (l,), whose importance weights are (l,)."""
        sums = self.memory.latest
        assert isinstance(sums, Gains)
        self.largest = np.maximum(self.largest, np.abs(outcomes).max(axis=0, initial=0.0))
        sums.add_gains(items, weight, outcomes)

    def _weight(self, propensity: NDArray[np.float32]) -> Floats:
        """(n, k) the importance weights of choices."""
        size = self.problem.slate_size
        at_random = 1 / (self.problem.choices - np.arange(size))
        return importance(np.where(np.isnan(propensity), at_random, propensity), size)
