"""A visit in a world that divides shoppers into cells with equal probabilities, compiled."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from slategym.sim.kernel.click_models import CLICK, MULTINOMIAL, POSITION_BASED, SLATE, click_by_click, first_shown
from slategym.sim.kernel.philox import block


@nb.njit(cache=True, nogil=True, error_model="numpy")
def visit_cells(
    stages: int, start: int, stop: int, seed: Any, slate: Any, shoppers: Any, table: Any, clicking: Any, outcome: Any
) -> None:
    """Simulate one visit of the shoppers from `start` up to `stop`.

    Args:
        stages: the number of compiled stages of the visit.
        start: the first row.
        stop: the row after the last.
        seed: uint64.
        slate: (n, k) items.
        shoppers: (n,) their identity, visit and cell.
        table: (cells, m) the attraction, and the probability of conversion given a click.
        clicking: the number of the click model's kernel, and its parameters (r, k).
        outcome: clicks and conversions (n, k), and objectives (n, 2); written.
    """
    identity, visit, cell = shoppers
    attraction_of, conversion_of = table
    click_model, given = clicking
    clicks, converted, objectives = outcome
    k = slate.shape[1]
    attraction, item_uniforms, conversion_uniform = np.empty(k), np.empty(k), np.empty(k)
    first = np.empty(k, np.bool_)
    for i in range(start, stop):
        for rank in range(k):
            item = slate[i, rank]
            item_uniforms[rank], conversion_uniform[rank] = block(seed, CLICK, identity[i], visit[i], item)
            attraction[rank] = attraction_of[cell[i], item]
        first_shown(slate[i], first)
        for rank in range(k):
            if not first[rank]:
                attraction[rank] = 0.0
        slate_uniform = 0.0
        if click_model == MULTINOMIAL:
            slate_uniform, _ = block(seed, SLATE, identity[i], visit[i], 0)
        if click_model == POSITION_BASED:
            for rank in range(k):
                clicks[i, rank] = item_uniforms[rank] < attraction[rank] * given[0, rank]
        else:
            click_by_click(click_model, given, attraction, item_uniforms, slate_uniform, clicks, i)
        if stages < 2:
            continue
        objectives[i, 0], objectives[i, 1] = 0, 0
        for rank in range(k):
            converted[i, rank] = clicks[i, rank] and conversion_uniform[rank] < conversion_of[cell[i], slate[i, rank]]
            objectives[i, 0] += np.float32(clicks[i, rank])
            objectives[i, 1] += np.float32(converted[i, rank])
