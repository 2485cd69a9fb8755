"""A linear model of clicks and conversions with its uncertainty, for all items at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from slategym.agents.blocks import blocks, normals
from slategym.agents.examination import Examination

Floats = NDArray[np.floating]
Items = NDArray[np.int64]
MANY = 50_000  # items, of which few are met in one block of shoppers, and whose tables are gone through in blocks


@dataclass(frozen=True)
class Shopper:
    """What the model reads of n shoppers.

    Attributes:
        context: (n, a) float32, beginning with a column of ones.
        pressure: (n, g) float32, a number for each shopper and kind of item, or None.
        kind: (m,) int64, each item's kind; the item itself if None.
        candidates: (n, C) int64, the items that are to be scored; every item if None.
    """

    context: NDArray[np.float32]
    pressure: NDArray[np.float32] | None
    kind: Items | None = None
    candidates: Items | None = None

    def take(self, rows: slice) -> Shopper:
        """Some of the rows."""
        pressure = None if self.pressure is None else self.pressure[rows]
        return Shopper(self.context[rows], pressure, self.kind, None if self.candidates is None else self.candidates[rows])

    def pressure_of(self, items: Items) -> NDArray[np.float32]:
        """(n, c) the pressure of items (n, c)."""
        assert self.pressure is not None
        return np.take_along_axis(self.pressure, items if self.kind is None else self.kind[items], axis=1)

    @cached_property
    def pressures(self) -> NDArray[np.float32] | None:
        """(n, m) the pressure of every item, or (n, C) of the candidates."""
        if self.pressure is None:
            return None
        if self.candidates is not None:
            return self.pressure_of(self.candidates)
        return self.pressure if self.kind is None else self.pressure.take(self.kind, axis=1)


class LinearModel:
    """The hybrid linear model (Li, Chu, Langford, Schapire, WWW 2010), under the position-based model of examination.

    The expected outcome of item j at rank r is examination[r] * (theta . x + intercept[j]), where x is the Kronecker product of
    [1, context] and [1, item features], followed by the pressure where there is one. An outcome's variance grows with its mean,
    so rows are weighted by 1 / examination: the precision A sums examination * x x' and the right-hand side x y. All objectives
    have one precision and a right-hand side each.

    The intercepts make A an arrow: a shared block of size p = a * b (+ 1) and one number an item. Everything is a matrix product
    with the Schur complement S of the shared block: with z_j the average x of item j, shrunk towards 0 by the ridge,
    x~' A^-1 x~ = 1 / D_j + (x - z_j)' S^-1 (x - z_j). Since x and z_j are both Kronecker products with the item's features, that
    is one product of the pairs of context columns with a matrix that is made once for each solution.

    Sums are kept for each rank and unweighted, in float64, so that a better estimate of the examination, or of the context's mean
    and spread, mends the past too. Item features are standardised over the catalogue, the context over the impressions.

    Args:
        features: (m, d) of the items.
        slate_size: k.
        context: a - 1, the number of context columns without the ones.
        pressure: whether shoppers have one.
        objectives: M.
        click: the number of the objective from which examination is learned.
        ridge: prior precision of the shared part of a score, in clicks: as if it had been examined for so many.
        item_ridge: prior precision of each item's intercept, likewise.
    """

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
    ) -> None:
        spread = features.std(axis=0)
        standard = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
        self.features = np.concatenate([np.ones((len(features), 1)), standard], axis=1).astype(np.float32)
        self.columns = context + 1
        self.products = self.columns * self.features.shape[1]
        self.pressure = int(pressure)
        self.click = click
        self.ridge = ridge
        self.item_ridge = item_ridge
        self.examination = Examination(slate_size)

        p, m = self.products + self.pressure, len(features)
        self.gram = np.zeros((slate_size, p, p))
        self.item_sum = np.zeros((slate_size, m, self.columns + self.pressure))
        self.earned = np.zeros((p, objectives))
        self.squares = np.zeros(objectives)
        self.item_earned = np.zeros((m, objectives))
        self.clicks = np.zeros(slate_size)
        self.solve()

    # ---- sums

    def add(self, shopper: Shopper, slate: Items, outcomes: NDArray[np.float32]) -> None:
        """Count impressions: slates (n, k) and what each item earned (n, k, M)."""
        k, m, s = self.item_sum.shape
        for rows in blocks(len(slate)):
            block = shopper.take(rows)
            items = slate[rows].T
            x = self._rows(block, items)
            self.gram += x.transpose(0, 2, 1) @ x
            own = np.broadcast_to(block.context, (k, *block.context.shape))
            if block.pressure is not None:
                own = np.concatenate([own, x[:, :, -1:]], axis=2)
            cell, room = items + m * np.arange(k)[:, None], np.arange(k * m)
            if m > MANY:
                room, place = np.unique(cell, return_inverse=True)
                cell = place.reshape(cell.shape)
            entry = cell[:, :, None] * s + np.arange(s)
            added = np.bincount(entry.ravel(), own.ravel(), len(room) * s).reshape(-1, s)
            if m > MANY:
                self.item_sum.reshape(-1, s)[room] += added
            else:
                self.item_sum += added.reshape(k, m, s)
            self._earn(x, items, outcomes[rows].transpose(1, 0, 2))
        self.clicks += outcomes[:, :, self.click].sum(axis=0)

    def add_late(self, shopper: Shopper, items: Items, outcomes: NDArray[np.float32]) -> None:
        """Count what items (l,) earned later (l, M), for impressions that `add` has counted."""
        self._earn(self._rows(shopper, items[None]), items, outcomes)

    def _earn(self, x: NDArray[np.float32], items: Items, outcomes: NDArray[np.float32]) -> None:
        flat = outcomes.reshape(-1, outcomes.shape[-1])
        self.earned += x.reshape(len(flat), -1).T @ flat
        self.squares += np.square(flat, dtype=np.float64).sum(axis=0)
        place, objective = np.nonzero(flat)
        np.add.at(self.item_earned, (items.ravel()[place], objective), flat[place, objective])

    def _rows(self, shopper: Shopper, items: Items) -> NDArray[np.float32]:
        """(k, n, p) the x of n shoppers and items (k, n)."""
        x = np.empty((*items.shape, self.products + self.pressure), np.float32)
        product = x[:, :, : self.products].reshape(*items.shape, self.columns, -1)
        np.multiply(shopper.context[:, :, None], self.features[items][:, :, None, :], out=product)
        if shopper.pressure is not None:
            x[:, :, -1] = shopper.pressure_of(items.T).T
        return x

    # ---- the solution

    def solve(self) -> None:
        """Estimate coefficients and their uncertainty from the sums, then each rank's examination from the coefficients."""
        a, b, u = self.columns, self.features.shape[1], self.pressure
        standard = self._standardisation()
        wide = np.eye(self.products + u)
        wide[: a * b, : a * b] = np.kron(standard, np.eye(b))
        weight = self.examination.relative

        own = np.tensordot(weight, self.item_sum, 1)
        own[:, :a] = own[:, :a] @ standard.T
        self.square = (self.squares + 1) / (own[:, 0].sum() + 100)  # the mean of an outcome's: of a click, its rate
        impressions = 1 / self.square[self.click]  # for a click
        precision = wide @ np.tensordot(weight, self.gram, 1) @ wide.T
        # Standardised, x has the squared length a * b on average: so much more ridge gives every score the same prior.
        precision[np.diag_indices_from(precision)] += self.ridge * impressions * self.products
        item_precision = self.item_ridge * impressions + own[:, 0]
        centre = own / item_precision[:, None]
        self._z: NDArray[np.float32] | None = None
        schur, right = precision, wide @ self.earned
        for rows, z in self._means(centre):
            schur = schur - z.T @ (item_precision[rows, None] * z)
            right = right - z.T @ self.item_earned[rows]
        root = np.linalg.cholesky(schur)
        inverse_root = solve_triangular(root, np.eye(len(root)), lower=True)
        inverse = inverse_root.T @ inverse_root
        theta = inverse @ right
        intercept = self.item_earned / item_precision[:, None]
        for rows, z in self._means(centre):
            intercept[rows] -= z @ theta

        predicted = self.gram[:, 0, :] @ (wide.T @ theta[:, self.click]) + self.item_sum[:, :, 0] @ intercept[:, self.click]
        self.examination.update(self.clicks, predicted)

        self._standard = standard.astype(np.float32)
        self._theta = theta
        self._intercept = intercept
        self._item_precision = item_precision.astype(np.float32)
        self._shrunk = centre
        self._centre = centre.astype(np.float32)
        self._inverse_root = inverse_root.astype(np.float32)
        self._inverse = inverse.astype(np.float32)
        self._pairs: NDArray[Any] | None = None

    def _means(self, centre: Floats) -> Iterator[tuple[slice, Floats]]:
        """The z (m, p) of all items, some rows at a time, from the shrunk means of what stands beside an item (m, s)."""
        a = self.columns
        for start in range(0, len(centre), MANY):
            rows = slice(start, min(start + MANY, len(centre)))
            z = (centre[rows, :a, None] * self.features[rows, None, :]).reshape(rows.stop - start, -1)
            yield rows, np.concatenate([z, centre[rows, a:]], axis=1)

    def _standardisation(self) -> Floats:
        """(a, a) the affine map of [1, context] to mean 0 and variance 1, by the moments that the Gram matrix has."""
        b = self.features.shape[1]
        second = self.gram.sum(axis=0)[: self.products : b, : self.products : b]
        count = max(second[0, 0], 1.0)
        mean = second[0, 1:] / count
        variance = np.diag(second)[1:] / count - mean**2
        scale = 1 / np.sqrt(np.where(variance > 1e-12, variance, 1))
        standard = np.zeros_like(second)
        standard[0, 0] = 1
        standard[1:, 0] = -mean * scale
        standard[1:, 1:] = np.diag(scale)
        return np.asarray(standard)

    # ---- scores of every item

    def mean(self, shopper: Shopper, weights: Floats) -> NDArray[np.float32]:
        """(n, m) the weighted expected outcomes of every item at the first rank, or (n, C) of the candidates."""
        theta = (self._theta @ weights).astype(np.float32)
        shared = theta[: self.products].reshape(self.columns, -1)
        query = shopper.context @ (self._standard.T @ shared)
        if shopper.candidates is None:
            score = query @ self.features.T
            score += (self._intercept @ weights).astype(np.float32)
        else:
            score = np.vecdot(self.features[shopper.candidates], query[:, None, :])
            score += (self._intercept[shopper.candidates] @ weights).astype(np.float32)
        if shopper.pressures is not None:
            score += theta[-1] * shopper.pressures
        return score

    def width(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m) sqrt(x~' A^-1 x~) of every item: the standard error at a noise of 1; or (n, C) of the candidates."""
        if shopper.candidates is not None:
            roots = self._away(shopper) @ self._inverse_root.T
            return np.asarray(np.sqrt(np.vecdot(roots, roots) + 1 / self._item_precision[shopper.candidates]))
        context = shopper.context @ self._standard.T
        left, right = np.triu_indices(self.columns)
        variance = (context[:, left] * context[:, right]) @ self._pair_matrix()
        if shopper.pressures is not None:
            a = self.columns
            cross = self._inverse[-1, :-1].reshape(a, -1) @ self.features.T
            pressure = shopper.pressures - self._centre[:, a]
            variance += pressure * (
                2 * (context @ cross - (self._centre[:, :a] * cross.T).sum(axis=1)) + self._inverse[-1, -1] * pressure
            )
        width: NDArray[np.float32] = np.sqrt(np.maximum(variance, 0, out=variance), out=variance)
        return width

    def noise(self, shopper: Shopper, random: np.random.Generator) -> NDArray[np.float32]:
        """(n, m) draws of N(0, A^-1) times x~, of every item; one draw of all coefficients for each shopper.

        Of the candidates it is (n, C).
        """
        n, m = len(shopper.context), len(self.features)
        drawn = normals(random, (n, len(self._inverse))) @ self._inverse_root
        if shopper.candidates is not None:
            noise = normals(random, shopper.candidates.shape)
            noise /= np.sqrt(self._item_precision[shopper.candidates])
            noise += np.vecdot(self._away(shopper), drawn[:, None, :])
            return noise
        context = shopper.context @ self._standard.T
        shared = drawn[:, : self.products].reshape(n, self.columns, -1)
        noise = normals(random, (n, m))
        noise /= np.sqrt(self._item_precision)
        noise += (context[:, None, :] @ shared)[:, 0, :] @ self.features.T
        noise -= drawn @ self._all_means().T
        if shopper.pressures is not None:
            noise += drawn[:, -1:] * shopper.pressures
        return noise

    def _all_means(self) -> NDArray[np.float32]:
        """(m, p) z; made once for each solution."""
        if self._z is None:
            self._z = np.concatenate([z for _, z in self._means(self._shrunk)]).astype(np.float32)
        return self._z

    def _away(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, C, p) x - z of the candidates."""
        assert shopper.candidates is not None
        centre, a = self._centre[shopper.candidates], self.columns
        away = np.empty((*shopper.candidates.shape, self.products + self.pressure), np.float32)
        context = (shopper.context @ self._standard.T)[:, None, :] - centre[:, :, :a]
        product = away[:, :, : self.products].reshape(*shopper.candidates.shape, a, -1)
        np.multiply(context[:, :, :, None], self.features[shopper.candidates][:, :, None, :], out=product)
        if shopper.pressures is not None:
            away[:, :, -1] = shopper.pressures - centre[:, :, a]
        return away

    def _pair_matrix(self) -> NDArray[Any]:
        """(a (a + 1) / 2, m) the variance of each item as a quadratic form in [1, context]; made once for each solution."""
        if self._pairs is None:
            a, b = self.columns, self.features.shape[1]
            inverse = self._inverse[: a * b, : a * b].reshape(a, b, a, b).transpose(0, 2, 1, 3).reshape(a * a, b * b)
            outer = (self.features[:, :, None] * self.features[:, None, :]).reshape(-1, b * b)
            form = (outer @ inverse.T).reshape(-1, a, a)
            # The form is in context - centre; as the context begins with a one, the centre goes into the first row and column.
            centre = self._centre[:, :a]
            pulled = (form @ centre[:, :, None])[:, :, 0]
            form[:, 0, :] -= pulled
            form[:, :, 0] -= pulled
            form[:, 0, 0] += (pulled * centre).sum(axis=1) + 1 / self._item_precision
            left, right = np.triu_indices(a)
            self._pairs = (form[:, left, right] * np.where(left == right, 1, 2).astype(np.float32)).T.copy()
        return self._pairs
