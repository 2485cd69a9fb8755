"""Explains why the oracle does not show an item: compares the best slate with the best slate that contains the item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import check_items
from slategym.sim.world import World
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class WhyNot(Brief):
    """The best slate of a visit, and the best slate that contains a given item. `print` shows both as a table.

    Attributes:
        item: the item.
        best: (k,) int64, the items of the best slate.
        best_with: (k,) int64, the items of the best slate that contains the item; equal to `best` if that contains it.
        names: (M,) names of the objectives.
        weights: (M,) weights of the objectives.
        expected: (M,) expected objectives of the best slate.
        expected_with: (M,) expected objectives of the best slate that contains the item.
    """

    item: int
    best: NDArray[np.int64]
    best_with: NDArray[np.int64]
    names: tuple[str, ...]
    weights: NDArray[np.float64]
    expected: NDArray[np.float64]
    expected_with: NDArray[np.float64]

    @property
    def difference(self) -> NDArray[np.float64]:
        """(M,) the change of each expected objective if the item is shown."""
        return self.expected_with - self.expected

    @property
    def cost(self) -> float:
        """The cost of showing the item, in units of the weighted sum; 0 if the best slate contains the item."""
        return float(-(self.difference @ self.weights))

    def _told(self) -> Iterable[str]:
        yield f"item {self.item} costs {self.cost:g}"

    def __str__(self) -> str:
        width = max(len(name) for name in (*self.names, "weighted sum"))
        lines = [
            f"best slate            {self.best.tolist()}",
            f"best slate with {self.item:<5} {self.best_with.tolist()}",
            f"{'':<{width}}       best       with difference",
        ]
        sums = self.expected @ self.weights, self.expected_with @ self.weights, -self.cost
        rows = [*zip(self.names, self.expected, self.expected_with, self.difference, strict=True), ("weighted sum", *sums)]
        lines += [f"{name:<{width}} {best:>10.5f} {of_item:>10.5f} {more:>+10.5f}" for name, best, of_item, more in rows]
        return "\n".join(lines)


def why_not(world: World, shoppers: Shoppers, weights: NDArray[np.float64], item: int) -> WhyNot:
    """Compare the best slate of a shopper with the best slate that contains an item, both under the world's rules.

    Args:
        world: the shopper's world.
        shoppers: one shopper.
        weights: (M,) weights of the objectives.
        item: an item.

    Raises:
        ValueError: there is no such item, it is not available, or the rules never show it.
    """
    check_items([[item]], world.launched, "item", (1, 1))
    if item in world.rules.never:
        raise ValueError(f"item {item} is excluded by the rules {world.rules}: expected an item that may be shown")
    if item in world.retired or (world.candidates is not None and item not in world.candidates_of(shoppers)):
        raise ValueError(f"item {item} is not available: it is retired, or not among the candidates of this shopper and visit")
    with_item = replace(world.rules, must=(*world.rules.must, int(item)))
    best, other = world.best_slate(shoppers, weights), world.best_slate(shoppers, weights, rules=with_item)
    earned, earned_with = world.expected(shoppers, best)[0], world.expected(shoppers, other)[0]
    items, items_with = world.items(shoppers, best)[0], world.items(shoppers, other)[0]
    if item in items:
        items_with, earned_with = items, earned
    return WhyNot(int(item), items, items_with, world.objective_names, np.asarray(weights, np.float64), earned, earned_with)
