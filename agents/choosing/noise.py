"""Blocks of shoppers that fit the processor's cache, and fast random numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

# 256 x 500 float32 numbers (shoppers x items) are half a megabyte: allocating larger arrays costs more than the arithmetic.
BLOCK = 256


def blocks(shoppers: int, rows: int = BLOCK) -> Iterator[slice]:
    """Slices of at most so many of n rows, in order."""
    return (slice(start, min(start + rows, shoppers)) for start in range(0, shoppers, rows))


def normals(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normal float32 numbers in a given shape, six times as fast as with the generator itself."""
    from slategym.sim.kernel.normals import fill_normals  # compiled, so not on import

    return _filled(fill_normals, random, shape)


def gumbels(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard Gumbel float32 numbers in a given shape; the k highest of scores plus these are a Plackett-Luce sample."""
    from slategym.sim.kernel.normals import fill_gumbels  # compiled, so not on import

    return _filled(fill_gumbels, random, shape)


def _filled(fill: Callable[..., None], random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A new array, filled by a kernel with a key that is drawn from the generator."""
    count = int(np.prod(shape))
    numbers = np.empty((4, (count + 3) // 4), np.float32)
    fill(random.integers(2**64, dtype=np.uint64), numbers)
    return numbers.reshape(-1)[:count].reshape(shape)
