"""The base class of the bandits over items: the counts, and the value of an item computed from them."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.bandits.counts import ItemCounts
from slategym.agents.bandits.examination import Examination, read
from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.choosing import given_slates
from slategym.agents.common.answer_values import AnswerValues
from slategym.agents.common.change_detector import KEPT, ChangeDetector
from slategym.agents.common.memory import Memory
from slategym.agents.common.pooling import pooled_total, total_of_shares
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.estimates import Estimates
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Positive
from slategym.utils.short_repr import Brief

Items = NDArray[np.int64]
Floats = NDArray[np.floating]
KNOWN = 1_000  # number of clicks below which rates are too uncertain to detect a change


@dataclass(frozen=True, repr=False)
class Tally(Brief):
    """The counts of some items, and the average rates of all items.

    Attributes:
        shown: (..., c) impressions that count.
        examined: (..., c) examined impressions; fractions if examination is known only as a probability.
        clicks: (..., c).
        conversions: (..., c).
        click_rate: clicks per examined impression, over all items.
        conversion_rate: conversions per click, over all items.
        prior: number of successes, at these rates, in the prior of each item.
    """

    shown: Floats
    examined: Floats
    clicks: Floats
    conversions: Floats
    click_rate: float
    conversion_rate: float
    prior: float

    def at(self, items: Items) -> Tally:
        """The tally of items (n, c), from a tally (1, m) of all items."""
        shown, examined, clicks, conversions = (
            each[0][items] for each in (self.shown, self.examined, self.clicks, self.conversions)
        )
        return Tally(shown, examined, clicks, conversions, self.click_rate, self.conversion_rate, self.prior)

    @property
    def click_prior(self) -> tuple[float, float]:
        """The prior of each item: clicks, and examined impressions without a click."""
        return self.prior, self.prior * (1 / self.click_rate - 1)

    @property
    def conversion_prior(self) -> tuple[float, float]:
        """The prior of each item: conversions, and clicks without a conversion."""
        return self.prior, self.prior * (1 / self.conversion_rate - 1)

    @property
    def misses(self) -> Floats:
        """(..., c) examined impressions without a click."""
        return np.maximum(self.examined - self.clicks, 0.0)

    @property
    def unconverted(self) -> Floats:
        """(..., c) clicks without a conversion."""
        return np.maximum(self.clicks - self.conversions, 0.0)

    @property
    def click(self) -> Floats:
        """(..., c) the probability of a click, shrunk to the rate over all items."""
        hit, miss = self.click_prior
        return (self.clicks + hit) / (self.clicks + self.misses + hit + miss)

    @property
    def conversion(self) -> Floats:
        """(..., c) the probability that a click converts, shrunk to the rate over all items."""
        hit, miss = self.conversion_prior
        return (self.conversions + hit) / (self.conversions + self.unconverted + hit + miss)


class ItemBandit(Agent, ABC):
    """The base class of bandits without context, which count examined impressions, clicks and conversions of each item.

    The value of an item is P(click) * (value of a click + P(conversion given click) * value of a conversion) + value of an
    impression, with the current weights (`AnswerValues`). Both probabilities are arms of Bernoulli bandits; subclasses define how
    they are estimated. A slate holds the items with the highest values, best first. Shoppers are not distinguished.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        prior: strength of the prior of each item: a number of clicks and of conversions, at the mean rates of all items.
        examination: which impressions count: "position", each with the probability that its rank is examined
            (`PositionBiasEstimator`); "cascade", those down to the first click; "dependent-click", those down to the last click.
        halflife: number of slates after which a slate counts half; None: no forgetting.
        window: number of most recent slates that count, approximately; None: all.
        restarts: whether to forget nearly everything when there are fewer clicks than the rates predict (`ChangeDetector`).

    Raises:
        ValueError: an option is out of its range.
    """

    by_rank = False  # whether clicks and conversions are counted for each rank
    propensities_are: PropensitySource = "estimated"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        prior: Positive = 1.0,
        examination: Examination = "position",
        halflife: Positive | None = None,
        window: Count | None = None,
        restarts: bool = False,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.prior, self.examination = prior, examination
        self.position_bias = PositionBiasEstimator(problem.slate_size)
        self.clicked, self.attracted = np.zeros((2, problem.slate_size))
        self.memory = Memory(self.no_counts(), halflife, window)
        self.values = AnswerValues(problem)
        self.detector = ChangeDetector() if restarts else None

    @property
    def learns_alone(self) -> str:
        """Empty if the bandit learns from counts alone, which can be added up over shards."""
        return "" if type(self).learn is ItemBandit.learn else super().learns_alone

    def no_counts(self) -> ItemCounts:
        """Counts of no impressions."""
        ranks = self.problem.slate_size
        return ItemCounts(self.problem.items, ranks if self.positions else 1, ranks if self.by_rank else 1)

    @property
    def positions(self) -> bool:
        """Whether impressions are counted for each rank."""
        return self.by_rank or self.examination == "position"

    @property
    def examined(self) -> NDArray[np.float64]:
        """(k,) the weight of an impression at each rank."""
        return self.position_bias.relative if self.examination == "position" else np.ones(self.problem.slate_size)

    @property
    def time(self) -> float:
        """The number of slates that are remembered, including the current one."""
        return self.memory.slates + 1

    def grow(self, problem: Problem) -> None:
        """Add new items, which have not been shown yet."""
        self.memory.grow(problem.features)
        self.values.grow(problem)
        self.problem = problem

    def tally(self, items: Items | None = None) -> Tally:
        """The counts of items.

        Args:
            items: (n, c) int64; None: all, in the shape (1, m).
        """
        if items is not None and items.size > self.problem.items:
            return self.tally().at(items)
        counts = self.memory.total()
        which = slice(None) if items is None else items
        shown = counts.shown[which]
        sums: list[Floats] = [shown.sum(-1), shown @ self.examined[: shown.shape[-1]]]
        sums += [counts.clicks[which].sum(-1), counts.conversions[which].sum(-1)]
        impressions, examined, clicks, conversions = (each[None] if items is None else each for each in sums)
        return Tally(impressions, examined, clicks, conversions, *self._rates(counts), self.prior)

    def _rates(self, counts: ItemCounts) -> tuple[float, float]:
        """Clicks per examined impression, and conversions per click, over all items."""
        clicks = float(counts.clicks.sum())
        examined = float(counts.shown.sum(axis=0) @ self.examined[: counts.shown.shape[1]])
        return (clicks + 1) / (max(examined, clicks) + 2), (min(float(counts.conversions.sum()), clicks) + 1) / (clicks + 2)

    def item_value(self, click: Floats, conversion: Floats, items: Items | None) -> Floats:
        """(n, c) the value of showing items, given their probabilities of a click and of a conversion of a click.

        Args:
            click: (n, c), the probability of a click.
            conversion: (n, c), the probability that a click converts.
            items: (n, c) int64; None: all.
        """
        click_value, conversion_value, impression_value = self.values(self.weights, items)
        return click * (click_value + conversion * conversion_value) + impression_value

    def scores(self, observation: Observation) -> NDArray[np.floating]:
        """(n, m) the value of showing each item by its rates, the same for all shoppers; (n, C) for candidates."""
        observation = self._checked(observation)
        items = self.problem.candidates_in(observation)
        tally = self.tally(items)
        score = self.item_value(tally.click, tally.conversion, items)
        return np.tile(score, (len(observation), 1)) if items is None else score

    def estimates(self, observation: Observation) -> Estimates:
        """Each item's rates of clicks and of conversions of clicks, the same for all shoppers.

        Args:
            observation: (n, o) float32.
        """
        observation = self._checked(observation)
        tally, shape = self.tally(self.problem.candidates_in(observation)), (len(observation), self.problem.choices)
        click, conversion = (np.broadcast_to(rate.astype(np.float32), shape).copy() for rate in (tally.click, tally.conversion))
        return Estimates(click, conversion)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, estimated by draws."""
        return given_slates.drawn(self, observation, slate, allowed, draws)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items with the highest values by their rates."""
        return self.best_of(self.scores(observation), observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Count impressions, clicks and conversions, and update the examination of ranks."""
        observation, decision = self._checked_step(observation, decision, feedback)
        items, clicks = self.problem.shown(observation, decision.slate), np.asarray(feedback.clicks, np.bool_)
        seen = read(self.examination, clicks)
        if self.detector is not None:
            self._watch(self.detector, items, seen, clicks)
        self.values.learn(feedback, items)
        with self.memory.step():
            self.memory.begin(len(items))
            self.memory.latest.add(items, seen, clicks, np.asarray(feedback.conversions, np.bool_))
            self.memory.latest.add_delayed(feedback.delayed.item, feedback.delayed.rank)
        self.clicked += pooled_total(clicks=clicks.sum(axis=0))["clicks"]
        self.attracted += total_of_shares(self.tally(items).click)
        self.position_bias.update(self.clicked, self.attracted)

    def _watch(self, detector: ChangeDetector, items: Items, seen: Mask | None, clicks: Mask) -> None:
        """Compare the clicks of a step (n, k) with the clicks that the rates predict, and forget after a change."""
        if self.clicked.sum() < KNOWN:
            return
        chance = np.minimum(self.tally(items).click * self.examined, 1)
        if seen is not None:
            chance = chance[seen]
        if detector.watch(clicks, chance):
            self.memory.discount(KEPT)
