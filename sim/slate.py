"""What is a slate, and what is refused as none."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Items = NDArray[np.int64]
FEW = 32  # numbers, for which Python is faster than NumPy


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


def _within(slates: Items, items: int) -> bool:
    """Whether all numbers are 0..items - 1."""
    if slates.size <= FEW:
        numbers = slates.ravel().tolist()
        return min(numbers) >= 0 and max(numbers) < items
    # A negative number is a huge one without its sign.
    return bool(np.maximum.reduce(slates.view(np.uint64), axis=None) < items)


def check_slate(slate: ArrayLike, shoppers: int, slate_size: int, items: int, what: str = "an item") -> Items:
    """The slate as (n, k) int64.

    Args:
        slate: (n, k) whole numbers 0..items - 1.
        shoppers: n.
        slate_size: k.
        items: how many there are to choose from.
        what: a slate's numbers stand for.

    Raises:
        ValueError: wrong shape, not whole numbers, or an item that the catalogue does not have.
    """
    array = np.asarray(slate)
    expected = (shoppers, slate_size)
    if array.shape != expected:
        raise ValueError(f"slate has shape {array.shape}: expected {expected}, {shoppers} shoppers by {slate_size} ranks")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row, rank = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(f"slate[{row}, {rank}] = {array[row, rank]}: expected {what}, a whole number 0..{items - 1}")
    if array.dtype.kind not in "iu":
        raise ValueError(f"slate has dtype {array.dtype}: expected whole numbers; use slate.astype(np.int64)")
    # One kind of array, so that kernels are compiled once.
    slates = np.ascontiguousarray(array, np.int64)
    if not _within(slates, items):
        row, rank = np.argwhere((array < 0) | (array >= items))[0]
        numbers = "ids" if what == "an item" else "they"
        raise ValueError(f"slate[{row}, {rank}] = {array[row, rank]} is not {what}: {numbers} run 0..{items - 1}")
    return slates if slates.flags.writeable else slates.copy()
