"""The clicks of one shopper, compiled; the classes of `slategym.sim.click_models` are the specification."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from slategym.sim.click_models.base import ClickKernel
from slategym.sim.streams import Stream

POSITION_BASED, DEPENDENT_CLICK, USER_BROWSING, MULTINOMIAL = map(int, ClickKernel)
CLICK, SLATE = int(Stream.CLICK) // 2, int(Stream.SLATE) // 2  # blocks of random numbers hold two streams each


@nb.njit(cache=True)
def click_by_click(kind: int, given: Any, attraction: Any, item_uniforms: Any, slate_uniform: float, clicks: Any, i: int) -> None:
    """Write the clicks of shopper i into their row of `clicks` (n, k), for click models in which clicks depend on each other.

    The position-based model is one line in each kernel instead: a call per shopper would cost as much as all its comparisons.
    """
    k = clicks.shape[1]
    if kind == DEPENDENT_CLICK:  # includes the cascade, which never continues after a click
        reading = True
        for rank in range(k):
            clicks[i, rank] = reading and item_uniforms[rank] < attraction[rank]
            if clicks[i, rank] and item_uniforms[rank] >= attraction[rank] * given[0, rank]:
                reading = False
    elif kind == USER_BROWSING:
        last = 0
        for rank in range(k):
            clicks[i, rank] = item_uniforms[rank] < attraction[rank] * given[rank, rank - last]
            if clicks[i, rank]:
                last = rank + 1
    else:
        first, soonest = -1, -np.log1p(-slate_uniform) / given[0, 0]
        for rank in range(k):
            clicks[i, rank] = False
            if attraction[rank] > 0:
                clock = -np.log1p(-item_uniforms[rank]) / attraction[rank]
                if clock < soonest:
                    first, soonest = rank, clock
        if first >= 0:
            clicks[i, first] = True


@nb.njit(cache=True)
def first_shown(slate: Any, first: Any) -> None:
    """Write whether each item of a slate (k,) is shown there for the first time."""
    seen = np.uint64(0)  # a bit for each remainder modulo 64: a search is needed only if the bit is set already
    for rank in range(len(first)):
        bit = np.uint64(1) << (np.uint64(slate[rank]) & np.uint64(63))
        first[rank] = True
        if seen & bit:
            for above in range(rank):
                if slate[above] == slate[rank]:
                    first[rank] = False
        seen |= bit
