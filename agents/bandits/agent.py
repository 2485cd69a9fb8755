"""The base of the bandits over items: what they count, and the value of an item by that."""

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
KNOWN = 1_000  # clicks without which rates are too rough to tell a change


@dataclass(frozen=True, repr=False)
class Tally(Brief):
    """What was counted of some items, and how they do on average.

    Attributes:
        shown: (..., c) impressions that count.
        examined: (..., c) those that were examined, a fraction where that is known as a probability.
        clicks: (..., c).
        conversions: (..., c).
        click_rate: clicks per examined impression, over all items.
        conversion_rate: conversions per click, over all items.
        prior: successes at those rates that each item has beforehand.
    """

    shown: Floats
    examined: Floats
    clicks: Floats
    conversions: Floats
    click_rate: float
    conversion_rate: float
    prior: float

    def at(self, items: Items) -> Tally:
        """The tally of items (n, c), from one (1, m) of all."""
        shown, examined, clicks, conversions = (
            each[0][items] for each in (self.shown, self.examined, self.clicks, self.conversions)
        )
        return Tally(shown, examined, clicks, conversions, self.click_rate, self.conversion_rate, self.prior)

    @property
    def click_prior(self) -> tuple[float, float]:
        """Clicks that each item has beforehand, and examined impressions without."""
        return self.prior, self.prior * (1 / self.click_rate - 1)

    @property
    def conversion_prior(self) -> tuple[float, float]:
        """Conversions that each item has beforehand, and clicks without."""
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
    """The base of bandits without context: clicks of examined impressions and conversions of clicks, counted for each item.

    The value of an item is P(click) * (value of a click + P(conversion given click) * value of a conversion), and the value of an
    impression, by the weights of the moment (`AnswerValues`). Its two probabilities are arms of Bernoulli bandits, which rules
    estimate each in its own way; a slate holds the items of the highest value by that, best first. All shoppers are alike to it.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        prior: successes, at the mean rate of all items, that each item has beforehand, in clicks and in conversions.
        examination: which impressions count: "position", each with the probability that its rank is examined
            (`PositionBiasEstimator`); "cascade", those down to the first click; "dependent-click", down to the last click.
        halflife: slates after which a slate counts half; None forgets nothing.
        window: only about the last so many slates count; None for all.
        restarts: forget nearly all where clicks have fallen behind what the rates say (`ChangeDetector`).

    Raises:
        ValueError: an option is out of its range.
    """

    by_rank = False  # whether answers are kept apart by rank
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
        """Empty where it learns from counts alone."""
        return "" if type(self).learn is ItemBandit.learn else super().learns_alone

    def no_counts(self) -> ItemCounts:
        """Counts of no impressions."""
        ranks = self.problem.slate_size
        return ItemCounts(self.problem.items, ranks if self.positions else 1, ranks if self.by_rank else 1)

    @property
    def positions(self) -> bool:
        """Whether impressions are kept apart by rank."""
        return self.by_rank or self.examination == "position"

    @property
    def examined(self) -> NDArray[np.float64]:
        """(k,) how much an impression at each rank counts."""
        return self.position_bias.relative if self.examination == "position" else np.ones(self.problem.slate_size)

    @property
    def time(self) -> float:
        """The number of slates that are remembered, with the present one."""
        return self.memory.slates + 1

    def grow(self, problem: Problem) -> None:
        """Take on further items, which have not been shown yet."""
        self.memory.grow(problem.features)
        self.values.grow(problem)
        self.problem = problem

    def tally(self, items: Items | None = None) -> Tally:
        """What was counted of items.

        Args:
            items: (n, c) int64; None for all, as (1, m).
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
        """(n, c) the value of showing items, given the probabilities of a click, and that a click converts.

        Args:
            click: (n, c).
            conversion: (n, c).
            items: (n, c) int64; None for all.
        """
        click_value, conversion_value, impression_value = self.values(self.weights, items)
        return click * (click_value + conversion * conversion_value) + impression_value

    def scores(self, observation: Observation) -> NDArray[np.floating]:
        """(n, m) the value of showing each item by its rates, for all shoppers the same; (n, C) of the candidates."""
        observation = self._checked(observation)
        items = self.problem.candidates_in(observation)
        tally = self.tally(items)
        score = self.item_value(tally.click, tally.conversion, items)
        return np.tile(score, (len(observation), 1)) if items is None else score

    def estimates(self, observation: Observation) -> Estimates:
        """Each item's rates of clicks, and of conversions of clicks, for all shoppers the same.

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
        """(n, k) the items of the highest value by their rates."""
        return self.best_of(self.scores(observation), observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Count impressions, clicks and conversions, and learn how ranks are examined."""
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
        """Compare the clicks of a step (n, k) with what the rates say of its items, and forget after a change."""
        if self.clicked.sum() < KNOWN:
            return
        chance = np.minimum(self.tally(items).click * self.examined, 1)
        if seen is not None:
            chance = chance[seen]
        if detector.watch(clicks, chance):
            self.memory.discount(KEPT)
