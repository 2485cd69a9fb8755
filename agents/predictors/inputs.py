"""What predictors see of shoppers and items, as tensors whose shapes broadcast."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from slategym.utils.short_repr import Brief

GROUPS = ("context", "clock", "features", "category", "item", "exposure")  # of inputs, by which they can be selected


@dataclass(frozen=True)
class Sizes:
    """How many columns and rows there are.

    Attributes:
        context: a, the columns of the context.
        features: b, the features of an item.
        categories: g.
        items: m.
    """

    context: int
    features: int
    categories: int
    items: int


@dataclass(frozen=True, repr=False)
class Inputs(Brief):
    """Shoppers, and the items to predict for: the same items for all of them, or c items for each.

    Attributes:
        context: (n, 1, a) float32, standardised.
        clock: (n, 1, 2) float32, sine and cosine.
        features: (1, m, b) or (n, c, b) float32, standardised.
        category: (1, m) or (n, c) int64.
        item: (1, m) or (n, c) int64.
        exposure: (n, m, 1) or (n, c, 1) float32, of the item's category.
    """

    context: Tensor
    clock: Tensor
    features: Tensor
    category: Tensor
    item: Tensor
    exposure: Tensor
