"""The metrics of a run, as single numbers and over time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.bench.execution.regret import RegretBaseline
from slategym.bench.execution.trace import Trace
from slategym.bench.statistics import share
from slategym.sim.objectives import DEFAULT_OBJECTIVES

Floats = NDArray[np.float64]
POINTS = 80
SPEEDS = ("slates_per_second", "decision_seconds_p50", "decision_seconds_p99")  # the metrics that are not reproducible
ROLLED = 10  # the number of evaluated steps of a rolling share
LEAST_PERSONAL = 0.02  # shares of the gain from personalisation are meaningful if it exceeds this share of the value
CONTEXT, EVERYBODY = "context", "everybody"  # names of references
PLURALS = {objective.name: objective.plural for objective in DEFAULT_OBJECTIVES}


def per_slate(plural: str) -> str:
    """The name of the metric of an objective, from its plural: "clicks_per_slate", "ad_revenue_per_slate"."""
    return _per(plural, "slate")


def _per(plural: str, unit: str) -> str:
    return f"{plural}_per_{unit}".replace("-", "_").replace(" ", "_")


def weight_of(objective: str) -> str:
    """The name of the metric of an objective's weight: "weight_of_click"."""
    return f"weight_of_{objective}".replace("-", "_")


def summary(trace: Trace, weights: Sequence[float], objectives: Mapping[str, str] = PLURALS) -> dict[str, float]:
    """The metrics of one run.

    Args:
        trace: the run.
        weights: (M,), the weights of the fixed sum by which it is evaluated, if it has no baseline.
        objectives: the names of the M objectives, in their order, and the plural of each (`World.plurals`).

    Returns:
        - `value`: the utility of the mean objectives; for a fixed sum, the mean reward per slate.
        - `final_value`: the value over the last 10 % of the steps.
        - `<plural>_per_slate`: see `per_slate`.
        - `regret_per_slate`: the utility of the best mixture of slates for these shoppers minus the utility of the expected
          objectives (see `RegretBaseline`).
        - `share_of_oracle`: for a fixed sum, the value as a share of the best value; NaN if that is not clearly above 0
          (`statistics.meaningful`).
        - `oracle_value`: the best value.
        - `value_per_episode`, `<plural>_per_episode`, `visits_per_episode`, `share_staying`, `episodes`: see `per_episode`.
        - `slates_per_second`: the speed of agent and environment; `decision_seconds_p50` and `decision_seconds_p99`: the median
          and the 99th percentile of the time of a decision for all shoppers of a step.
        - `slates_to_90`: the slates after which the value of ten steps first reached 90 % of the ceiling, see `slates_until`.
        - `context_value`, `context_regret_per_slate`: for a scalarizer, the best utility of mixtures of slates given the
          observation, and this utility minus that of the agent's slates.
        - `share_of_context`, `share_of_personalisation`: if the run was compared with these references, see
          `shares_of_references`.
        - `coverage`: the share of the items that were shown; `gini`: the Gini coefficient of the items' impressions, 0 if all
          items have the same number, near 1 if a few items have all.
        - `cold_start_regret`, `cold_start_value`, `cold_start_impressions`: see `cold_start`.
        - `weight_of_<objective>`: normalised weights over the last 10 % of the steps, if the run had a scalarizer.
        - `since`: with a schedule of goals, the slates after which the last goal started; values, rewards, regrets and shares
          per slate then cover only the slates after that.
    """
    baseline = trace.baseline or RegretBaseline.fixed(weights)
    total, steps = int(trace.slates.sum()), len(trace.slates)
    goal = baseline.at(total - int(trace.slates[-1]))
    since = int(np.searchsorted(np.cumsum(trace.slates) - trace.slates, goal.start))
    last = slice(max(steps - -(-steps // 10), since), None)
    under = slice(since, None)
    expected, best = (averages(each[under], trace.sample[under]) for each in (trace.expected, trace.best))
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
        **per_episode(trace, goal.weights if fixed else None, objectives.values()),
        "slates_per_second": trace.slates_per_second,
        **_latency(trace),
        **(shares_of_references(trace, goal.weights, under) if fixed else {}),
        **({"slates_to_90": slates_until(trace, goal.weights)} if fixed else _observed(trace, total, utility, under)),
        **_exposure(trace),
        **cold_start(trace),
        **({} if fixed else _weights(trace, objectives, last)),
        **({"since": float(trace.slates[:since].sum())} if len(baseline.goals) > 1 else {}),
    }


def curves(
    trace: Trace, weights: Sequence[float], points: int = POINTS, objectives: Mapping[str, str] = PLURALS
) -> dict[str, Floats]:
    """The metrics over time: the run is divided into at most `points` parts with about the same number of steps.

    Args:
        trace: the run.
        weights: see `summary`.
        points: the largest number of parts.
        objectives: see `summary`.

    Returns:
        Arrays (p,): `slates` shown until the end of each part; `value`, `<plural>_per_slate` and `regret_per_slate` within the
        part, by the goal at its start; `cumulative_regret` until its end, which is the regret of the mean so far under each goal,
        times the slates; and `weight_of_<objective>` within the part, if the run had a scalarizer.
    """
    baseline = trace.baseline or RegretBaseline.fixed(weights)
    steps = len(trace.slates)
    parts = min(points, steps)
    starts = np.arange(parts) * steps // parts
    slates = np.add.reduceat(trace.slates, starts)

    def within(values: Floats, sample: NDArray[np.int64] = trace.slates) -> Floats:
        """(p, M) the means of each part."""
        count = np.add.reduceat(sample, starts)[:, None]
        sums = np.add.reduceat(np.where(sample[:, None] > 0, values * sample[:, None], 0), starts)
        return np.asarray(np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0))

    reward, expected, best = within(trace.objectives), *(within(each, trace.sample) for each in (trace.expected, trace.best))
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
    """(t, M) weights divided by the sum of their absolute values, because only their ratios matter."""
    size = np.abs(weights).sum(axis=1, keepdims=True)
    return np.asarray(weights / np.where(size > 0, size, 1))


def per_episode(trace: Trace, weights: ArrayLike | None, plurals: Collection[str]) -> dict[str, float]:
    """The metrics of the whole episodes of a run (see `WholeEpisodes`); empty if no episode is whole.

    Args:
        trace: the run.
        weights: (M,), the weights of a fixed sum; None leaves out the value.
        plurals: the plurals of the M objectives.

    Returns:
        - `value_per_episode`, `<plural>_per_episode`: means over the episodes.
        - `value_variance`, `<plural>_variance`: variances between episodes, and so between shoppers; they determine the size of
          an online experiment (`slategym experiment`).
        - `visits_per_episode`: the mean length of the episodes.
        - `share_staying`: the share of shoppers who did not leave before their last possible visit.
        - `episodes`: the number of episodes.
    """
    episodes = trace.episodes
    if not episodes:
        return {}
    mean, variance = episodes.objectives.mean(axis=0), episodes.objectives.var(axis=0)
    values = None if weights is None else episodes.objectives @ np.asarray(weights, np.float64)
    spreads = {
        f"{plural}_variance".replace("-", "_").replace(" ", "_"): float(each)
        for plural, each in zip(plurals, variance, strict=True)
    }
    return {
        **({} if values is None else {"value_variance": float(values.var())}),
        **spreads,
        **({} if weights is None else {"value_per_episode": float(np.asarray(weights) @ mean)}),
        **{_per(plural, "episode"): float(each) for plural, each in zip(plurals, mean, strict=True)},
        "visits_per_episode": float(episodes.length.mean()),
        "share_staying": float(1 - episodes.left.mean()),
        "episodes": float(len(episodes)),
    }


def shares_of_references(trace: Trace, weights: ArrayLike, rows: slice = slice(None)) -> dict[str, float]:
    """Compare the slates of a run with reference slates for the same shoppers.

    Args:
        trace: the run.
        weights: (M,), the weights of the fixed sum.
        rows: the steps that count.

    Returns:
        - `share_of_context`: the value as a share of that of the best slates given the observation.
        - `share_of_personalisation`: the value minus that of the best slate for everybody, as a share of the same difference for
          the best slates given the observation.
    """
    found, at = {}, np.asarray(weights, np.float64)
    means = {name: averages(each[rows], trace.sample[rows]) for name, each in trace.references.items()}
    mean = averages(trace.expected[rows], trace.sample[rows])
    best = means.get(CONTEXT)
    if best is not None:
        found["share_of_context"] = share(float(at @ mean), best, at)
    if best is not None and EVERYBODY in means:
        beyond, possible = float(at @ (mean - means[EVERYBODY])), float(at @ (best - means[EVERYBODY]))
        enough = possible > LEAST_PERSONAL * abs(float(at @ best))
        found["share_of_personalisation"] = beyond / possible if enough else float("nan")
    return found


def slates_until(trace: Trace, weights: ArrayLike, wanted: float = 0.9) -> float:
    """The slates after which the agent first reached a share of the ceiling: infinite if it never did, NaN without a ceiling.

    The ceiling is the value of the best slates given the observation, if known, else the oracle's value, for the same shoppers.
    The share is computed from sums over ten evaluated steps.

    Args:
        trace: the run.
        weights: (M,), the weights of the fixed sum.
        wanted: the share to reach.
    """
    known = np.flatnonzero(trace.sample > 0)
    at = np.asarray(weights, np.float64)
    ceiling = trace.references.get(CONTEXT, trace.best)[known] @ at
    value = trace.expected[known] @ at
    if len(known) < ROLLED or not (ceiling > 0).all():
        return float("nan")
    window = np.ones(ROLLED)
    reached = np.convolve(value, window, "valid") >= wanted * np.convolve(ceiling, window, "valid")
    if not reached.any():
        return float("inf")
    step = known[int(reached.argmax()) + ROLLED - 1]
    return float(trace.slates[: step + 1].sum())


def _observed(trace: Trace, total: int, utility: float, rows: slice) -> dict[str, float]:
    """For a scalarizer, the best utility of mixtures of slates given the observation, and the run's regret relative to it."""
    if trace.observed is None or CONTEXT not in trace.references:
        return {}
    goal = trace.observed.at(total - int(trace.slates[-1]))
    most = goal.most(averages(trace.references[CONTEXT][rows], trace.sample[rows]))
    return {"context_value": most, "context_regret_per_slate": most - utility}


def gini(counts: ArrayLike) -> float:
    """The Gini coefficient of counts (m,): 0 if all are equal, 1 - 1/m if only one is not 0, NaN if all are 0.

    Args:
        counts: the counts, at least 0.
    """
    ordered = np.sort(np.asarray(counts, np.float64))
    total, count = ordered.sum(), len(ordered)
    if total == 0:
        return float("nan")
    return float((2 * np.arange(1, count + 1) - count - 1) @ ordered / (count * total))


def _exposure(trace: Trace) -> dict[str, float]:
    if trace.impressions is None:
        return {}
    return {"coverage": float((trace.impressions > 0).mean()), "gini": gini(trace.impressions)}


def cold_start(trace: Trace) -> dict[str, float]:
    """The metrics of the first hundred impressions of each item that is launched during a run; empty without launches.

    They are exact expectations at every step, even if the expectations of the whole run are sampled. An item with fewer
    impressions counts with those that it had.

    Args:
        trace: the run.

    Returns:
        - `cold_start_regret`: for each item, how much more the oracle's item at the same rank would earn, summed over these
          impressions; the mean over the items (see `ColdStart`).
        - `cold_start_value`: the item's value at one of these impressions, the mean over all of them; NaN without impressions.
        - `cold_start_impressions`: the mean number of these impressions per item, at most 100.
    """
    first = trace.cold_start
    if first is None:
        return {}
    count = int(first.impressions.sum())
    return {
        "cold_start_regret": float(first.regret.mean()),
        "cold_start_value": float(first.value.sum()) / count if count else float("nan"),
        "cold_start_impressions": float(first.impressions.mean()),
    }


def _latency(trace: Trace) -> dict[str, float]:
    if trace.latency is None or not len(trace.latency):
        return {}
    return {f"decision_seconds_p{percent}": float(np.percentile(trace.latency, percent)) for percent in (50, 99)}


def _mean(trace: Trace, values: Floats, rows: slice = slice(None)) -> Floats:
    return averages(values[rows], trace.slates[rows])


def averages(values: Floats, sample: NDArray[np.int64]) -> Floats:
    """(M,) the mean of the values (t, M) of steps, weighted by their numbers of slates (t,); NaN if there is no slate.

    Args:
        values: the values of the steps; they may be NaN for steps without slates.
        sample: the number of slates of each step.
    """
    known = sample > 0
    if not known.any():
        return np.full(values.shape[1], np.nan)
    return np.asarray(np.average(values[known], axis=0, weights=sample[known]))
