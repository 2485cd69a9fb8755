"""Counter-based random numbers: every draw is a pure function of (seed, stream, shopper, visit, item).

The generator is Philox-4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
The key is the seed. The counter packs item (32 bits), visit (24 bits), stream pair (8 bits) and shopper (64 bits), so no two
draws share a block. A block gives two doubles of 53 bits; streams 2j and 2j + 1 are its two halves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.utils.arrays import check_numbers, check_rows, check_shape
from slategym.utils.lazy_scipy import ndtri
from slategym.utils.short_repr import Brief

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
ITEMS = 2**32  # numbers of items that a counter can hold


def philox(counter: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike], key: tuple[int, int]) -> tuple[NDArray[np.uint64], ...]:
    """Apply the ten rounds of Philox-4x32 to broadcast counter words.

    Args:
        counter: four words, each below 2**32, broadcast against each other.
        key: two words, each below 2**32.

    Returns:
        Four uint64 arrays whose values are below 2**32.
    """
    c0, c1, c2, c3 = (np.asarray(word, np.uint64) for word in counter)
    k0, k1 = key
    for _ in range(10):
        p0 = c0 * _MULTIPLIERS[0]
        p1 = c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            (p1 >> _SHIFT) ^ c1 ^ np.uint64(k0),
            p1 & _LOW,
            (p0 >> _SHIFT) ^ c3 ^ np.uint64(k1),
            p0 & _LOW,
        )
        k0 = (k0 + _WEYL[0]) & 0xFFFFFFFF
        k1 = (k1 + _WEYL[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


def double(low: NDArray[np.uint64], high: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Convert two 32-bit words to a double in [0, 1) with 53 random bits."""
    return ((low >> np.uint64(5)) * 67108864.0 + (high >> np.uint64(6))) / 9007199254740992.0


@dataclass(frozen=True, repr=False)
class Draws(Brief):
    """The random numbers of some shoppers, each at one visit.

    Attributes:
        seed: 0 to 2**64 - 1.
        identity: (n,) int64, the shoppers' identities.
        visit: (n,) int64, the number of each shopper's present visit, below 2**24.
    """

    seed: int
    identity: NDArray[np.int64]
    visit: NDArray[np.int64]

    def __post_init__(self) -> None:
        # The kernel reads the same rows of both.
        check_shape(np.asarray(self.identity), (None,), "draws.identity", "one shopper per row")
        check_shape(np.asarray(self.visit), self.identity.shape, "draws.visit", "one visit per shopper")

    def take(self, rows: NDArray[np.int64]) -> Draws:
        """Return the draws of some of the shoppers.

        Args:
            rows: (r,) int64 numbers of rows, or (n,) bool.

        Raises:
            ValueError: a number is no row, or a mask has the wrong length.
        """
        which = check_rows(rows, len(self.identity))
        return Draws(self.seed, self.identity[which], self.visit[which])

    def pair(self, stream: int, item: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the uniforms of an even stream and of the next one, which share a block; each is equal to `uniform`.

        Args:
            stream: an even number.
            item: as for `uniform`.

        Raises:
            ValueError: there is no such stream, or the item numbers have the wrong shape.
        """
        if not 0 <= stream < 512:
            raise ValueError(f"stream {stream} does not exist: streams run 0..511")
        from slategym.sim.kernel.philox import fill  # compiled: imported on first use

        items = check_numbers(item, ITEMS, "item", "an item's number")
        n = len(self.identity)
        if items.ndim and len(items) not in (1, n):
            raise ValueError(f"item has shape {items.shape}: expected one number, or a row of them for each of {n} shoppers")
        flat = np.broadcast_to(items, (n, 1)) if items.ndim == 0 else items.reshape(len(items), -1)
        first, second = np.empty((n, flat.shape[1])), np.empty((n, flat.shape[1]))
        fill(np.uint64(self.seed), stream >> 1, self.identity, self.visit, np.broadcast_to(flat, first.shape), first, second)
        shape = (n, *items.shape[1:])
        return first.reshape(shape), second.reshape(shape)

    def uniform(self, stream: int, item: ArrayLike = 0) -> NDArray[np.float64]:
        """Return uniforms in [0, 1).

        Args:
            stream: the purpose of the draw, a `Stream` or another number from `Stream.CUSTOM` on.
            item: (n, ...) item numbers, or one number for all; the result has the same shape, (n,) for one number.
        """
        return self.pair(stream & ~1, item)[stream & 1]

    def normal(self, stream: int, count: int | None = None, *, item: ArrayLike = 0) -> NDArray[np.float64]:
        """Return standard normals, by inversion of `uniform`.

        Args:
            stream: the purpose of the draw, a `Stream` or another number from `Stream.CUSTOM` on.
            count: the number of draws for each shopper; the result is (n, count), and its column j is `normal(stream, item=j)`.
            item: (n, ...) item numbers, or one number for all, as for `uniform`; instead of `count`.

        Raises:
            ValueError: both a count and items were given, or there is no such stream.
        """
        if count is not None:
            if np.ndim(item) or item:
                raise ValueError("count and item came together: expected one of them; a count means the items 0..count - 1")
            item = np.broadcast_to(np.arange(count), (len(self.identity), count))
        uniform = self.uniform(stream, item)
        np.maximum(uniform, 2.0**-54, out=uniform)
        return np.asarray(ndtri(uniform, out=uniform))
