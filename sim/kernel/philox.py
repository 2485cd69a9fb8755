"""Philox-4x32-10, compiled; the specification is `slategym.sim.draws.philox`."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray

_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


@nb.njit(cache=True, inline="always")
def words(seed: Any, stream_pair: Any, identity: Any, visit: Any, item: Any) -> Any:
    """The four 32-bit words of one block."""
    c0, c1 = np.uint64(item) & _LOW, np.uint64(visit) | (np.uint64(stream_pair) << np.uint64(24))
    c2, c3 = np.uint64(identity) & _LOW, np.uint64(identity) >> _SHIFT
    k0, k1 = np.uint64(seed) & _LOW, np.uint64(seed) >> _SHIFT
    for _ in range(10):
        p0, p1 = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (p1 >> _SHIFT) ^ c1 ^ k0, p1 & _LOW, (p0 >> _SHIFT) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _W0) & _LOW, (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@nb.njit(cache=True, inline="always")
def block(seed: Any, stream_pair: Any, identity: Any, visit: Any, item: Any) -> Any:
    """The two doubles of one block."""
    c0, c1, c2, c3 = words(seed, stream_pair, identity, visit, item)
    first = (np.float64(c0 >> np.uint64(5)) * 67108864.0 + np.float64(c1 >> np.uint64(6))) / 9007199254740992.0
    second = (np.float64(c2 >> np.uint64(5)) * 67108864.0 + np.float64(c3 >> np.uint64(6))) / 9007199254740992.0
    return first, second


@nb.njit(cache=True, nogil=True)
def fill(
    seed: np.uint64,
    stream_pair: int,
    identity: NDArray[np.int64],
    visit: NDArray[np.int64],
    items: NDArray[np.int64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
) -> None:
    """Write the doubles of the blocks of n shoppers and their items (n, c) into two arrays (n, c)."""
    for i in range(items.shape[0]):
        for j in range(items.shape[1]):
            first[i, j], second[i, j] = block(seed, stream_pair, identity[i], visit[i], items[i, j])
