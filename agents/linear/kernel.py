"""The loops over impressions of the linear model, compiled."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def pairs(values: Any, out: Any) -> None:
    """Write the products of each two rows of values (c, n), those of `numpy.triu_indices`, into out (c (c + 1) / 2, n)."""
    pair = 0
    for left in range(values.shape[0]):
        for right in range(left, values.shape[0]):
            one, other, product = values[left], values[right], out[pair]
            for column in range(len(product)):
                product[column] = one[column] * other[column]
            pair += 1


@nb.njit(cache=True, nogil=True)
def add_squares(context: Any, items: Any, sums: Any) -> None:
    """Add the outer product of each context (n, a) with itself to the sums (m, a, a) of the item (n,) shown."""
    for row in range(context.shape[0]):
        own, total = context[row], sums[items[row]]
        for left in range(len(own)):
            factor, line = own[left], total[left]
            for right in range(len(own)):
                line[right] += factor * own[right]


@nb.njit(cache=True, nogil=True)
def add_impressions(context: Any, pressure: Any, items: Any, sums: Any) -> None:
    """Add context (n, a) and pressure (k, n), which may be (k, 0), to the sums (k, m, a + u) of the items (k, n) shown."""
    a, pressed = context.shape[1], pressure.shape[1] > 0
    for rank in range(items.shape[0]):
        for row in range(items.shape[1]):
            item = items[rank, row]
            for column in range(a):
                sums[rank, item, column] += context[row, column]
            if pressed:
                sums[rank, item, a] += pressure[rank, row]


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def contract(context: Any, drawn: Any, out: Any) -> None:
    """Write, for each row, context (n, a) times the matrix (a, b) that `drawn` (n, >= a b) begins with, into out (n, b)."""
    a, b = context.shape[1], out.shape[1]
    for row in range(context.shape[0]):
        out[row, :] = np.float32(0)
        for left in range(a):
            factor = context[row, left]
            for right in range(b):
                out[row, right] += factor * drawn[row, left * b + right]


@nb.njit(cache=True, nogil=True)
def add_weighted_pairs(x: Any, items: Any, weight: Any, sums: Any) -> None:
    """Add weight (k,) times the products of each two columns of x (n, k, c) to the sums (m, pairs) of the items (n, k) shown."""
    for row in range(items.shape[0]):
        for rank in range(items.shape[1]):
            own, total, pair = x[row, rank], sums[items[row, rank]], 0
            for left in range(len(own)):
                factor = weight[rank] * own[left]
                for right in range(left, len(own)):
                    total[pair] += factor * own[right]
                    pair += 1
