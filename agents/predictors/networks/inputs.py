"""Inputs of predictors from shoppers and items, as tensors whose shapes broadcast."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from slategym.utils.short_repr import Brief

GROUPS = ("context", "clock", "features", "category", "item", "exposure", "history")  # groups of inputs that can be selected
TOLD = 3  # columns of information about an event


@dataclass(frozen=True)
class Sizes:
    """The sizes of the inputs.

    Attributes:
        context: a, the number of context columns.
        features: b, the number of features of an item.
        categories: g, the number of categories.
        items: m, the number of items.
    """

    context: int
    features: int
    categories: int
    items: int


@dataclass(frozen=True, repr=False)
class Past(Brief):
    """The shoppers' latest clicked items, the most recent last.

    Attributes:
        features: (n, L, b) float32, standardised.
        category: (n, L) int64.
        item: (n, L) int64.
        told: (n, L, 3) float32: 1, or 0 where there is no click; whether it converted; and 1 / (1 + steps since the click).
    """

    features: Tensor
    category: Tensor
    item: Tensor
    told: Tensor


@dataclass(frozen=True, repr=False)
class Inputs(Brief):
    """Shoppers, and the items to predict for: the same items for all shoppers, or c items for each.

    Attributes:
        context: (n, 1, a) float32, standardised.
        clock: (n, 1, 2) float32, sine and cosine.
        features: (1, m, b) or (n, c, b) float32, standardised.
        category: (1, m) or (n, c) int64.
        item: (1, m) or (n, c) int64.
        exposure: (n, m, 1) or (n, c, 1) float32, of the item's category.
        past: the shoppers' latest clicks; None for networks that do not use them.
    """

    context: Tensor
    clock: Tensor
    features: Tensor
    category: Tensor
    item: Tensor
    exposure: Tensor
    past: Past | None = None
