"""The input of the linear models, and the sums over impressions that the hybrid model is solved from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from slategym.agents.choosing.noise import BLOCK
from slategym.agents.common.memory import Sums
from slategym.agents.common.pooling import is_pooled
from slategym.sim.slate import check_items
from slategym.utils.arrays import check_array
from slategym.utils.short_repr import Brief

Floats = NDArray[np.floating]
Items = NDArray[np.int64]
ROWS = 4096  # number of impressions of a rank that are summed in float32 at a time
FEW = 1024  # number of items up to which shards first sum the contexts of each item


@dataclass(frozen=True, repr=False)
class Shopper(Brief):
    """The input of the linear model for n shoppers.

    Attributes:
        context: (n, a) float32; the first column is ones.
        pressure: (n, g) float32, a number for each shopper and kind of item; None if the model has no pressure.
        kind: (m,) int64, the kind of each item; if None, each item is its own kind.
        candidates: (n, C) int64, the items to score; None: all.
    """

    context: NDArray[np.float32]
    pressure: NDArray[np.float32] | None
    kind: Items | None = None
    candidates: Items | None = None

    def take(self, rows: slice) -> Shopper:
        """The shoppers of some rows."""
        pressure = None if self.pressure is None else self.pressure[rows]
        return Shopper(self.context[rows], pressure, self.kind, None if self.candidates is None else self.candidates[rows])

    def pressure_of(self, items: Items) -> NDArray[np.float32]:
        """(n, c) float32, the pressure of items (n, c).

        Raises:
            ValueError: a number is not an item.
        """
        assert self.pressure is not None
        kinds = self.pressure.shape[1] if self.kind is None else len(self.kind)
        items = check_items(items, kinds, "items", (len(self.pressure), None))
        return np.take_along_axis(self.pressure, items if self.kind is None else self.kind[items], axis=1)

    @cached_property
    def pressures(self) -> NDArray[np.float32] | None:
        """(n, m) the pressure of every item, or (n, C) for candidates."""
        if self.pressure is None:
            return None
        if self.candidates is not None:
            return self.pressure_of(self.candidates)
        return self.pressure if self.kind is None else self.pressure.take(self.kind, axis=1)


def pair_products(values: Floats) -> Floats:
    """(c (c + 1) / 2, n) the products of all pairs of columns of values (n, c), in the order of `pair_numbers`."""
    from slategym.agents.linear.kernel import pairs  # compiled, so not on import

    n, c = values.shape
    out = np.empty((c * (c + 1) // 2, n), values.dtype)
    pairs(np.ascontiguousarray(values.T), out)
    return out


@cache
def pair_columns(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Two arrays (c (c + 1) / 2,) int64, the two columns of each row of `pair_products`; do not change them."""
    return np.triu_indices(count)


@cache
def pair_numbers(count: int) -> NDArray[np.int64]:
    """(c, c) int64, the row of `pair_products` with the product of each pair of columns; do not change it."""
    numbers = np.zeros((count, count), np.int64)
    left, right = pair_columns(count)
    numbers[left, right] = numbers[right, left] = np.arange(len(left))
    return numbers


class LinearSums(Sums):
    """Sums over impressions, separate for each rank and unweighted, in float64.

    An impression's x is the Kronecker product of context (a,) and item features (b,), followed by the pressure u if there is
    one. So x x' consists of products of two context columns times products of two features. Its sum is computed as a matrix
    product of both kinds of pairs, with a quarter of the arithmetic of x x' itself.

    Args:
        features: (m, b) float32; the first column is ones.
        slate_size: k, the number of ranks.
        columns: a, the number of context columns with the column of ones.
        pressure: whether there is one.
        objectives: M, the number of objectives.
        click: the index of the objective whose sum is kept for each rank.

    Attributes:
        gram: (k, a (a + 1) / 2, b (b + 1) / 2), the sum of x x', without the pressure.
        pressed: (k, a b + 1), the sum of u times x, and in the last column the sum of u u.
        item_sum: (k, m, a + 1), the sum of context and pressure of each item; (k, m, a) without pressure.
        moments: (p, M), the sum of x times outcome.
        item_outcomes: (m, M), the sum of outcomes of each item.
        squares: (M,), the sum of squared outcomes.
        clicks: (k,), the sum of outcomes of the objective `click` at each rank.
    """

    summed = ("gram", "pressed", "item_sum", "moments", "item_outcomes", "squares", "clicks")

    def __init__(
        self, features: NDArray[np.float32], slate_size: int, columns: int, pressure: bool, objectives: int, click: int
    ) -> None:
        m, b = features.shape
        self.features = features
        self.columns = columns
        self.products = columns * b
        self.pressure = int(pressure)
        self.click = click
        self.gram = np.zeros((slate_size, columns * (columns + 1) // 2, b * (b + 1) // 2))
        self.pressed = np.zeros((slate_size, self.products + 1))
        self.item_sum = np.zeros((slate_size, m, columns + self.pressure))
        self.moments = np.zeros((self.products + self.pressure, objectives))
        self.item_outcomes = np.zeros((m, objectives))
        self.squares = np.zeros(objectives)
        self.clicks = np.zeros(slate_size)

    def grow(self, features: NDArray[np.float32]) -> None:
        """Append items that have not been shown yet.

        Args:
            features: (m, b) float32, features of all items, known items first.
        """
        further = len(features) - len(self.features)
        self.features = features
        self.item_sum = np.pad(self.item_sum, ((0, 0), (0, further), (0, 0)))
        self.item_outcomes = np.pad(self.item_outcomes, ((0, further), (0, 0)))
        self.__dict__.pop("_pairs_of_items", None)

    def add(self, shopper: Shopper, slate: Items, outcomes: NDArray[np.float32]) -> None:
        """Add impressions.

        Args:
            shopper: the n shoppers.
            slate: (n, k) int64 items.
            outcomes: (n, k, M), the outcome of each item for each objective.

        Raises:
            ValueError: the shapes do not match, or a number is not an item. Nothing is added in this case.
        """
        slate = self.checked(shopper, slate, outcomes)
        # With shards, float32 sums are over blocks, which are the same for any number of shards; with few items, float64 is used.
        together = BLOCK if is_pooled() and len(self.features) > FEW else ROWS
        for start in range(0, len(slate), together):
            rows = slice(start, min(start + together, len(slate)))
            context = np.ascontiguousarray(shopper.context[rows])
            items = np.ascontiguousarray(slate[rows].T)
            pressure = np.zeros((len(items), 0), np.float32)
            if self.pressure:
                pressure = np.ascontiguousarray(shopper.take(rows).pressure_of(slate[rows]).T)
            self._count(context, pressure, items)
        self._add_outcomes(shopper, slate, outcomes)
        self.clicks += outcomes[:, :, self.click].sum(axis=0)

    def _count(self, context: NDArray[np.float32], pressure: NDArray[np.float32], items: Items) -> None:
        """Add contexts (n, a), pressures (k, n) or (k, 0), and items (k, n); n is at most `ROWS`."""
        from slategym.agents.linear.kernel import add_impressions, add_rows, pairs_of_rows  # compiled, so not on import

        add_impressions(context, pressure, items, self.item_sum)
        m, (left, right) = len(self.features), pair_columns(self.columns)
        exact = np.float64 if is_pooled() else np.float32
        several = m <= FEW if is_pooled() else m < len(context)  # several impressions per item: first sum their contexts
        if several:
            of_context = np.empty((len(context), len(left)), np.float32)
            pairs_of_rows(context, left, right, of_context)
        else:
            of_context = pair_products(context)
        for rank, shown in enumerate(items):
            if several:
                squares = np.zeros((m, len(left)), exact)
                add_rows(of_context, shown, squares)
                self.gram[rank] += squares.T @ self._pairs_of_items.T
            else:
                self.gram[rank] += of_context @ pair_products(self.features[shown]).T
            if self.pressure:
                u = pressure[rank].astype(exact)
                self.pressed[rank, :-1] += ((u[:, None] * context).T @ self.features[shown]).ravel()
                self.pressed[rank, -1] += u @ u

    @cached_property
    def _pairs_of_items(self) -> Floats:
        """(b (b + 1) / 2, m) the products of all pairs of features."""
        return pair_products(self.features)

    def carry(self, into: NDArray[np.float64]) -> None:
        """Transform the sums as if `into` (a, a) times each context had been added instead of the context."""
        a, (left, right) = self.columns, pair_columns(self.columns)
        full = self.gram[:, pair_numbers(a)]  # (k, a, a, pairs of features)
        self.gram = np.einsum("xi,yj,kijf->kxyf", into, into, full, optimize=True)[:, left, right]
        self.item_sum[:, :, :a] = self.item_sum[:, :, :a] @ into.T
        for sums in (self.pressed[:, : self.products].T, self.moments[: self.products]):
            sums[:] = np.einsum("xi,ibm->xbm", into, sums.reshape(a, -1, sums.shape[1])).reshape(sums.shape)

    def add_delayed(self, shopper: Shopper, items: Items, outcomes: NDArray[np.float32]) -> None:
        """Add delayed outcomes of impressions that were added before.

        Args:
            shopper: the l shoppers of the impressions.
            items: (l,) int64.
            outcomes: (l, M), the outcomes for each objective.

        Raises:
            ValueError: as for `add`.
        """
        items = check_items(items, len(self.features), "items", (len(shopper.context),))
        self._check(shopper, outcomes, (len(items), self.moments.shape[1]))
        self._add_outcomes(shopper, items[:, None], outcomes[:, None])

    def checked(self, shopper: Shopper, slate: Items, outcomes: NDArray[np.float32]) -> Items:
        """Check impressions, and return the slates as int64.

        Args:
            shopper: the n shoppers.
            slate: (n, k) items.
            outcomes: (n, k, M).

        Raises:
            ValueError: the shapes do not match, or a number is not an item.
        """
        n, ranks = len(shopper.context), len(self.clicks)
        slate = check_items(slate, len(self.features), "slate", (n, ranks))
        self._check(shopper, outcomes, (n, ranks, self.moments.shape[1]))
        return slate

    def _check(self, shopper: Shopper, outcomes: NDArray[np.float32], shape: tuple[int, ...]) -> None:
        """Check the shapes of shoppers and outcomes."""
        n = len(shopper.context)
        check_array(shopper.context, (n, self.columns), "shopper.context", "f", "numbers")
        check_array(outcomes, shape, "outcomes", "fiub", "numbers")
        if self.pressure and (shopper.pressure is None or len(shopper.pressure) != n):
            raise ValueError(f"shopper.pressure is {shopper.pressure!r}: expected an array of {n} rows")

    def _add_outcomes(self, shopper: Shopper, slate: Items, outcomes: NDArray[np.float32]) -> None:
        """Add the outcomes (n, k, M) of slates (n, k); impressions without outcomes, which are most, are skipped."""
        from slategym.agents.linear.kernel import write_products  # compiled, so not on import

        row, rank = np.nonzero(outcomes.any(axis=2))
        exact = np.float64 if is_pooled() else np.float32  # in float64, sums do not depend on the number of shards
        for start in range(0, len(row), ROWS):
            some = slice(start, start + ROWS)
            who, items, moments = row[some], slate[row[some], rank[some]], outcomes[row[some], rank[some]]
            x = np.empty((len(who), self.products + self.pressure), exact)
            write_products(shopper.context, who, self.features, items, x)
            if shopper.pressure is not None:
                x[:, -1] = shopper.pressure[who, items if shopper.kind is None else shopper.kind[items]]
            self.moments += x.T @ moments
            np.add.at(self.item_outcomes, items, moments)
            self.squares += np.square(moments, dtype=np.float64).sum(axis=0)
