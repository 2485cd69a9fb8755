"""What a run is judged by, as single numbers and over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slategym.bench.trace import Trace

Floats = NDArray[np.float64]
POINTS = 80


def summary(trace: Trace, weights: Sequence[float]) -> dict[str, float]:
    """The numbers of one run.

    Returns:
        `value`, the mean scalarized reward per slate, and `final_value`, the same over the last tenth of the steps;
        `<objective>s_per_slate` for clicks and conversions; `regret_per_slate` and `share_of_oracle`, from the exact
        expectations of the slates shown and of the oracle's; `oracle_value`, the oracle's expected value per slate;
        `slates_per_second`, of agent and environment.
    """
    worth = np.asarray(weights, np.float64)
    value, expected, best = (_mean(trace, each @ worth) for each in (trace.objectives, trace.expected, trace.best))
    last = slice(len(trace.slates) - -(-len(trace.slates) // 10), None)
    return {
        "value": value,
        "final_value": float(np.average(trace.objectives[last] @ worth, weights=trace.slates[last])),
        "clicks_per_slate": _mean(trace, trace.objectives[:, 0]),
        "conversions_per_slate": _mean(trace, trace.objectives[:, 1]),
        "regret_per_slate": best - expected,
        "share_of_oracle": expected / best if best else float("nan"),
        "oracle_value": best,
        "slates_per_second": trace.slates_per_second,
    }


def curves(trace: Trace, weights: Sequence[float], points: int = POINTS) -> dict[str, Floats]:
    """The same over time: the run is cut into at most `points` stretches of steps, as even as can be.

    Returns:
        Arrays (p,): `slates` shown by the end of each stretch; `value`, `clicks_per_slate`, `conversions_per_slate` and
        `regret_per_slate` within it; `cumulative_regret` by its end.
    """
    steps = len(trace.slates)
    parts = min(points, steps)
    starts = np.arange(parts) * steps // parts
    worth = np.asarray(weights, np.float64)
    slates = np.add.reduceat(trace.slates, starts)

    def within(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values * trace.slates, starts))

    regret = within((trace.best - trace.expected) @ worth)
    return {
        "slates": np.cumsum(slates).astype(np.float64),
        "value": within(trace.objectives @ worth) / slates,
        "clicks_per_slate": within(trace.objectives[:, 0]) / slates,
        "conversions_per_slate": within(trace.objectives[:, 1]) / slates,
        "regret_per_slate": regret / slates,
        "cumulative_regret": np.cumsum(regret),
    }


def _mean(trace: Trace, values: Floats) -> float:
    return float(np.average(values, weights=trace.slates))
