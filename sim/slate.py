"""Checks of slates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.utils.arrays import check_numbers

Items = NDArray[np.int64]


def first_shown(slate: Items) -> NDArray[np.bool_]:
    """(n, k) bool, False if the item is shown at a higher rank of the same slate already: a repeated item counts once."""
    same = slate[:, :, None] == slate[:, None, :]
    first: NDArray[np.bool_] = ~np.tril(same, -1).any(axis=2)
    return first


def leave_out(slate: Items, losing: NDArray[np.bool_]) -> Items:
    """(n, k) slates that show fewer items: ranks in `losing` (n, k) repeat the first item, which earns nothing there.

    The first rank always shows its item: a slate cannot be empty.
    """
    return np.where(losing, slate[:, :1], slate) if losing.any() else slate


def check_items(items: ArrayLike, size: int, name: str = "slate", shape: tuple[int | None, ...] = (None, None)) -> Items:
    """Check item numbers of a catalogue of `size` items; return them as int64, (n, k) or another shape; see `check_numbers`."""
    return check_numbers(items, size, name, "an item", shape)


def check_slate(
    slate: ArrayLike, shoppers: int, slate_size: int, items: int, what: str = "an item", name: str = "slate"
) -> Items:
    """Check a slate and return it as (n, k) int64.

    Args:
        slate: (n, k) whole numbers 0..items - 1.
        shoppers: n.
        slate_size: k.
        items: the number of items to choose from.
        what: what an entry of the slate is.
        name: the name of the argument, for the message.

    Raises:
        ValueError: the shape is wrong, an entry is no whole number, or the catalogue has no such item.
    """
    whole = check_numbers(slate, items, name, what, (shoppers, slate_size), f"{shoppers} shoppers by {slate_size} ranks")
    # The same memory layout always, so that kernels are compiled only once.
    slates = np.ascontiguousarray(whole)
    return slates if slates.flags.writeable else slates.copy()
