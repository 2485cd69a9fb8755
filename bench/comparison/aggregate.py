"""Scores over several worlds: interquartile means, probabilities of improvement and performance profiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.bench.comparison.results import ranking
from slategym.bench.statistics import LEVEL, Estimate

Floats = NDArray[np.float64]
RESAMPLES = 2000
SEED = 0xA66
PROFILE = np.linspace(0, 1.2, 61)  # scores at which performance profiles are computed


def scores(results: Mapping[str, Any]) -> tuple[str, dict[str, list[float]]]:
    """The score of each run of a comparison: its value as a share of the best value given the observation.

    Per slate, this is `share_of_context`; per episode, the value as a share of the value of the policy "context" over the
    episodes of the same shoppers. Without this reference it is the share of the oracle.

    Args:
        results: the results of a comparison with fixed weights.

    Returns:
        The reference of the scores, "context" or "oracle"; and by agent the score of each seed.
    """
    agents = results["agents"]
    context = (results.get("references") or {}).get("context", {}).get("value_per_episode", {}).get("mean")
    if ranking(results["config"]) == "value_per_episode" and context:
        return "context", {
            name: [value / context for value in agent["seeds"]["value_per_episode"]] for name, agent in agents.items()
        }
    metric = "share_of_context" if all("share_of_context" in agent for agent in agents.values()) else "share_of_oracle"
    found = {name: [np.nan if each is None else each for each in agent["seeds"][metric]] for name, agent in agents.items()}
    return metric.removeprefix("share_of_"), found


def interquartile_mean(values: Floats) -> Floats:
    """(...,) the mean of the middle half of values (n, ...), which a single lucky or collapsed run changes little.

    A quarter is cut off at each end, including fractions of a value (Agarwal et al., "Deep reinforcement learning at the edge of
    the statistical precipice", NeurIPS 2021).
    """
    ordered = np.sort(values, axis=0)
    count = len(ordered)
    left = np.clip(np.arange(1, count + 1) - count / 4, 0, 1)
    weights = np.minimum(left, left[::-1])
    return np.asarray(np.average(ordered, axis=0, weights=weights))


def over_worlds(values: Sequence[Sequence[float]], statistic: Callable[[Floats], Floats] = interquartile_mean) -> Estimate:
    """A statistic of the runs of all worlds, with the interval of a bootstrap that draws seeds within each world.

    Args:
        values: for each world, the values of its seeds.
        statistic: the statistic, computed over the first axis of (n, ...) values.
    """
    arrays = [np.asarray(each, np.float64) for each in values]
    point = float(statistic(np.concatenate(arrays)))
    if min(map(len, arrays)) < 2 or not np.isfinite(point):
        return Estimate(point if np.isfinite(point) else None)
    random = np.random.Generator(np.random.Philox(SEED))
    drawn = [each[random.integers(len(each), size=(len(each), RESAMPLES))] for each in arrays]
    found = statistic(np.concatenate(drawn))
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(point, float(low), float(high))


def score_difference(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]], level: float = LEVEL) -> Estimate:
    """The difference of two agents' scores on the same seeds, with the interval of a bootstrap that draws seeds in each world.

    Args:
        a: for each world, the scores of the first agent's seeds.
        b: for each world, the scores of the second agent for the same seeds.
        level: the level of the interval.
    """
    pairs = [np.stack([np.asarray(each, np.float64) for each in both], axis=1) for both in zip(a, b, strict=True)]
    point = np.subtract(*interquartile_mean(np.concatenate(pairs)))
    if min(map(len, pairs)) < 2:
        return Estimate(float(point))
    random = np.random.Generator(np.random.Philox(SEED))
    drawn = [each[random.integers(len(each), size=(len(each), RESAMPLES))] for each in pairs]
    first, second = np.moveaxis(interquartile_mean(np.concatenate(drawn)), -1, 0)
    low, high = np.quantile(first - second, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(point), float(low), float(high))


def improvement(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]) -> float:
    """The probability that a run of one agent scores higher than a run of another, averaged over worlds; ties count half.

    Args:
        a: for each world, the scores of the first agent's seeds.
        b: for each world, the scores of the second agent's seeds.
    """
    shares = []
    for ours, theirs in zip(a, b, strict=True):
        gaps = np.subtract.outer(np.asarray(ours, np.float64), np.asarray(theirs, np.float64))
        shares.append(float(((gaps > 0) + 0.5 * (gaps == 0)).mean()))
    return float(np.mean(shares))


def profile(values: Sequence[Sequence[float]]) -> list[float]:
    """The share of runs that score more than each score of `PROFILE`, where all worlds have the same weight.

    Args:
        values: for each world, the values of its seeds.
    """
    shares = [(np.asarray(each, np.float64)[:, None] > PROFILE).mean(axis=0) for each in values]
    return [float(share) for share in np.mean(shares, axis=0)]


def aggregate(worlds: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Combine several comparisons, for the agents that all of them contain.

    Args:
        worlds: the results of each comparison, by name; comparisons in which a share of the best value is not meaningful are
            left out.

    Returns:
        JSON values: `worlds`, with the reference of the scores of each and the mean score by agent; `agents`, from the best to
        the worst, each with `score` (the interquartile mean), `mean`, `behind` (the score of the first agent minus its own, with
        an interval that holds for all agents at once; null for the first), `probability` (of scoring higher than each other
        agent) and `profile`; and `thresholds`, the scores at which profiles are given.
    """
    found = {world: scores(results) for world, results in worlds.items()}
    found = {world: (unit, each) for world, (unit, each) in found.items() if all(np.isfinite(row).all() for row in each.values())}
    if not found:
        return {"worlds": {}, "agents": {}, "thresholds": []}
    shared = [name for name in next(iter(found.values()))[1] if all(name in of_agents for _, of_agents in found.values())]
    values = {name: [of_agents[name] for _, of_agents in found.values()] for name in shared}
    estimates = {name: over_worlds(values[name]) for name in shared}
    ordered = sorted(shared, key=lambda name: -(estimates[name].mean or 0.0))
    level = 1 - (1 - LEVEL) / max(len(ordered) - 1, 1)
    behind = {name: score_difference(values[ordered[0]], values[name], level) for name in ordered[1:]}
    better: dict[str, dict[str, float]] = {name: {} for name in ordered}
    for a, b in combinations(ordered, 2):
        better[a][b] = improvement(values[a], values[b])
        better[b][a] = 1 - better[a][b]
    return {
        "worlds": {
            world: {"score": unit, "agents": {name: float(np.mean(each)) for name, each in of_agents.items()}}
            for world, (unit, of_agents) in found.items()
        },
        "agents": {
            name: {
                "score": estimates[name].to_json(),
                "mean": over_worlds(values[name], lambda each: np.asarray(each.mean(axis=0))).to_json(),
                "behind": behind[name].to_json() if name in behind else None,
                "probability": better[name],
                "profile": profile(values[name]),
            }
            for name in ordered
        },
        "thresholds": [float(each) for each in PROFILE],
    }
