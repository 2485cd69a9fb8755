"""Compiled loops over the impressions of the linear models."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def pairs(values: Any, out: Any) -> None:
    """Write the products of all pairs of rows of values (c, n), ordered as `numpy.triu_indices`, into out (c (c + 1) / 2, n)."""
    pair = 0
    for left in range(values.shape[0]):
        for right in range(left, values.shape[0]):
            one, other, product = values[left], values[right], out[pair]
            for column in range(len(product)):
                product[column] = one[column] * other[column]
            pair += 1


@nb.njit(cache=True, nogil=True)
def pairs_of_rows(values: Any, left: Any, right: Any, out: Any) -> None:
    """Write the products of the columns `left` (p,) and `right` (p,) of values (n, c) into out (n, p)."""
    for row in range(values.shape[0]):
        own, line = values[row], out[row]
        for pair in range(len(line)):
            line[pair] = own[np.uint64(left[pair])] * own[np.uint64(right[pair])]


@nb.njit(cache=True, nogil=True)
def add_rows(rows: Any, items: Any, sums: Any) -> None:
    """Add rows (n, p) to the sums (m, p) of the items (n,) shown."""
    for row in range(rows.shape[0]):
        own, total = rows[row], sums[items[row]]
        for column in range(len(own)):
            total[column] += own[column]


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


@nb.njit(cache=True, nogil=True)
def write_products(context: Any, row: Any, features: Any, items: Any, out: Any) -> None:
    """Write the products of context (n, a) and features (m, b), for rows (i,) and items (i,), into out (i, >= a b)."""
    a, b = context.shape[1], features.shape[1]
    for i in range(len(row)):
        one, other, line = context[row[i]], features[items[i]], out[i]
        for left in range(a):
            for right in range(b):
                line[np.uint64(left * b + right)] = one[left] * other[right]


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def contract(context: Any, drawn: Any, out: Any) -> None:
    """Write context (n, a) times the matrix (a, b) at the start of each row of `drawn` (n, >= a b) into out (n, b)."""
    a, b = context.shape[1], out.shape[1]
    for row in range(context.shape[0]):
        out[row, :] = np.float32(0)
        for left in range(a):
            factor = context[row, left]
            for right in range(b):
                out[row, right] += factor * drawn[row, left * b + right]


@nb.njit(cache=True, nogil=True)
def add_weighted_pairs(x: Any, items: Any, weight: Any, sums: Any) -> None:
    """Add weight (k,) times the products of all pairs of columns of x (n, k, c) to the sums (m, pairs) of items (n, k)."""
    for row in range(items.shape[0]):
        for rank in range(items.shape[1]):
            own, total, pair = x[row, rank], sums[items[row, rank]], 0
            for left in range(len(own)):
                factor = weight[rank] * own[left]
                for right in range(left, len(own)):
                    total[pair] += factor * own[right]
                    pair += 1
