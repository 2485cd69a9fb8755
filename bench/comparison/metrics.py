"""The metrics of a run, as single numbers and over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from slategym.bench.execution.regret import RegretBaseline
from slategym.bench.execution.trace import Trace
from slategym.bench.statistics import share
from slategym.sim.objectives import DEFAULT_OBJECTIVES

Floats = NDArray[np.float64]
POINTS = 80
PLURALS = {objective.name: objective.plural for objective in DEFAULT_OBJECTIVES}


def per_slate(plural: str) -> str:
    """The name of the metric of an objective, from its plural: "clicks_per_slate", "ad_revenue_per_slate"."""
    return f"{plural}_per_slate".replace("-", "_").replace(" ", "_")


def weight_of(objective: str) -> str:
    """The name of the metric of an objective's weight: "weight_of_click"."""
    return f"weight_of_{objective}".replace("-", "_")


def summary(trace: Trace, weights: Sequence[float], objectives: Mapping[str, str] = PLURALS) -> dict[str, float]:
    """The metrics of one run.

    Args:
        trace: the run.
        weights: (M,), of the fixed sum by which it is evaluated, if it has no baseline.
        objectives: the names of the M objectives, in their order, and the plural of each (`World.plurals`).

    Returns:
        - `value`: the utility of the mean objectives; of a fixed sum the mean reward per slate.
        - `final_value`: the same over the last 10 % of the steps.
        - `<plural>_per_slate`: see `per_slate`.
        - `regret_per_slate`: how much less the utility of the expected objectives is than that of the best mixture of slates for
          these shoppers (see `RegretBaseline`).
        - `share_of_oracle`: of a fixed sum where the best value is clearly above 0 (`statistics.meaningful`), else NaN.
        - `oracle_value`: the best value.
        - `slates_per_second`: of agent and environment.
        - `weight_of_<objective>`: normalised weights over the last 10 % of the steps, where the run had a scalarizer.
        - `since`: under a schedule, the slates after which the last scalarizer came into force; all metrics but speed cover
          what was shown since.
    """
    baseline = trace.baseline or RegretBaseline.fixed(weights)
    total, steps = int(trace.slates.sum()), len(trace.slates)
    goal = baseline.at(total - int(trace.slates[-1]))
    since = int(np.searchsorted(np.cumsum(trace.slates) - trace.slates, goal.start))
    last = slice(max(steps - -(-steps // 10), since), None)
    under = slice(since, None)
    expected, best = (_mean(trace, each, under) for each in (trace.expected, trace.best))
    utility, most = goal.utility(expected), goal.most(best)
    fixed = trace.baseline is None
    return {
        "value": goal.utility(_mean(trace, trace.objectives, under)),
        "final_value": goal.utility(_mean(trace, trace.objectives, last)),
        **{
            per_slate(name): float(each)
            for name, each in zip(objectives.values(), _mean(trace, trace.objectives, under), strict=True)
        },
        "regret_per_slate": most - utility,
        "share_of_oracle": share(utility, best, goal.weights) if fixed else float("nan"),
        "oracle_value": most,
        "slates_per_second": trace.slates_per_second,
        **({} if fixed else _weights(trace, objectives, last)),
        **({"since": float(trace.slates[:since].sum())} if len(baseline.goals) > 1 else {}),
    }


def curves(
    trace: Trace, weights: Sequence[float], points: int = POINTS, objectives: Mapping[str, str] = PLURALS
) -> dict[str, Floats]:
    """The metrics over time: the run is cut into at most `points` parts of about equally many steps.

    Args:
        trace: the run.
        weights: see `summary`.
        points: p, at most.
        objectives: see `summary`.

    Returns:
        Arrays (p,): `slates` shown by the end of each part; `value`, `<plural>_per_slate` and `regret_per_slate` within it, by
            the
        target at its start; `cumulative_regret` by its end: regret of the mean so far under each target, times the slates; and
        `weight_of_<objective>` within it, where the run had a scalarizer.
    """
    baseline = trace.baseline or RegretBaseline.fixed(weights)
    steps = len(trace.slates)
    parts = min(points, steps)
    starts = np.arange(parts) * steps // parts
    slates = np.add.reduceat(trace.slates, starts)

    def within(values: Floats) -> Floats:
        """(p, M) the means of each part."""
        return np.asarray(np.add.reduceat(values * trace.slates[:, None], starts) / slates[:, None])

    reward, expected, best = (within(each) for each in (trace.objectives, trace.expected, trace.best))
    goals = [baseline.at(int(start)) for start in np.cumsum(slates) - slates]
    regret, before, begun = np.zeros(parts), 0.0, 0
    for part, goal in enumerate(goals):
        if part and goal is not goals[part - 1]:
            before, begun = regret[part - 1], part
        under = slice(begun, part + 1)
        means = (np.average(each[under], axis=0, weights=slates[under]) for each in (best, expected))
        regret[part] = before + slates[under].sum() * (goal.most(next(means)) - goal.utility(next(means)))
    parts_of_run = zip(goals, reward, expected, best, strict=True)
    value, short = np.array([[goal.utility(r), goal.most(b) - goal.utility(e)] for goal, r, e, b in parts_of_run]).T
    drawn = {
        "slates": np.cumsum(slates).astype(np.float64),
        "value": value,
        **{per_slate(name): each for name, each in zip(objectives.values(), reward.T, strict=True)},
        "regret_per_slate": short,
        "cumulative_regret": regret,
    }
    if trace.baseline is not None and trace.weights is not None:
        shares = within(_shares(trace.weights))
        drawn |= {weight_of(name): each for name, each in zip(objectives, shares.T, strict=True)}
    return drawn


def _weights(trace: Trace, objectives: Iterable[str], last: slice) -> dict[str, float]:
    if trace.weights is None:
        return {}
    shares = _mean(trace, _shares(trace.weights), last)
    return {weight_of(name): float(share) for name, share in zip(objectives, shares, strict=True)}


def _shares(weights: Floats) -> Floats:
    """(t, M) weights divided by the sum of their sizes, as only their ratios matter."""
    size = np.abs(weights).sum(axis=1, keepdims=True)
    return np.asarray(weights / np.where(size > 0, size, 1))


def _mean(trace: Trace, values: Floats, rows: slice = slice(None)) -> Floats:
    return np.asarray(np.average(values[rows], axis=0, weights=trace.slates[rows]))
