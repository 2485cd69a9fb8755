"""The slates that each member of an ensemble learns from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def double_or_nothing(number: NDArray[np.int64], seed: int, member: int) -> NDArray[np.float32]:
    """(n,) 0 or 2, the weights of slates for a member of an ensemble; they depend only on the slate's number, seed and member."""
    mixed = number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64((seed + 0x51A7E * (member + 1)) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # SplitMix64
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return ((mixed >> np.uint64(63)) * 2).astype(np.float32)
