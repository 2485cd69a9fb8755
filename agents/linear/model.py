"""What every linear model can do, whatever coefficients it has."""

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
    """A linear model of the outcomes of items, under the position-based model of examination, and its uncertainty.

    The expected outcome of an item at rank r is examination[r] times a linear function of the shopper. An outcome's variance
    grows with its mean, so that impressions are weighted by 1 / examination. All objectives share one precision.

    Args:
        features: (m, d) float, of the items.
        slate_size: k, the number of ranks.
        context: a - 1, the number of context columns without the column of ones.
        pressure: whether shoppers have one, such as the exposure of each category.
        objectives: M, the number of objectives.
        click: the index of the objective from which examination is learned.
        ridge: prior precision of coefficients, in clicks: as if a score had been examined for so many. It is never forgotten.
        item_ridge: prior precision of each item's intercept, in clicks, where there are intercepts.
        halflife: slates after which a slate counts half; None for no discount.
        window: slates that count at most; None for all.

    Attributes:
        square: (M,) the mean square of an outcome; of a click, its rate.
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
        # Clicks and predicted attraction of each rank: those that the sums no longer hold, and all.
        self.answers_before, self.answers = np.zeros((2, slate_size)), np.zeros((2, slate_size))
        self.memory: Memory[Any] = Memory(self._no_sums(), halflife, window)
        self.solve()

    @abstractmethod
    def _no_sums(self) -> Any:
        """Sums over no impressions."""

    @abstractmethod
    def solve(self) -> None:
        """Estimate coefficients and their uncertainty from the sums, then each rank's examination from the coefficients."""

    @abstractmethod
    def mean(self, shopper: Shopper, weights: Floats) -> NDArray[np.float32]:
        """(n, m) the weighted expected outcomes of every item at the first rank, or (n, C) of the candidates."""

    @abstractmethod
    def contributions(self, shopper: Shopper, weights: Floats, items: Items, fields: Columns) -> dict[str, Floats]:
        """What the means of items (n, k) are the sums of, by name, (n, k) each.

        Args:
            shopper: the n shoppers.
            weights: (M,), of the objectives.
            items: (n, k) int64.
            fields: which columns of the context belong together.
        """

    @abstractmethod
    def width(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m) sqrt(x' A^-1 x) of every item: the standard error at a noise of 1; or (n, C) of the candidates."""

    @abstractmethod
    def noise(self, shopper: Shopper, random: np.random.Generator) -> NDArray[np.float32]:
        """(n, m) draws of N(0, A^-1) times x for every item, or (n, C) for the candidates; one draw per shopper."""

    def drawn_slates(
        self, shopper: Shopper, weights: Floats, scale: float, slate_size: int, random: np.random.Generator
    ) -> Items:
        """(n, k) the items with the highest mean + scale * noise, or positions among the candidates, best first.

        Args:
            shopper: the n shoppers.
            weights: (M,) of the objectives.
            scale: factor of the noise.
            slate_size: k.
            random: the generator.
        """
        score = self.noise(shopper, random)
        score *= np.float32(scale)
        score += self.mean(shopper, weights)
        return top_k(score, slate_size)

    def add(self, shopper: Shopper, slate: Items, outcomes: NDArray[np.float32]) -> None:
        """Forget what a step makes old, and add its impressions to the sums.

        Args:
            shopper: the n shoppers.
            slate: (n, k) int64 items.
            outcomes: (n, k, M), of each item for each objective.
        """
        slate = self.memory.latest.checked(shopper, slate, outcomes)  # before anything is forgotten
        self.memory.begin(len(slate))
        self.memory.latest.add(shopper, slate, outcomes)

    def add_delayed(self, shopper: Shopper, items: Items, outcomes: NDArray[np.float32]) -> None:
        """Add delayed outcomes of impressions that `add` has counted.

        Args:
            shopper: the l shoppers of the impressions.
            items: (l,) int64.
            outcomes: (l, M), for each objective.
        """
        self.memory.latest.add_delayed(shopper, items, outcomes)

    def grow(self, features: Floats) -> None:
        """Append items that have not been shown yet.

        Args:
            features: (f, d) float, of the further items, on the scale of the standardised features of the others.
        """
        further = np.concatenate([np.ones((len(features), 1)), features], axis=1).astype(np.float32)
        self.features = np.concatenate([self.features, further])
        self.memory.grow(self.features)
        self.solve()

    def forget(self, kept: float) -> None:
        """Count all impressions so far for less, but not what they say of how ranks are examined.

        Args:
            kept: the share of their weight that they keep.
        """
        self.answers_before = kept * self.answers_before + (1 - kept) * self.answers
        self.memory.discount(kept)
        self.solve()

    def _learn_examination(self, clicks: Floats, predicted: Floats) -> None:
        """Update each rank's examination from its clicks (k,) and predicted attraction (k,) among the impressions summed."""
        self.answers = self.answers_before + np.stack([clicks, predicted])
        self.position_bias.update(*self.answers)

    def check_candidates(self, shopper: Shopper) -> None:
        """Check that the candidates are items."""
        if shopper.candidates is not None:
            check_items(shopper.candidates, len(self.features), "shopper.candidates", (len(shopper.context), None))


def standardisation(second: Floats) -> Floats:
    """(a, a) the affine map of [1, context] to mean 0 and variance 1, by their second moments (a, a)."""
    count = max(second[0, 0], 1.0)
    mean = second[0, 1:] / count
    square = np.diag(second)[1:] / count
    variance = square - mean**2
    # A constant column is 0; the variance of one far from 0 may be no more than float32 rounding.
    scale = 1 / np.sqrt(np.where(variance > 1e-6 * square, variance, 1))
    standard = np.zeros_like(second)
    standard[0, 0] = 1
    standard[1:, 0] = -mean * scale
    standard[1:, 1:] = np.diag(scale)
    return np.asarray(standard)
