"""Checks of slates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.utils.arrays import check_numbers

Items = NDArray[np.int64]


def first_shown(slate: Items) -> NDArray[np.bool_]:
    """(n, k) False where the item stands at a better rank of the same slate already: a repeated item earns once."""
    same = slate[:, :, None] == slate[:, None, :]
    first: NDArray[np.bool_] = ~np.tril(same, -1).any(axis=2)
    return first


def leave_out(slate: Items, losing: NDArray[np.bool_]) -> Items:
    """(n, k) slates that show fewer items: ranks where `losing` (n, k) repeat the first item, which earns nothing there.

    The first rank always shows its item: a slate cannot be empty.
    """
    return np.where(losing, slate[:, :1], slate) if losing.any() else slate


def check_items(items: ArrayLike, size: int, name: str = "slate", shape: tuple[int | None, ...] = (None, None)) -> Items:
    """Item ids of a catalogue of `size` items as int64, (n, k) or of another shape; see `check_numbers`."""
    return check_numbers(items, size, name, "an item", shape)


def check_slate(
    slate: ArrayLike, shoppers: int, slate_size: int, items: int, what: str = "an item", name: str = "slate"
) -> Items:
    """The slate as (n, k) int64.

    Args:
        slate: (n, k) whole numbers 0..items - 1.
        shoppers: n.
        slate_size: k.
        items: how many there are to choose from.
        what: a slate's numbers stand for.
        name: of the argument, for the message.

    Raises:
        ValueError: wrong shape, not whole numbers, or an item that the catalogue does not have.
    """
    whole = check_numbers(slate, items, name, what, (shoppers, slate_size), f"{shoppers} shoppers by {slate_size} ranks")
    # One kind of array, so that kernels are compiled once.
    slates = np.ascontiguousarray(whole)
    return slates if slates.flags.writeable else slates.copy()
