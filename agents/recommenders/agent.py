"""Agents that show what a recommender says of a shopper, mixed with what everybody likes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.exploration import explore, explore_among
from slategym.agents.choosing.given_slates import exploring, scored
from slategym.agents.common.answer_values import AnswerValues
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.estimates import Estimates
from slategym.agents.recommenders.base import Model
from slategym.agents.recommenders.interactions import Interactions, ShopperLog
from slategym.agents.recommenders.mixture import Mixture, Parts
from slategym.agents.recommenders.rates import ItemRates
from slategym.agents.recommenders.trials import try_first
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, NonNegative, Positive, Share, Whole

Numbers = NDArray[np.float64]
PAIRS = 4_000_000  # of shoppers and items that are scored at once
JUDGED = 500  # slates of a step from which the mixture and the examination of ranks are learned
TRUST = 1.0  # clicks of a shopper at which the model's score counts half
EXPECTED = 1.0  # clicks that a shopper's own answers to an item are compared with at least
FARTHEST = 10.0  # standard deviations that a score may be from the mean


class Recommender(Agent):
    """The base of the recommenders: the log of what shoppers did, the rates of items, and their mixture with a model's scores.

    P(click at the first rank) = exp(coefficients . (1, log rate of the item, the model's score, the shopper's own answers)).
    The score is standardised over the items and shrunk for shoppers with few clicks, and the own answers are the log of the
    clicks of this shopper on this item over those expected. The coefficients are learned online (`Mixture`). So new shoppers get
    what is popular, and new items have the rate that their features speak for. Items that were hardly shown yet come first, at
    random.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        epsilon: probability of a random item at a rank.
        interval: slates between two fits; early fits follow whenever the slates have doubled.
        conversion_weight: clicks that a conversion counts for in what a shopper likes.
        replay: slates that are kept to learn from.
        shoppers: shoppers whose clicks are learned from, the last ones.
        halflife: slates after which an answer counts half in the rates of items; None forgets nothing.
        prior: strength of what is expected of an item's rates, in clicks, and in conversions.
        min_impressions: impressions of an item before its rates count; until then it is shown first, in random order.

    Raises:
        ValueError: an option is out of its range, or there are too many items for the model.
    """

    name = "recommender"
    propensities_are = "exact"
    model: Model | None = None  # None knows nothing of shoppers

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        epsilon: Share = 0.05,
        interval: Count = 2000,
        conversion_weight: NonNegative = 2.0,
        replay: Count = 200_000,
        shoppers: Count = 20_000,
        halflife: Positive | None = None,
        prior: Positive = 5.0,
        min_impressions: Whole = 20,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.epsilon, self.interval, self.conversion_weight = epsilon, interval, conversion_weight
        self.shoppers, self.min_impressions = shoppers, min_impressions
        self.log = ShopperLog(problem, replay)
        self.rates = ItemRates(problem, halflife, prior)
        self.values, self.mixture = AnswerValues(problem), Mixture()
        self.position_bias = PositionBiasEstimator(problem.slate_size)
        self.clicked, self.attracted = np.zeros(problem.slate_size), np.zeros(problem.slate_size)
        self.impressions = np.zeros(problem.items, np.int64)
        self.seen = self.fitted = 0  # slates learned from, and those at the last fit

    def grow(self, problem: Problem) -> None:
        """Take on further items, of which only features tell before they are shown."""
        if self.model is not None:
            self.model.grow(problem)
        self.values.grow(problem)
        self.rates.grow(problem)
        self.rates.fit(self.position_bias.relative)
        self.impressions = np.pad(self.impressions, (0, problem.items - self.problem.items))
        self.problem = problem

    # ---- choosing

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose items that were hardly shown yet, then the best ones, with random ones among them."""
        observation = self._checked(observation)
        scores, candidates = self.scores(observation), self.problem.candidates_in(observation)
        on_trial = self.impressions < self.min_impressions
        if on_trial.any():
            on_trial = np.broadcast_to(on_trial, scores.shape) if candidates is None else on_trial[candidates]
            choice = choice_of(self.problem, observation, allowed)
            return Decision(*try_first(self.random, scores, on_trial, self.epsilon, choice))
        if allowed is not None:
            choice = choice_of(self.problem, observation, allowed)
            return Decision(*explore_among(self.random, scores, self.epsilon, choice))
        ranked = self.best_of(scores, observation)
        return Decision(*explore(self.random, ranked, self.epsilon, self.problem.choices))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, exact."""
        on_trial = self.impressions < self.min_impressions
        if not on_trial.any():
            return exploring(self, observation, slate, allowed, self.epsilon)
        scores, candidates = self.scores(observation), self.problem.candidates_in(observation)
        on_trial = np.broadcast_to(on_trial, scores.shape) if candidates is None else on_trial[candidates]
        return scored(scores, slate, self.epsilon, choice_of(self.problem, observation, allowed), on_trial)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items of the highest scores."""
        return self.best_of(self.scores(observation), observation, self.eligible(observation, allowed))

    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the value of showing each item by the estimated probabilities, or (n, C) of the candidates."""
        observation = self._checked(observation)
        found = self.estimates(observation)
        worth = self.values(self.weights, self.problem.candidates_in(observation))
        return np.asarray(found.click * (worth[0] + found.conversion * worth[1]) + worth[2], np.float32)

    def estimates(self, observation: Observation) -> Estimates:
        """The mixture's probabilities of clicks, and the items' shares of clicks that convert.

        Args:
            observation: (n, o) float32.
        """
        observation = self._checked(observation)
        candidates, known = self.problem.candidates_in(observation), self._present(len(observation))
        click, conversion = np.empty((2, len(observation), self.problem.choices), np.float32)
        rate = self.rates.conversion()
        conversion[:] = rate if candidates is None else rate[candidates]
        for rows in self._blocks(len(observation)):
            found = self.mixture.clicks(self._parts(known, rows), rows.stop - rows.start)
            click[rows] = found if candidates is None else np.take_along_axis(found, candidates[rows], axis=1)
        return Estimates(click, conversion)

    def _present(self, count: int) -> Interactions:
        return self.log.of_present(count, self.problem.items, self.position_bias.relative, self.conversion_weight)

    def _blocks(self, shoppers: int) -> Iterator[slice]:
        size = max(PAIRS // self.problem.items, 1)
        return (slice(start, min(start + size, shoppers)) for start in range(0, shoppers, size))

    def _parts(self, known: Interactions, rows: slice) -> Parts:
        """What the mixture is made of, for some of the shoppers."""
        some = Interactions(known.who[rows], known.liked[rows], known.examined[rows])
        rate, score, nothing = self.rates.click(self.position_bias.relative), None, np.zeros(0, np.int64)
        if self.model is None or some.liked.nnz == 0:
            return Parts(np.log(rate), None, nothing, nothing, np.zeros(0))
        if self.fitted:
            count = np.asarray(some.liked.sum(axis=1)).ravel()[:, None]
            score = count / (count + TRUST) * _standard(self.model.scores(some))
        row, item = np.repeat(np.arange(len(some)), np.diff(some.liked.indptr)), some.liked.indices
        expected = some.examined.data * rate[item] + EXPECTED
        return Parts(np.log(rate), score, row, item, np.log((some.liked.data + EXPECTED) / expected))

    # ---- learning

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Note a step, and fit the model again when it is due."""
        observation, decision = self._checked_step(observation, decision, feedback)
        items = self.problem.shown(observation, decision.slate)
        self._judge(items, feedback)
        self.values.learn(feedback, items)
        self.log.add(items, feedback)
        self.rates.learn(items, feedback)
        self.impressions += np.bincount(items.ravel(), minlength=self.problem.items)
        self.seen += len(items)
        if self.seen >= min(2 * self.fitted, self.fitted + self.interval):
            self.fitted = self.seen
            self._fit()

    def _judge(self, items: NDArray[np.int64], feedback: Feedback) -> None:
        """Learn the mixture and the examination of ranks from what was predicted for the step's first slates."""
        count, relative = min(len(items), JUDGED), self.position_bias.relative
        known, shown, clicks = self._present(len(items)), items[:count], feedback.clicks[:count]
        parts = np.empty((*shown.shape, 4))
        for rows in self._blocks(count):
            parts[rows] = self._parts(known, rows).at(shown[rows])
        self.clicked += clicks.sum(axis=0)
        self.attracted += self.mixture(parts).sum(axis=0)
        self.mixture.update(parts.reshape(-1, 4), np.tile(relative, count), clicks.ravel())
        self.position_bias.update(self.clicked, self.attracted)

    def _fit(self) -> None:
        relative = self.position_bias.relative
        self.rates.fit(relative)
        if self.model is not None:
            self.model.fit(self.log.of_last(self.shoppers, self.problem.items, relative, self.conversion_weight))


def _standard(scores: Numbers) -> Numbers:
    """Rows with mean 0 and standard deviation 1, cut off at `FARTHEST`; 0 where all are equal."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    spread = centred.std(axis=1, keepdims=True)
    told = spread > 1e-12 * np.abs(scores).max(axis=1, keepdims=True, initial=0)
    return np.asarray(np.clip(np.divide(centred, spread, out=np.zeros_like(centred), where=told), -FARTHEST, FARTHEST))
