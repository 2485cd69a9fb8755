"""Agents that ignore the shopper: random, popularity and epsilon-greedy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.exploration import draw_slates, explore, explore_among
from slategym.agents.choosing.given_slates import exploring, ranked, scored
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.pooling import is_pooled, pooled_total
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.estimates import Estimates, rates_of
from slategym.agents.from_log.correction import Correction
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask, highest
from slategym.sim.feedback import Feedback
from slategym.sim.objectives.base import CLICK, CONVERSION, IMPRESSION
from slategym.sim.selection import top_k
from slategym.utils.arrays import check_numbers
from slategym.utils.checked import checked
from slategym.utils.ranges import Positive, Share, Whole


class Random(Agent):
    """The random agent, which draws slates uniformly; a baseline for agents that learn."""

    name = "random"
    propensities_are = "exact"

    def grow(self, problem: Problem) -> None:
        """Add new items."""
        self.problem = problem

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw items without replacement; a choice at rank r has the propensity 1 / (m - r), or 1 / (C - r) with candidates.

        With a mask or rules, the propensity is one divided by the number of items that are eligible at the rank.
        """
        observation = self._checked(observation)
        if allowed is not None:
            scores = np.zeros((len(observation), self.problem.choices), np.float32)
            return Decision(*explore_among(self.random, scores, 1.0, choice_of(self.problem, observation, allowed)))
        n, k, m = len(observation), self.problem.slate_size, self.problem.choices
        propensity = np.broadcast_to((1 / (m - np.arange(k))).astype(np.float32), (n, k)).copy()
        return Decision(draw_slates(self.random, n, k, m), propensity)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        if allowed is None:
            return ranked(slate, slate, 1.0, self.problem.choices)
        scores = np.zeros((len(observation), self.problem.choices), np.float32)
        return scored(scores, slate, 1.0, choice_of(self.problem, observation, allowed))


class Popularity(Agent):
    """The popularity agent, which shows all shoppers the items with the highest weighted rates per examined impression.

    An impression counts as examined with the probability that `PositionBiasEstimator` estimates for its rank. An item's rates are
    shrunk to the mean of all items (a Gamma prior, as if `prior` more clicks and conversions had been seen at the mean rate). An
    item is on trial until it has been shown `min_impressions` times; items on trial are shown first, in random order.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        prior: strength of the prior of each item's rates, in clicks and in conversions; above 0.
        min_impressions: number of impressions of an item before its rates are used.

    Raises:
        ValueError: an option is out of its range.
    """

    name = "popularity"
    propensities_are = "exact"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        prior: Positive = 5.0,
        min_impressions: Whole = 20,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.prior = prior
        self.min_impressions = min_impressions
        self.position_bias = PositionBiasEstimator(problem.slate_size)
        self.item_credit = ItemCredit(problem, clicks=True)
        self.shown = np.zeros((problem.slate_size, problem.items))
        self.reward = np.zeros((problem.items, len(self.item_credit.objective_names)))
        self.clicks = np.zeros(problem.slate_size)
        self.impressions = np.zeros(problem.slate_size)  # `shown` of all items
        self.total = np.zeros(len(self.item_credit.objective_names))  # `reward` of all items
        self.counted = np.array([name in (CLICK, CONVERSION) for name in self.item_credit.objective_names])
        self.conversions = 0
        self.estimated = 0
        self.correction: Correction | None = None  # set while learning from the log of a biased logging policy

    @property
    def learns_alone(self) -> str:
        """Empty: the agent learns from counts, which can be added up over shards."""
        return ""

    def rates(self, items: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """(m, M) the mean of each objective per examined impression of each item, shrunk to the mean of all items.

        Args:
            items: (...) int64, the items, for a result (..., M); None: all items.
        """
        shown, reward = self.shown, self.reward
        if items is not None:
            items = check_numbers(items, self.problem.items, "items")
            shown, reward = shown[:, items], reward[items]
        relative = self.position_bias.relative
        examined = relative @ self.impressions + 100
        mean = (self.total + self.counted) / examined
        # An objective is as rare as its cause, so its prior counts as many impressions as it takes to see `prior` such events.
        rates = {CLICK: (self.clicks.sum() + 1) / examined, CONVERSION: (self.conversions + 1) / examined, IMPRESSION: 1.0}
        rate = np.array([rates[cause] for cause in self.item_credit.causes])
        shown_examined = np.tensordot(relative, shown, 1)[..., None]
        return np.asarray((reward + self.prior * (mean / rate)) / (shown_examined + self.prior / rate))

    def grow(self, problem: Problem) -> None:
        """Add new items, which have not been shown yet."""
        further = problem.items - self.problem.items
        self.shown = np.pad(self.shown, ((0, 0), (0, further)))
        self.reward = np.pad(self.reward, ((0, further), (0, 0)))
        self.item_credit = ItemCredit(problem, clicks=True)
        self.problem = problem

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose items on trial at random, then the best items, which have propensity 1."""
        observation = self._checked(observation)
        n, k = len(observation), self.problem.slate_size
        candidates = self.problem.candidates_in(observation)
        if allowed is not None:
            return self._choose_allowed(observation, allowed)
        if candidates is not None:
            return self._choose_among(candidates)
        on_trial = np.flatnonzero(self.shown.sum(axis=0) < self.min_impressions)
        tried = min(len(on_trial), k)
        propensity = np.ones((n, k), np.float32)
        propensity[:, :tried] = 1 / (len(on_trial) - np.arange(tried))
        slate = np.empty((n, k), np.int64)
        slate[:, :tried] = on_trial[draw_slates(self.random, n, tried, len(on_trial))]
        if tried < k:
            slate[:, tried:] = self._ranked(on_trial, k - tried)
        return Decision(slate, propensity)

    def _choose_among(self, candidates: NDArray[np.int64]) -> Decision:
        """Choose among candidates (n, C); which candidates are on trial differs by shopper."""
        k = self.problem.slate_size
        on_trial = self.shown[:, candidates].sum(axis=0) < self.min_impressions
        score = self.rates(candidates) @ self.item_credit.weights(self.weights)
        score[on_trial] = score.max() + 1 + self.random.random(int(on_trial.sum()))
        left = on_trial.sum(axis=1)[:, None] - np.arange(k)
        return Decision(top_k(score, k), (1 / np.maximum(left, 1)).astype(np.float32))

    def _choose_allowed(self, observation: Observation, allowed: Mask) -> Decision:
        """Choose under a mask and rules: each rank shows a random eligible item on trial if there is one, else the best item."""
        candidates, score = self.problem.candidates_in(observation), self.scores(observation)
        on_trial = self.shown.sum(axis=0) < self.min_impressions
        on_trial = np.broadcast_to(on_trial, score.shape) if candidates is None else on_trial[candidates]
        score[on_trial] = score.max() + 1 + self.random.random(int(on_trial.sum()))
        choice = choice_of(self.problem, observation, allowed)
        slate, left = np.empty((len(score), self.problem.slate_size), np.int64), []
        for rank in range(self.problem.slate_size):
            among = choice.eligible()
            left.append((among & on_trial).sum(axis=1))
            slate[:, rank] = highest(score, among)
            choice.take(slate[:, rank])
        return Decision(slate, (1 / np.maximum(np.stack(left, axis=1), 1)).astype(np.float32))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates: all items on trial have the same probability."""
        candidates, score = self.problem.candidates_in(observation), self.scores(observation)
        on_trial = self.shown.sum(axis=0) < self.min_impressions
        on_trial = np.broadcast_to(on_trial, score.shape) if candidates is None else on_trial[candidates]
        return scored(score, slate, 0.0, choice_of(self.problem, observation, allowed), on_trial)

    def scores(self, observation: Observation) -> NDArray[np.float64]:
        """(n, m) the weighted rates of each item, the same for all shoppers; (n, C) for candidates."""
        observation = self._checked(observation)
        candidates = self.problem.candidates_in(observation)
        score = self.rates(candidates) @ self.item_credit.weights(self.weights)
        return np.tile(score, (len(observation), 1)) if candidates is None else score

    def estimates(self, observation: Observation) -> Estimates:
        """Each item's rates of clicks and of conversions, the same for all shoppers.

        Args:
            observation: (n, o) float32.

        Raises:
            NotImplementedError: conversions are not among the objectives.
        """
        click, conversion = rates_of(self.name, self.item_credit.objective_names)
        observation = self._checked(observation)
        candidates, shape = self.problem.candidates_in(observation), (len(observation), self.problem.choices)
        rates = self.rates(candidates)
        clicks, conversions = (np.broadcast_to(rates[..., number], shape) for number in (click, conversion))
        return Estimates.of_rates(clicks, conversions)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items with the highest weighted rates, whether on trial or not."""
        observation = self._checked(observation)
        mask = self.eligible(observation, allowed)
        if mask is not None or self.problem.candidates is not None:
            return self.best_of(self.scores(observation), observation, mask)
        return np.tile(self._ranked(np.zeros(0, np.int64), self.problem.slate_size), (len(observation), 1))

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Count impressions and outcomes, and update the position bias."""
        observation, decision = self._checked_step(observation, decision, feedback)
        k, m = self.shown.shape
        items = self.problem.shown(observation, decision.slate)
        outcomes: NDArray[np.floating] = self.item_credit(feedback, items)
        clicks, conversions = (answer.sum(axis=0) for answer in (feedback.clicks, feedback.conversions))
        weight = None if self.correction is None else self.correction(decision)
        shown, reward = (np.zeros_like(self.shown), np.zeros_like(self.reward)) if is_pooled() else (self.shown, self.reward)
        np.add.at(shown.reshape(-1), (items + m * np.arange(k)).ravel(), 1.0 if weight is None else weight.ravel())
        if weight is not None:
            outcomes = outcomes * weight[..., None]
            clicks, conversions = ((answer * weight).sum(axis=0) for answer in (feedback.clicks, feedback.conversions))
        row, rank, objective = np.nonzero(outcomes)
        np.add.at(reward, (items[row, rank], objective), outcomes[row, rank, objective])
        # The impression of a delayed conversion was counted when it was shown.
        delayed = self.item_credit.delayed(feedback)
        np.add.at(reward, feedback.delayed.item, delayed)
        step = pooled_total(
            impressions=np.full(k, len(items)) if weight is None else weight.sum(axis=0),
            total=outcomes.sum(axis=(0, 1), dtype=np.float64) + delayed.sum(axis=0, dtype=np.float64),
            conversions=conversions.sum() + len(feedback.delayed),
            clicks=clicks,
        )
        self.impressions += step["impressions"]
        self.total += step["total"]
        self.conversions += step["conversions"].item()
        self.clicks += step["clicks"]
        if is_pooled():
            sums = pooled_total(shown=shown, reward=reward)
            self.shown += sums["shown"]
            self.reward += sums["reward"]
        # The update takes time in proportion to the number of items: with candidates only after one percent more slates.
        if self.problem.candidates is None or self.slates > 1.01 * self.estimated:
            self.estimated = self.slates
            click = self.item_credit.objective_names.index(CLICK)
            self.position_bias.update(self.clicks, self.shown @ self.rates()[:, click])

    def _ranked(self, without: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """(count,) the best items except those in `without`, best first."""
        score = self.rates() @ self.item_credit.weights(self.weights)
        score[without] = -np.inf
        return np.asarray(top_k(score[None], count)[0])


class EpsilonGreedy(Popularity):
    """The popularity agent with a random one of the remaining items at each rank with probability `epsilon`.

    With `decay` the probability is epsilon / (1 + slates / decay), which eventually falls as 1 / slates. Regret then grows
    logarithmically if `epsilon` times `decay` is large enough (Auer, Cesa-Bianchi, Fischer, Machine Learning 2002, theorem 3).

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        epsilon: probability of a random item at a rank.
        decay: number of slates after which `epsilon` has halved; later it falls as 1 / slates. None: `epsilon` is constant.
        prior: strength of the prior of each item's rates, in clicks and in conversions; above 0.

    Raises:
        ValueError: an option is out of its range.
    """

    name = "epsilon-greedy"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        epsilon: Share = 0.1,
        decay: Positive | None = None,
        prior: Positive = 5.0,
    ) -> None:
        super().__init__(problem, seed, scalarizer, prior=prior, min_impressions=0)
        self.epsilon, self.decay = epsilon, decay

    @property
    def exploration(self) -> float:
        """The current probability of a random item at a rank."""
        return self.epsilon if self.decay is None else self.epsilon / (1 + self.slates / self.decay)

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the best or a random one of the remaining items at each rank; the propensity includes both ways to an item."""
        if allowed is not None:
            choice = choice_of(self.problem, observation, allowed)
            return Decision(*explore_among(self.random, self.scores(observation), self.exploration, choice))
        return Decision(*explore(self.random, self.best(observation), self.exploration, self.problem.choices))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        return exploring(self, observation, slate, allowed, self.exploration)
