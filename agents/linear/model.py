"""The interface of the linear models, which differ in their coefficients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.choosing.explanation import Columns
from slategym.agents.common.memory import Memory
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.linear.statistics import Shopper
from slategym.sim.selection import top_k
from slategym.sim.slate import check_items
from slategym.utils.standardize import standardised

Floats = NDArray[np.floating]
Items = NDArray[np.int64]


class LinearModel(ABC):
    """A linear model of the outcomes of items and its uncertainty, under the position-based model of examination.

    The expected outcome of an item at rank r is examination[r] times a linear function of the shopper. An outcome's variance
    grows with its mean, so impressions are weighted by 1 / examination. All objectives share one precision.

    Args:
        features: (m, d) float, item features.
        slate_size: k, the number of ranks.
        context: a - 1, the number of context columns without the column of ones.
        pressure: whether shoppers have a pressure: a number per kind of item, such as the exposure of each category.
        objectives: M, the number of objectives.
        click: the index of the objective from which examination is learned.
        ridge: prior precision of coefficients, in clicks: as if there had been this number of clicks before. The prior is never
            forgotten.
        item_ridge: prior precision of each item's intercept, in clicks, if there are intercepts.
        halflife: number of slates after which a slate counts half; None: no discount.
        window: largest number of slates that count; None: all.

    Attributes:
        square: (M,) the mean square of an outcome; for clicks, their rate.
        memory: the sums that the model is solved from.
    """

    square: NDArray[np.float64]

    def __init__(
        self,
        features: Floats,
        slate_size: int,
        context: int,
        pressure: bool,
        objectives: int,
        click: int,
        ridge: float,
        item_ridge: float,
        halflife: float | None = None,
        window: int | None = None,
    ) -> None:
        self.features = np.concatenate([np.ones((len(features), 1)), standardised(features)], axis=1).astype(np.float32)
        self.slate_size = slate_size
        self.columns = context + 1
        self.products = self.columns * self.features.shape[1]
        self.pressure = int(pressure)
        self.objectives = objectives
        self.click = click
        self.ridge = ridge
        self.item_ridge = item_ridge
        self.position_bias = PositionBiasEstimator(slate_size)
        # Clicks and predicted attraction of each rank: those no longer in the sums, and all.
        self.answers_before, self.answers = np.zeros((2, slate_size)), np.zeros((2, slate_size))
        self.memory: Memory[Any] = Memory(self._no_sums(), halflife, window)
        self.solve()

    @abstractmethod
    def _no_sums(self) -> Any:
        """Sums over no impressions."""

    @abstractmethod
    def solve(self) -> None:
        """Estimate the coefficients and their uncertainty from the sums, then the examination of ranks from the coefficients."""

    @abstractmethod
    def mean(self, shopper: Shopper, weights: Floats) -> NDArray[np.float32]:
        """(n, m) the weighted expected outcomes of every item at the first rank, or (n, C) for candidates."""

    @abstractmethod
    def contributions(self, shopper: Shopper, weights: Floats, items: Items, fields: Columns) -> dict[str, Floats]:
        """The summands of the means of items, by name; each is (n, k).

        Args:
            shopper: the n shoppers.
            weights: (M,), weights of the objectives.
            items: (n, k) int64.
            fields: the columns of each field of the context.
        """

    @abstractmethod
    def width(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m) sqrt(x' A^-1 x) of every item, the standard error for noise of variance 1; or (n, C) for candidates."""

    @abstractmethod
    def noise(self, shopper: Shopper, random: np.random.Generator) -> NDArray[np.float32]:
        """(n, m) draws from N(0, A^-1) times x for every item, or (n, C) for candidates; one draw per shopper."""

    def drawn_slates(
        self, shopper: Shopper, weights: Floats, scale: float, slate_size: int, random: np.random.Generator
    ) -> Items:
        """(n, k) the items with the highest mean + scale * noise, or positions among the candidates, best first.

        Args:
            shopper: the n shoppers.
            weights: (M,) weights of the objectives.
            scale: factor of the noise.
            slate_size: k.
            random: the generator.
        """
        score = self.noise(shopper, random)
        score *= np.float32(scale)
        score += self.mean(shopper, weights)
        return top_k(score, slate_size)

    def add(self, shopper: Shopper, slate: Items, outcomes: NDArray[np.float32]) -> None:
        """Forget old impressions, and add those of a step to the sums.

        Args:
            shopper: the n shoppers.
            slate: (n, k) int64 items.
            outcomes: (n, k, M), the outcome of each item for each objective.
        """
        slate = self.memory.latest.checked(shopper, slate, outcomes)  # before anything is forgotten
        self.memory.begin(len(slate))
        self.memory.latest.add(shopper, slate, outcomes)

    def add_delayed(self, shopper: Shopper, items: Items, outcomes: NDArray[np.float32]) -> None:
        """Add delayed outcomes of impressions that were added before.

        Args:
            shopper: the l shoppers of the impressions.
            items: (l,) int64.
            outcomes: (l, M), the outcomes for each objective.
        """
        self.memory.latest.add_delayed(shopper, items, outcomes)

    def grow(self, features: Floats) -> None:
        """Append items that have not been shown yet.

        Args:
            features: (f, d) float, features of the new items, on the scale of the standardised features of the others.
        """
        further = np.concatenate([np.ones((len(features), 1)), features], axis=1).astype(np.float32)
        self.features = np.concatenate([self.features, further])
        self.memory.grow(self.features)
        self.solve()

    def forget(self, kept: float) -> None:
        """Reduce the weight of all impressions so far, except in the estimate of the examination of ranks.

        Args:
            kept: factor of their weight, 0 to 1.
        """
        self.answers_before = kept * self.answers_before + (1 - kept) * self.answers
        self.memory.discount(kept)
        self.solve()

    def _learn_examination(self, clicks: Floats, predicted: Floats) -> None:
        """Update the examination of ranks from clicks (k,) and predicted attraction (k,) of the impressions in the sums."""
        self.answers = self.answers_before + np.stack([clicks, predicted])
        self.position_bias.update(*self.answers)

    def check_candidates(self, shopper: Shopper) -> None:
        """Check that the candidates are items."""
        if shopper.candidates is not None:
            check_items(shopper.candidates, len(self.features), "shopper.candidates", (len(shopper.context), None))


def standardisation(second: Floats) -> Floats:
    """(a, a) the affine map of [1, context] that gives the context mean 0 and variance 1, from second moments (a, a)."""
    count = max(second[0, 0], 1.0)
    mean = second[0, 1:] / count
    square = np.diag(second)[1:] / count
    variance = square - mean**2
    # A constant column becomes 0. A very small variance of a column far from 0 is treated as float32 rounding.
    scale = 1 / np.sqrt(np.where(variance > 1e-6 * square, variance, 1))
    standard = np.zeros_like(second)
    standard[0, 0] = 1
    standard[1:, 0] = -mean * scale
    standard[1:, 1:] = np.diag(scale)
    return np.asarray(standard)
