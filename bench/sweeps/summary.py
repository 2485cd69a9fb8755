"""The results of a sweep as one dictionary: the content of `pareto.json`, which the page shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.comparison.results import ORACLE_NOTES, note_on_training
from slategym.bench.fronts.front import Front
from slategym.bench.fronts.indicators import (
    TOLERANCE,
    covered,
    expected_utility,
    hypervolume,
    inverted_generational_distance,
    inverted_generational_distance_plus,
    weight_set,
)
from slategym.bench.jobs.failures import Failure, as_entries, failure_notes, status_of
from slategym.bench.statistics import Estimate, as_json, probability_better
from slategym.bench.sweeps.jobs import Exact, Learned

Floats = NDArray[np.float64]
BELOW = 0.1  # minimum distance of the hypervolume's reference below the nadir, in ranges, so that the front's ends count
SAMPLE = 500  # number of values of the front for distance and coverage
DRAWN = {2: 200}  # number of directions of the front in the plot; with more than two objectives about 500
STILL = 1e-3  # in ranges; if the best slates differ by less, shoppers are assumed not to change with the slates shown
INDICATORS = ("hypervolume", "hypervolume_share", "expected_utility", "igd_plus", "igd", "covered")
OBSERVED = ("observed_hypervolume_share", "observed_covered")  # for the front of slates chosen from the observation alone


@dataclass(frozen=True)
class Runs:
    """The finished runs of a sweep.

    Attributes:
        exact: exact fronts, by seed.
        learned: results by agent, seed, and the number of the weights, the name of the scalarizer, or -1 for a conditioned agent.
        goals: utility of each scalarizer, in the order of the configuration.
    """

    exact: Mapping[int, Exact]
    learned: Mapping[tuple[str, int, int | str], Learned]
    goals: Sequence[Scalarizer]


def summarise(config: Mapping[str, Any], runs: Runs, asked: int, failed: Sequence[Failure] = ()) -> dict[str, Any]:
    """Summarise the runs of a sweep.

    Args:
        config: configuration from `configuration`, with `agents`, `seeds`, `scalarizers`, the weights `sweep`, and
            `random_slates`, (M,) the value of random slates.
        runs: the finished runs. A seed counts for an agent if all its runs with this seed finished.
        asked: total number of planned runs.
        failed: the runs that failed.

    Returns:
        JSON values. An estimate is `{"mean", "low", "high"}`, with a 95 % bootstrap interval over the seeds, or null.

        - `config`; `status`, "finished", "interrupted" or "failed"; `runs`, the number of `finished` and planned (`asked`) runs;
          `failed`, the `run`, `error` and `traceback` of those that failed.
        - `front`: the exact front, averaged over seeds: `values`, `utopia`, `nadir`, `precision`, `hypervolume`, its volume
          above the nadir in units of the objectives.
        - `observed`: the same for the front of slates chosen from the observation alone, from the model behind the reference
          policy `context`; null if there is none. `observed_hypervolume_share` and `observed_covered` refer to this front.
        - `indicators`: how the indicators are measured.
        - `best`: the indicators of the best values for the sweep's weights, which no agent exceeds unless shoppers change.
        - `agents`: by name, an estimate for each indicator; `points`, the `value` (M estimates) for each of the weights; and
          `seeds`, the indicators of each seed.
        - `pairs`: for agents in descending order, the paired `difference` of the hypervolume share over the seeds of both, and
          `probability_a_better` over the bootstrap resamples.
        - `adaptive`: for each agent and scalarizer: `value` (M estimates); `utility`, `optimum` and `regret` compared with the
          best mixture; `optimal_value`; and the `path`: `slates`, the running mean `value` and the `weights`, averaged over
          seeds.
        - `notes`: sentences that help to interpret the results.
    """
    seeds = [seed for seed in config["seeds"] if seed in runs.exact]
    sweeps = {agent: _sweeps(agent, seeds, runs, len(config["sweep"])) for agent in config["agents"]}
    finished = len(runs.exact) + len(runs.learned)
    best = {seed: runs.exact[seed].at for seed in seeds}
    agents = {agent: _agent(values, runs.exact, config["random_slates"]) for agent, values in sweeps.items() if values}
    results = {
        "config": dict(config),
        "status": status_of(finished, asked, failed),
        "runs": {"finished": finished, "asked": asked},
        "failed": as_entries(failed),
        "front": _front([runs.exact[seed].front for seed in seeds]) if seeds else None,
        "observed": _front(observed) if (observed := _known([runs.exact[seed].observed for seed in seeds])) else None,
        "indicators": _indicators(config),
        "best": _estimates(best, runs.exact, config["random_slates"]) if seeds else None,
        "agents": agents,
        "pairs": _pairs(agents),
        "adaptive": _adaptive(config, seeds, runs),
        "notes": _notes(config, seeds, runs, finished, asked, failed),
    }
    return dict(as_json(results))


def _sweeps(agent: str, seeds: Sequence[int], runs: Runs, points: int) -> dict[int, Floats]:
    """The values (N, M) of an agent by seed, for the complete seeds."""
    values = {}
    for seed in seeds:
        conditioned = runs.learned.get((agent, seed, -1))
        single = [runs.learned.get((agent, seed, number)) for number in range(points)]
        if conditioned is not None:
            values[seed] = conditioned.asked
        elif all(single):
            values[seed] = np.array([run.value for run in single if run])
    return values


def _agent(values: Mapping[int, Floats], exact: Mapping[int, Exact], random: Sequence[float]) -> dict[str, Any]:
    by_seed = np.array(list(values.values()))
    points = [{"value": [Estimate.from_seeds(column) for column in by_seed[:, number].T]} for number in range(by_seed.shape[1])]
    return {**_estimates(values, exact, random), "points": points}


def _estimates(values: Mapping[int, Floats], exact: Mapping[int, Exact], random: Sequence[float]) -> dict[str, Any]:
    rows = [measured(value, exact[seed].front, random) for seed, value in values.items()]
    for row, (seed, value) in zip(rows, values.items(), strict=True):
        if observed := exact[seed].observed:
            found = measured(value, observed, random)
            row |= {name: found[name.removeprefix("observed_")] for name in OBSERVED}
    columns = {name: [row[name] for row in rows] for name in (*INDICATORS, *OBSERVED) if all(name in row for row in rows)}
    # Clip intervals to the range of the indicator.
    most = {"covered": 1.0, "observed_covered": 1.0}
    least = {name: 0.0 for name in columns if name != "expected_utility"}
    estimates = {name: Estimate.from_seeds(column).clipped(least.get(name), most.get(name)) for name, column in columns.items()}
    return {**estimates, "seeds": {"seed": list(values), **columns}}


def measured(values: Floats, exact: Front, random: Sequence[float]) -> dict[str, float]:
    """The indicators of values (N, M), compared with an exact front, by name.

    Args:
        values: (N, M) values of an agent's policies for N weights.
        exact: the exact front for the same shoppers.
        random: (M,) value of random slates, which determines the reference of the hypervolume.
    """
    points, sample = ((value - exact.nadir) / exact.ranges for value in (values, exact.sample(SAMPLE)))
    reference = np.minimum((np.array(random) - exact.nadir) / exact.ranges, -BELOW)
    volume = hypervolume(points, reference)
    whole = exact.hypervolume(exact.nadir + reference * exact.ranges) / float(exact.ranges.prod())
    return {
        "hypervolume": volume,
        "hypervolume_share": volume / whole,
        "expected_utility": expected_utility(points),
        "igd_plus": inverted_generational_distance_plus(points, sample),
        "igd": inverted_generational_distance(points, sample),
        "covered": covered(points, sample),
    }


def _known(fronts: Sequence[Front | None]) -> list[Front]:
    """The fronts, if every seed has one; otherwise empty."""
    known = [each for each in fronts if each is not None]
    return known if len(known) == len(fronts) else []


def _pairs(agents: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    shares = {
        name: dict(zip(agent["seeds"]["seed"], agent["seeds"]["hypervolume_share"], strict=True))
        for name, agent in agents.items()
    }
    ranked = sorted(shares, key=lambda name: -(agents[name]["hypervolume_share"].mean or 0.0))
    pairs = []
    for a, b in combinations(ranked, 2):
        both = [seed for seed in shares[a] if seed in shares[b]]
        if both:
            one, other = ([shares[name][seed] for seed in both] for name in (a, b))
            better = probability_better(one, other) if len(both) > 1 else None
            pairs.append(
                {"a": a, "b": b, "difference": Estimate.from_seeds(np.subtract(one, other)), "probability_a_better": better}
            )
    return pairs


def _indicators(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "unit": "ranges, from the nadir (0) to the utopia (1) of each objective",
        "hypervolume_reference": {"random_slates": list(config["random_slates"]), "ranges_below_the_nadir_at_least": BELOW},
        "expected_utility_weights": f"{len(weight_set(len(config['objectives'])))} weights, the lattice of Das and Dennis",
        "front_sample": SAMPLE,
        "covered_tolerance": TOLERANCE,
    }


def _front(fronts: Sequence[Front]) -> dict[str, Any]:
    """The front of the shoppers of all seeds: the best value in each direction is the mean of the best values of the seeds."""
    count = len(fronts[0].objectives)
    if count == 2:
        angle = np.linspace(0, np.pi / 2, DRAWN[2])
        directions = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        directions = weight_set(count, 500)
    ranges = np.mean([front.ranges for front in fronts], axis=0)
    values = np.mean([front.values[(front.values @ (directions / ranges).T).argmax(axis=0)] for front in fronts], axis=0)
    return {
        "values": np.unique(np.round(values, 12), axis=0).tolist(),
        "utopia": np.mean([front.utopia for front in fronts], axis=0).tolist(),
        "nadir": np.mean([front.nadir for front in fronts], axis=0).tolist(),
        "precision": float(max(front.precision for front in fronts)),
        "hypervolume": Estimate.from_seeds([front.hypervolume() for front in fronts]),
        "oracle": fronts[0].oracle,
    }


def _adaptive(config: Mapping[str, Any], seeds: Sequence[int], runs: Runs) -> list[dict[str, Any]]:
    rows = []
    for agent in config["agents"]:
        for number, (text, goal) in enumerate(zip(config["scalarizers"], runs.goals, strict=True)):
            best = {seed: optimum for seed in seeds if (optimum := runs.exact[seed].optima[number]) is not None}
            learned = {seed: runs.learned[agent, seed, text] for seed in best if (agent, seed, text) in runs.learned}
            if not learned:
                continue
            values = np.array([run.value for run in learned.values()])
            optima = [best[seed] for seed in learned]
            utility, most = [goal.utility(value) for value in values], [optimum.utility for optimum in optima]
            path = np.mean([run.path for run in learned.values()], axis=0)
            weights = np.mean([_shares(run.weights, runs.exact[seed].front.ranges) for seed, run in learned.items()], axis=0)
            rows.append(
                {
                    "agent": agent,
                    "scalarizer": text,
                    "value": [Estimate.from_seeds(column) for column in values.T],
                    "utility": Estimate.from_seeds(utility),
                    "optimum": Estimate.from_seeds(most),
                    "regret": Estimate.from_seeds(np.subtract(most, utility)),
                    "optimal_value": np.mean([optimum.value for optimum in optima], axis=0).tolist(),
                    "gap": float(max(optimum.gap for optimum in optima)),
                    "seeds": {"seed": list(learned), "value": values.tolist(), "utility": utility, "optimum": most},
                    "path": {
                        "slates": next(iter(learned.values())).slates.tolist(),
                        "value": _plain(path),
                        "weights": _plain(weights),
                    },
                }
            )
    return rows


def _shares(weights: Floats, ranges: Floats) -> Floats:
    """Weights (p, M) times the ranges, as shares of their sum."""
    weight_vector = weights * ranges
    return np.asarray(weight_vector / np.abs(weight_vector).sum(axis=1, keepdims=True))


def _notes(
    config: Mapping[str, Any], seeds: Sequence[int], runs: Runs, finished: int, asked: int, failed: Sequence[Failure]
) -> list[str]:
    notes = failure_notes(failed)
    if finished + len(failed) < asked:
        notes.append(f"Interrupted: {finished} of {asked} runs finished; a seed counts for an agent if all its runs finished.")
    if len(seeds) == 1:
        notes.append("There are no intervals, because there is only one seed.")
    notes.append(note_on_training(config))
    for number, text in enumerate(config["scalarizers"]):
        without = [str(seed) for seed in seeds if runs.exact[seed].optima[number] is None]
        if without:
            notes.append(f"Seed {', '.join(without)} is left out for {text}: no mixture of slates meets it for these shoppers.")
    notes.append(ORACLE_NOTES[config["oracle"]])
    drift = [
        float(np.abs((run.best - runs.exact[seed].at[which]) / runs.exact[seed].front.ranges).max())
        for (_, seed, which), run in runs.learned.items()
        if isinstance(which, int) and which >= 0 and seed in runs.exact
    ]
    if drift and max(drift) > STILL:
        notes.append(
            "Shoppers change with the slates that they are shown, and the front is that of shoppers who were shown random "
            f"slates. For the shoppers of an agent it may be shifted by up to {100 * max(drift):.2g} % of a range, so points can "
            "lie beyond it."
        )
    return [note for note in notes if note]


def _plain(values: Floats) -> list[list[float | None]]:
    return [[float(value) if math.isfinite(value) else None for value in row] for row in values]
