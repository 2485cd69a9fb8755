"""The hybrid linear model of clicks and conversions, with its uncertainty, for all items at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import strmm

from slategym.agents.choosing.explanation import Columns, products
from slategym.agents.choosing.noise import normals
from slategym.agents.common.roots import inverse_root
from slategym.agents.linear.model import LinearModel, standardisation
from slategym.agents.linear.statistics import LinearSums, Shopper, pair_numbers, pair_products
from slategym.sim.slate import check_items

Floats = NDArray[np.floating]
Items = NDArray[np.int64]
MANY, BLOCK = 50_000, 4_096  # items in a block of pairs, and in a block of coefficients
LINE = 16  # float32 numbers in a line of the processor's cache


class HybridModel(LinearModel):
    """The hybrid linear model (Li, Chu, Langford, Schapire, WWW 2010), under the position-based model of examination.

    The expected outcome of item j at rank r is examination[r] * (theta . x + intercept[j]), where x is the Kronecker product of
    [1, context] and [1, item features], followed by the pressure if there is one. An outcome's variance grows with its mean, so
    rows are weighted by 1 / examination: the precision A is the sum of examination * x x', and the right-hand side the sum of
    x y. All objectives share the precision; each has its own right-hand side.

    With the intercepts, A is an arrowhead matrix: a shared block of size p = a * b (+ 1) and a diagonal entry per item. All
    results are matrix products with the inverse of the Schur complement S of the shared block: with z_j the mean x of item j,
    shrunk towards 0 by the ridge, x~' A^-1 x~ = 1 / D_j + (x - z_j)' S^-1 (x - z_j). Since x and z_j are both Kronecker products
    with the item's features, this is a product of the pairs of context columns with a matrix that is computed once per solution.

    Sums are kept for each rank and unweighted, in float64, so that better estimates of the examination and of the context's mean
    and standard deviation also apply to past impressions. Item features are standardised over the catalogue, the context over
    the impressions.

    See `LinearModel` for the arguments.
    """

    def _no_sums(self) -> LinearSums:
        pressure, objectives = self.pressure > 0, self.objectives
        return LinearSums(self.features, self.slate_size, self.columns, pressure, objectives, self.click)

    # ---- the solution

    def solve(self) -> None:
        """Estimate the coefficients and their uncertainty from the sums, then the examination of ranks from the coefficients."""
        sums, a, b, u = self.memory.total(), self.columns, self.features.shape[1], self.pressure
        standard = standardisation(sums.gram[:, :, 0].sum(axis=0)[pair_numbers(a)])
        weight = self.position_bias.relative

        own = np.tensordot(weight, sums.item_sum, 1)
        own[:, :a] = own[:, :a] @ standard.T
        self.square = (sums.squares + 1) / (own[:, 0].sum() + 100)  # the mean square of an outcome; for clicks, their rate
        impressions = 1 / self.square[self.click]  # impressions per click
        item_precision = self._own_precision(own[:, 0], impressions)
        centre = own / item_precision[:, None]

        # Products of two context columns times products of two features, minus the part of each item's mean.
        square = np.tensordot(weight, sums.gram, 1)[pair_numbers(a)]
        square = standard @ np.tensordot(standard, square, 1)
        square -= self._squares_of_means(own, item_precision)[pair_numbers(a)]
        schur = np.empty((a * b + u, a * b + u))
        schur[: a * b, : a * b] = square[:, :, pair_numbers(b)].transpose(0, 2, 1, 3).reshape(a * b, a * b)
        if u:
            pressed = weight @ sums.pressed
            mean = own[:, a, None] * centre
            schur[-1, :-1] = (standard @ pressed[:-1].reshape(a, b) - mean[:, :a].T @ self.features).ravel()
            schur[:-1, -1] = schur[-1, :-1]
            schur[-1, -1] = pressed[-1] - mean[:, a].sum()
        # The mean squared length of a standardised x is a * b: the ridge times a * b gives every score the same prior.
        schur[np.diag_indices_from(schur)] += self.ridge * impressions * self.products
        root = inverse_root(schur)

        right = sums.moments.copy()
        for objective, moments in enumerate(sums.item_outcomes.T):
            shared = standard @ right[: a * b, objective].reshape(a, b)
            right[: a * b, objective] = (shared - (centre[:, :a] * moments[:, None]).T @ self.features).ravel()
            right[a * b :, objective] -= centre[:, a:].T @ moments
        theta = root.T @ (root @ right)

        intercept = sums.item_outcomes / item_precision[:, None]
        raw = theta.copy()  # the coefficients of a context that is not standardised
        for objective in range(intercept.shape[1]):
            shared = theta[: a * b, objective].reshape(a, b)
            intercept[:, objective] -= ((centre[:, :a] @ shared) * self.features).sum(axis=1)
            intercept[:, objective] -= centre[:, a:] @ theta[a * b :, objective]
            raw[: a * b, objective] = (standard.T @ shared).ravel()
        shown = sums.gram[:, pair_numbers(a)[0]][:, :, pair_numbers(b)[0]].reshape(len(weight), -1)  # the sum of x, at each rank
        predicted = shown @ raw[: a * b, self.click] + sums.item_sum[:, :, 0] @ intercept[:, self.click]
        if u:
            predicted += sums.pressed[:, 0] * raw[-1, self.click]  # column 0 is the sum of the pressure times one
        self._learn_examination(sums.clicks, predicted)

        self._standard = standard.astype(np.float32)
        self._theta = theta
        self._intercept = intercept
        self._item_precision = item_precision.astype(np.float32)
        self._item_spread = (1 / np.sqrt(item_precision)).astype(np.float32)
        self._centre = centre.astype(np.float32)
        self._inverse_root = np.asfortranarray(root, np.float32)
        # Computed on first use.
        self._pairs: NDArray[Any] | None = None
        self._rest: NDArray[np.float32] | None = None
        self._pairs_of_features: NDArray[np.float32] | None = None
        self._table: NDArray[np.float32] | None = None

    def _own_precision(self, seen: Floats, impressions: float) -> Floats:
        """(m,) the precision of each item's intercept, from its examined impressions (m,) and the impressions per click."""
        return self.item_ridge * impressions + seen

    def _squares_of_means(self, own: Floats, item_precision: Floats) -> Floats:
        """The sum of precision times z z' over all items, for z without the pressure, as context pairs by feature pairs."""
        total = np.zeros(self.memory.latest.gram.shape[1:])
        shown = np.flatnonzero(own[:, 0])  # for other items, z is 0
        for start in range(0, len(shown), MANY):
            items = shown[start : start + MANY]
            of_context = pair_products(own[items, : self.columns]) / item_precision[items]
            total += of_context @ pair_products(self.features[items].astype(np.float64)).T
        return total

    # ---- scores of every item

    def mean(self, shopper: Shopper, weights: Floats) -> NDArray[np.float32]:
        """(n, m) the weighted expected outcomes of every item at the first rank, or (n, C) for candidates."""
        self.check_candidates(shopper)
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
        return np.asarray(score, np.float32)

    def contributions(self, shopper: Shopper, weights: Floats, items: Items, fields: Columns) -> dict[str, Floats]:
        """The summands of the means of items, by name; each is (n, k)."""
        items = check_items(items, len(self.features), "items", (len(shopper.context), None))
        theta = self._theta @ weights
        shared, context = theta[: self.products].reshape(self.columns, -1), shopper.context @ self._standard.T.astype(np.float64)
        parts = products(context, shared, self.features[items].astype(np.float64), fields)
        parts["item"] = self._intercept[items] @ weights
        if shopper.pressure is not None:
            parts["exposure"] = theta[-1] * shopper.pressure_of(items).astype(np.float64)
        return parts

    def width(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m) sqrt(x~' A^-1 x~) of every item, the standard error for noise of variance 1; or (n, C) for candidates."""
        self.check_candidates(shopper)
        if shopper.candidates is not None:
            roots = self._away(shopper) @ self._inverse_root.T
            return np.asarray(np.sqrt(np.vecdot(roots, roots) + 1 / self._item_precision[shopper.candidates]))
        context = shopper.context @ self._standard.T
        left, right = np.triu_indices(self.columns)
        variance = (context[:, left] * context[:, right]) @ self._pair_matrix()
        if shopper.pressures is not None:
            a = self.columns
            last = self._inverse_root.T @ self._inverse_root[:, -1]  # last column of the inverse
            cross = last[:-1].reshape(a, -1) @ self.features.T
            pressure = shopper.pressures - self._centre[:, a]
            variance += pressure * (2 * (context @ cross - (self._centre[:, :a] * cross.T).sum(axis=1)) + last[-1] * pressure)
        width: NDArray[np.float32] = np.sqrt(np.maximum(variance, 0, out=variance), out=variance)
        return width

    def noise(self, shopper: Shopper, random: np.random.Generator) -> NDArray[np.float32]:
        """(n, m) draws from N(0, A^-1) times x~ for every item, or (n, C) for candidates; one draw per shopper.

        Args:
            shopper: the n shoppers.
            random: the generator.
        """
        self.check_candidates(shopper)
        m, a, b = len(self.features), self.columns, self.features.shape[1]
        drawn, own = self._draw(shopper, random)
        if shopper.candidates is not None:
            own *= self._item_spread[shopper.candidates]
            own += np.vecdot(self._away(shopper), drawn[:, None, :])
            return own
        own *= self._item_spread
        own += self._contracted(shopper, drawn) @ self.features.T
        for start in range(0, m, MANY):
            items = slice(start, start + MANY)
            z = (self._centre[items, :a, None] * self.features[items, None, :]).reshape(-1, a * b)
            own[:, items] -= drawn[:, : a * b] @ z.T
        if shopper.pressures is not None:
            own += drawn[:, -1:] * (shopper.pressures - self._centre[:, a])
        return own

    def drawn_slates(
        self, shopper: Shopper, weights: Floats, scale: float, slate_size: int, random: np.random.Generator
    ) -> Items:
        """(n, k) the items with the highest mean + scale * noise, or positions among the candidates, best first.

        An item's noise is x' D f + spread e - z' d. Its last part, z' d, takes as much arithmetic as everything else together,
        and is split in two. The part of the column of ones is as cheap as the mean. The standard deviation of the other part, the
        rest, does not depend on the shopper and is computed once per solution. Items that cannot reach the slate if no rest
        exceeds `CERTAIN` standard deviations are dropped, and the rest is computed only for the other items. The slates equal
        those of the full noise, except with a probability below 2e-9 per item and decision. The random numbers are those of
        `noise`.

        Args:
            shopper: the n shoppers.
            weights: (M,) weights of the objectives.
            scale: factor of the noise.
            slate_size: k.
            random: the generator.
        """
        from slategym.agents.linear.pruning import CERTAIN, best_of_all, best_of_candidates  # compiled, so not on import

        self.check_candidates(shopper)
        a, b, factor = self.columns, self.features.shape[1], np.float32(scale)
        drawn, own = self._draw(shopper, random)
        drawn *= factor
        theta = (self._theta @ weights).astype(np.float32)
        # For every item: (query f) - centre[0] * (drawn[:b] f), plus the part of the pressure.
        query = shopper.context @ (self._standard.T @ theta[: self.products].reshape(a, b)) + self._contracted(shopper, drawn)
        slate = np.empty((len(drawn), slate_size), np.int64)
        pressed = theta[-1] + drawn[:, -1] if self.pressure else np.zeros(len(drawn), np.float32)
        shape = (a, b, self.pressure, b + 2 + self.objectives)
        kind, pressure = shopper.kind, shopper.pressure
        if pressure is None:
            pressure, kind = np.zeros((len(drawn), 1), np.float32), np.zeros(len(self.features), np.int64)
        elif kind is None:
            kind = np.arange(len(self.features))
        if shopper.candidates is not None:
            given = (query, drawn, pressed, pressure, kind, shopper.candidates, own)
            best_of_candidates(*given, self._packed(), weights.astype(np.float32), shape, factor, slate)
            return slate
        intercept = (self._intercept @ weights).astype(np.float32)
        parts = [np.concatenate([query, -drawn[:, :b]], axis=1), self._twice()]
        score = parts[0] @ parts[1].T
        last = drawn[:, -1] if self.pressure else np.zeros(len(drawn), np.float32)
        numbers = np.arange(len(self.features))
        reach, centre = CERTAIN * factor * self.rest_deviation(), np.ascontiguousarray(self._centre[:, -1])
        items = (numbers, intercept, factor * self._item_spread, reach, centre)
        best_of_all(score, own, drawn, pressed[:, None] * pressure, kind, last, items, self._packed(), shape, slate)
        return slate

    def _draw(self, shopper: Shopper, random: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Draws (n, p) from N(0, S^-1), with the Schur complement S, and normals (n, m) or (n, C), one per item."""
        n = len(shopper.context)
        normal = normals(random, (n, len(self._theta)))
        # The root is triangular, so this takes half the time of a matrix product.
        drawn = strmm(1.0, self._inverse_root, normal.T, trans_a=1, lower=1, overwrite_b=1).T
        return drawn, normals(random, (n, len(self.features)) if shopper.candidates is None else shopper.candidates.shape)

    def _contracted(self, shopper: Shopper, drawn: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, b) x' D, the context times the draw of the shared coefficients."""
        from slategym.agents.linear.kernel import contract  # compiled, so not on import

        shared = np.empty((len(drawn), self.features.shape[1]), np.float32)
        contract(shopper.context @ self._standard.T, drawn, shared)
        return shared

    def rest_deviation(self) -> NDArray[np.float32]:
        """(m,) the standard deviation of z' d without the column of ones and the pressure; computed once per solution."""
        if self._rest is None:
            a, b = self.columns, self.features.shape[1]
            self._rest = np.zeros(len(self.features), np.float32)
            shown = np.flatnonzero(self._centre[:, 0])
            root = self._inverse_root[:, b : a * b]
            for start in range(0, len(shown), BLOCK):
                items = shown[start : start + BLOCK]
                z = (self._centre[items, 1:a, None] * self.features[items, None, :]).reshape(len(items), -1)
                roots = z @ root.T
                self._rest[items] = np.sqrt(np.vecdot(roots, roots))
        return self._rest

    def _twice(self) -> NDArray[np.float32]:
        """(m, 2 b) the features, and the features times the first column of the centre; computed once per solution."""
        if self._pairs_of_features is None:
            self._pairs_of_features = np.concatenate([self.features, self._centre[:, :1] * self.features], axis=1)
        return self._pairs_of_features

    def _packed(self) -> NDArray[np.float32]:
        """(m, ...) the numbers of an item for decisions among candidates, adjacent in memory; computed once per solution."""
        if self._table is None:
            numbers = (self.features, self._item_spread[:, None], self.rest_deviation()[:, None], self._intercept, self._centre)
            width = sum(each.shape[1] for each in numbers)
            self._table = _whole_lines(len(self.features), -(-width // LINE) * LINE)
            np.concatenate(numbers, axis=1, out=self._table[:, :width], casting="same_kind")
        return self._table

    @property
    def _inverse(self) -> NDArray[np.float32]:
        """(p, p) the inverse of the Schur complement."""
        return np.asarray(self._inverse_root.T @ self._inverse_root)

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
        """(a (a + 1) / 2, m) the variance of each item as a quadratic form in [1, context]; computed once per solution."""
        if self._pairs is None:
            a, b = self.columns, self.features.shape[1]
            inverse = self._inverse[: a * b, : a * b].reshape(a, b, a, b).transpose(0, 2, 1, 3).reshape(a * a, b * b)
            outer = (self.features[:, :, None] * self.features[:, None, :]).reshape(-1, b * b)
            form = (outer @ inverse.T).reshape(-1, a, a)
            # The form is in context - centre. As the context begins with a 1, the centre moves into the first row and column.
            centre = self._centre[:, :a]
            pulled = (form @ centre[:, :, None])[:, :, 0]
            form[:, 0, :] -= pulled
            form[:, :, 0] -= pulled
            form[:, 0, 0] += (pulled * centre).sum(axis=1) + 1 / self._item_precision
            left, right = np.triu_indices(a)
            self._pairs = (form[:, left, right] * np.where(left == right, 1, 2).astype(np.float32)).T.copy()
        return self._pairs


def _whole_lines(rows: int, columns: int) -> NDArray[np.float32]:
    """(rows, columns) zeros, aligned to the lines of the processor's cache."""
    room = np.zeros(rows * columns + LINE, np.float32)
    start = -room.ctypes.data % (LINE * room.itemsize) // room.itemsize
    return room[start : start + rows * columns].reshape(rows, columns)
