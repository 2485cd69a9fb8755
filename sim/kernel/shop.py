"""A visit to the shop, compiled: draws, attraction, clicks, purchases, history, evolution and leaving in one pass over shoppers.

`slategym.sim.worlds.shop_model.ShopModel` and `Simulation` are the specification. Shopper by shopper everything stays in the
processor's nearest memory: about k item rows of q floats in, a few hundred bytes of state in and out.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from slategym.sim.draws import Stream
from slategym.sim.kernel.choices import MULTINOMIAL, click
from slategym.sim.kernel.philox import block

CLICK, SLATE = int(Stream.CLICK) // 2, int(Stream.SLATE) // 2  # the blocks that also hold conversion and leaving
MONTH = 30
DECAY = np.float32(0.8)


@nb.njit(cache=True, fastmath={"reassoc", "contract"})
def dot(left: Any, right: Any) -> Any:
    """The inner product in float64; any order of its sum will do, and the fastest differs from the others in the last bit."""
    total = 0.0
    for dimension in range(len(left)):
        total += np.float64(left[dimension]) * np.float64(right[dimension])
    return total


@nb.njit(cache=True)
def first_shown(slate: Any, first: Any) -> None:
    """Write where an item of a slate (k,) stands for the first time."""
    seen = np.uint64(0)  # a bit for each remainder of 64: only where it is set already is there something to look for
    for rank in range(len(slate)):
        bit = np.uint64(1) << (np.uint64(slate[rank]) & np.uint64(63))
        first[rank] = True
        if seen & bit:
            for above in range(rank):
                if slate[above] == slate[rank]:
                    first[rank] = False
        seen |= bit


@nb.njit(cache=True, nogil=True)
def visit_shop(
    stages: int,
    seed: Any,
    slate: Any,
    identity: Any,
    visit: Any,
    taste: Any,
    sensitivity: Any,
    patience: Any,
    satisfaction: Any,
    exposure: Any,
    engagement: Any,
    category: Any,
    item_taste: Any,
    item_attraction: Any,
    item_conversion: Any,
    dearness: Any,
    worth: Any,
    season: Any,
    satiation: Any,
    drift: Any,
    leave: bool,
    choice: int,
    given: Any,
    clicks: Any,
    bought: Any,
    earned: Any,
    left: Any,
) -> None:
    """One visit of each shopper: arrays as in `ShopModel`, `season` (30, g), and the first `stages` of clicks, conversion,
    history, evolution and leaving are done."""
    n, k = slate.shape
    q, g = taste.shape[1], exposure.shape[1]
    attraction, of_item, of_conversion, fit = np.empty(k), np.empty(k), np.empty(k), np.empty(k)
    pull, first = np.empty(q, np.float32), np.empty(k, np.bool_)
    for i in range(n):
        s = sensitivity[i]
        day = visit[i] % MONTH
        # One plain loop a task: the compiler turns each into vector instructions over ranks.
        for rank in range(k):
            of_item[rank], of_conversion[rank] = block(seed, CLICK, identity[i], visit[i], slate[i, rank])
        for rank in range(k):
            fit[rank] = dot(taste[i], item_taste[slate[i, rank]])
        for rank in range(k):
            item = slate[i, rank]
            of = category[item]
            mood = season[day, of] - satiation * exposure[i, of]
            attraction[rank] = 0.8 * fit[rank] + item_attraction[item] - np.float32(0.2) * s * dearness[item] + mood
        for rank in range(k):
            attraction[rank] = 1.0 / (1.0 + np.exp(-attraction[rank]))
        first_shown(slate[i], first)
        for rank in range(k):
            if not first[rank]:
                attraction[rank] = 0.0
        of_slate, of_leaving = 0.0, 0.0
        if leave or choice == MULTINOMIAL:
            of_slate, of_leaving = block(seed, SLATE, identity[i], visit[i], 0)
        click(choice, given, attraction, of_item, of_slate, clicks[i])
        if stages < 2:
            continue

        clicked, sold = np.float32(0), np.float32(0)
        for rank in range(k):
            bought[i, rank] = False
            if clicks[i, rank]:
                item = slate[i, rank]
                score = 0.5 * fit[rank] + item_conversion[item] - np.float32(0.4) * s * dearness[item]
                bought[i, rank] = of_conversion[rank] < 1.0 / (1.0 + np.exp(-score))
                clicked += np.float32(1)
                sold += np.float32(bought[i, rank])
        earned[i, 0], earned[i, 1] = clicked, sold
        if stages < 3:
            continue

        for of in range(g):
            exposure[i, of] *= DECAY
        for rank in range(k):
            if first[rank]:
                exposure[i, category[slate[i, rank]]] += np.float32(1)
        engagement[i, 0] = DECAY * engagement[i, 0] + clicked
        engagement[i, 1] = DECAY * engagement[i, 1] + sold
        if stages < 4:
            continue

        if leave:
            pleased = np.float32(0)
            for rank in range(k):
                if clicks[i, rank]:
                    pleased += worth[slate[i, rank]]
            satisfaction[i] += np.float32(0.1) * (pleased + np.float32(2) * sold - satisfaction[i])
        if drift > 0 and clicked > 0:
            pull[:] = 0
            for rank in range(k):
                if clicks[i, rank]:
                    for dimension in range(q):
                        pull[dimension] += item_taste[slate[i, rank], dimension]
            for dimension in range(q):
                taste[i, dimension] += drift * (np.float32(np.sqrt(q)) * pull[dimension] - clicked * taste[i, dimension])
        if stages >= 5 and leave:
            left[i] = of_leaving < 1.0 / (1.0 + np.exp(3.2 + np.float64(satisfaction[i]) + np.float64(patience[i])))
