"""The disjoint linear model: separate coefficients of the context for each item, learned from its own impressions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.choosing.explanation import Columns
from slategym.agents.choosing.noise import normals
from slategym.agents.common.memory import Sums
from slategym.agents.linear.model import LinearModel, standardisation
from slategym.agents.linear.statistics import Shopper, pair_numbers
from slategym.sim.slate import check_items

Floats = NDArray[np.floating]
Items = NDArray[np.int64]
LARGEST = 500_000_000  # largest size of the sums
BLOCK = 2048  # number of items that are solved together


class DisjointSums(Sums):
    """Sums over the impressions of each item, weighted by the estimated examination of their ranks when they were added.

    Args:
        features: (m, b), item features, used only for the number of items.
        slate_size: k.
        columns: c, the number of columns of x: context with the column of ones, and the pressure if there is one.
        objectives: M.
        click: the index of the objective whose sum is kept for each rank.

    Attributes:
        gram: (m, c (c + 1) / 2) the sum of examination times x x', as pairs of columns.
        moments: (m, c, M) the sum of x times outcome.
        squares: (M,) the sum of squared outcomes.
        clicks: (k,) the sum of outcomes of the objective `click` at each rank.
        attraction: (k,) the sum of the predictions of these outcomes at the first rank.
    """

    summed = ("gram", "moments", "squares", "clicks", "attraction")

    def __init__(self, features: NDArray[np.float32], slate_size: int, columns: int, objectives: int, click: int) -> None:
        pairs = columns * (columns + 1) // 2
        if len(features) * pairs > LARGEST:
            raise ValueError(
                f"form='disjoint' keeps {len(features) * pairs:.2g} sums for {len(features):,} items: expected at most "
                f"{LARGEST:.2g}; use form='hybrid'"
            )
        self.columns, self.click = columns, click
        self.gram = np.zeros((len(features), pairs))
        self.moments = np.zeros((len(features), columns, objectives))
        self.squares = np.zeros(objectives)
        self.clicks, self.attraction = np.zeros(slate_size), np.zeros(slate_size)

    def add(self, x: NDArray[np.float32], slate: Items, outcomes: NDArray[np.float32], weight: Floats) -> None:
        """Add impressions.

        Args:
            x: (n, k, c), x of each item of the slates.
            slate: (n, k) int64 items.
            outcomes: (n, k, M), the outcome of each item for each objective.
            weight: (k,) the examination of each rank.
        """
        from slategym.agents.linear.kernel import add_weighted_pairs  # compiled, so not on import

        add_weighted_pairs(x, slate, weight, self.gram)
        self.add_outcomes(x.reshape(-1, self.columns), slate.ravel(), outcomes.reshape(-1, outcomes.shape[2]))
        self.clicks += outcomes[:, :, self.click].sum(axis=0)

    def add_outcomes(self, x: NDArray[np.float32], items: Items, outcomes: NDArray[np.float32]) -> None:
        """Add the outcomes (l, M) of items (l,) for x (l, c); rows of zeros, which are most, are skipped."""
        some = np.flatnonzero(outcomes.any(axis=1))
        np.add.at(self.moments, items[some], x[some, :, None].astype(np.float64) * outcomes[some, None, :])
        self.squares += np.square(outcomes[some], dtype=np.float64).sum(axis=0)

    def carry(self, into: NDArray[np.float64]) -> None:
        """See `Sums.carry`."""
        whole = np.eye(self.columns)  # the pressure does not change
        whole[: len(into), : len(into)] = into
        left, right = np.triu_indices(self.columns)
        full = whole @ self.gram[:, pair_numbers(self.columns)] @ whole.T
        self.gram = np.ascontiguousarray(full[:, left, right])
        self.moments = whole @ self.moments

    def grow(self, features: NDArray[np.float32]) -> None:
        """See `Sums.grow`."""
        further = len(features) - len(self.gram)
        self.gram = np.pad(self.gram, ((0, further), (0, 0)))
        self.moments = np.pad(self.moments, ((0, further), (0, 0), (0, 0)))


class DisjointModel(LinearModel):
    """A ridge regression for each item (Li, Chu, Langford, Schapire, WWW 2010, algorithm 1).

    The expected outcome of item j at rank r is examination[r] * theta[j] . x, where x is [1, context], followed by the pressure
    if there is one. Its uncertainty is x' A_j^-1 x, and the posterior draws of different items are independent. The model has no
    information about an item that has not been shown.

    See `LinearModel` for the arguments; `item_ridge` is not used. The mean squared length of x is a, so the prior precision of
    each coefficient is `ridge` times a.
    """

    def _no_sums(self) -> DisjointSums:
        return DisjointSums(self.features, self.slate_size, self.columns + self.pressure, self.objectives, self.click)

    def add(self, shopper: Shopper, slate: Items, outcomes: NDArray[np.float32]) -> None:
        """Forget old impressions, and add those of a step to the sums."""
        slate = check_items(slate, len(self.features), "slate", (len(shopper.context), self.slate_size))
        x, click = self._raw(shopper, slate), np.eye(self.objectives)[self.click]
        shown = Shopper(shopper.context, shopper.pressure, shopper.kind, slate)
        predicted = np.clip(self.mean(shown, click), 0, None).sum(axis=0)
        self.memory.begin(len(slate))
        self.memory.latest.add(x, slate, outcomes, self.position_bias.relative)
        self.memory.latest.attraction += predicted

    def add_delayed(self, shopper: Shopper, items: Items, outcomes: NDArray[np.float32]) -> None:
        """Add delayed outcomes of impressions that were added before."""
        items = check_items(items, len(self.features), "items", (len(shopper.context),))
        self.memory.latest.add_outcomes(self._raw(shopper, items[:, None])[:, 0], items, outcomes)

    def _raw(self, shopper: Shopper, items: Items) -> NDArray[np.float32]:
        """(n, c, columns) x of items (n, c), not standardised."""
        x = np.empty((*items.shape, self.columns + self.pressure), np.float32)
        x[:, :, : self.columns] = shopper.context[:, None, :]
        if self.pressure:
            x[:, :, -1] = shopper.pressure_of(items)
        return x

    def solve(self) -> None:
        """Estimate the coefficients and their uncertainty from the sums, then the examination of ranks from the coefficients."""
        sums, a, c = self.memory.total(), self.columns, self.columns + self.pressure
        pairs = pair_numbers(c)
        standard = np.eye(c)
        standard[:a, :a] = standardisation(sums.gram.sum(axis=0)[pairs][:a, :a])
        examined = sums.gram[:, 0]
        self.square = (sums.squares + 1) / (examined.sum() + 100)
        prior = self.ridge / self.square[self.click] * self.columns * np.eye(c)
        left, right = np.triu_indices(c)
        self._theta = np.empty((len(self.features), c, self.objectives), np.float32)
        self._pairs = np.empty((len(self.features), len(left)), np.float32)
        double = np.where(left == right, 1, 2)
        shown = examined > 0
        never = np.linalg.inv(prior)
        self._theta[~shown] = 0
        self._pairs[~shown] = (never[left, right] * double).astype(np.float32)
        which = np.flatnonzero(shown)
        for start in range(0, len(which), BLOCK):
            items = which[start : start + BLOCK]
            lower = np.linalg.cholesky(standard @ sums.gram[items][:, pairs] @ standard.T + prior)
            root = np.linalg.inv(lower)
            inverse = root.transpose(0, 2, 1) @ root
            self._theta[items] = inverse @ (standard @ sums.moments[items])
            self._pairs[items] = inverse[:, left, right] * double
        self._standard = standard[:a, :a].astype(np.float32)
        self._of_all = self._pairs.T.copy()
        self._learn_examination(sums.clicks, sums.attraction)

    def mean(self, shopper: Shopper, weights: Floats) -> NDArray[np.float32]:
        """(n, m) the weighted expected outcomes of every item at the first rank, or (n, C) for candidates."""
        self.check_candidates(shopper)
        theta = (self._theta @ weights).astype(np.float32)  # (m, c)
        context = shopper.context @ self._standard.T
        if shopper.candidates is None:
            score = context @ theta[:, : self.columns].T
            last = theta[:, -1]
        else:
            some = theta[shopper.candidates]
            score = np.vecdot(some[:, :, : self.columns], context[:, None, :])
            last = some[:, :, -1]
        if shopper.pressures is not None:
            score += last * shopper.pressures
        return np.asarray(score, np.float32)

    def contributions(self, shopper: Shopper, weights: Floats, items: Items, fields: Columns) -> dict[str, Floats]:
        """The summands of the means of items, by name; each is (n, k)."""
        items = check_items(items, len(self.features), "items", (len(shopper.context), None))
        theta = (self._theta.astype(np.float64) @ weights)[items]
        context = shopper.context @ self._standard.T.astype(np.float64)
        parts: dict[str, Floats] = {"item": theta[:, :, 0] * context[:, :1]}
        for name, columns in fields.items():
            parts[f"{name} x item"] = np.vecdot(theta[:, :, columns], context[:, None, columns])
        if shopper.pressure is not None:
            parts["exposure x item"] = theta[:, :, -1] * shopper.pressure_of(items).astype(np.float64)
        return parts

    def width(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m) sqrt(x' A^-1 x) of every item, the standard error for noise of variance 1; or (n, C) for candidates."""
        self.check_candidates(shopper)
        a, c, context = self.columns, self.columns + self.pressure, shopper.context @ self._standard.T
        left, right = np.triu_indices(a)
        pairs, numbers = context[:, left] * context[:, right], pair_numbers(c)
        of_context = numbers[left, right]
        with_pressure = numbers[:a, -1]
        if shopper.candidates is None:
            variance = pairs @ self._of_all[of_context]
            if shopper.pressures is not None:
                cross = context @ self._of_all[with_pressure]
                variance += shopper.pressures * (cross + shopper.pressures * self._of_all[-1])
        else:
            some = self._pairs[shopper.candidates]
            variance = np.vecdot(some[:, :, of_context], pairs[:, None, :])
            if shopper.pressures is not None:
                cross = np.vecdot(some[:, :, with_pressure], context[:, None, :])
                variance += shopper.pressures * (cross + shopper.pressures * some[:, :, -1])
        return np.asarray(np.sqrt(np.maximum(variance, 0, out=variance), out=variance), np.float32)

    def noise(self, shopper: Shopper, random: np.random.Generator) -> NDArray[np.float32]:
        """(n, m) draws from N(0, A_j^-1) times x, independent for different items, or (n, C) for candidates."""
        noise = self.width(shopper)
        noise *= normals(random, noise.shape)
        return noise
