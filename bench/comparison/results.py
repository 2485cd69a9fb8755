"""The results of a comparison as one dictionary, which is written to `results.json` and shown in the report."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from slategym.agents.registry import file_of
from slategym.bench.claims import ENOUGH_SEEDS
from slategym.bench.comparison.collapse import collapsed_seeds
from slategym.bench.comparison.metrics import curves, per_slate, summary
from slategym.bench.comparison.paired import cold_start_note, cold_start_pairs, paired
from slategym.bench.execution.trace import Trace
from slategym.bench.jobs.failures import Failure, as_entries, failure_notes, status_of
from slategym.bench.statistics import Estimate, as_json, bootstrap
from slategym.sim.world import World
from slategym.utils.storage.fingerprint import code_version, fingerprint

BEST_KNOWN = "oracle-episode"
if TYPE_CHECKING:
    from slategym.bench.ceilings.job import ReferenceValues

LIBRARIES = ("slategym", "numpy", "scipy", "gymnasium", "torch", "stable-baselines3", "pyarrow")


ORACLE_NOTES = {
    "exact": "",
    "approximate": "The oracle is approximate: regret is slightly too low.",
    "estimated": "The user model is a black box: expectations, the oracle and regret are estimates by simulation.",
}


SAMPLED = 1000  # shoppers who are sampled to find the number of unnamed segments
SCALARIZED = (
    "Values are utilities of the mean objectives and are comparable only under the same scalarizer; "
    "see docs/several-objectives.md."
)


def configuration(world: World, options: Mapping[str, Any] | None, code: Any = None, **run: Any) -> dict[str, Any]:
    """The configuration of a run or a comparison: the world, its options, the runs, and the versions of the libraries.

    Args:
        world: the world.
        options: the options that the world was made with.
        code: anything else that the numbers depend on, such as the classes of custom agents.
        **run: entries that describe the runs.

    Returns:
        JSON values. `oracle` is "exact", "approximate" or "estimated", for the oracle's slates and the regret. `fingerprint` is
        equal for the same configuration, world and code; null if it cannot be computed.
    """
    try:
        found = fingerprint([world, run, code, code_version()])
    except ValueError:
        found = None
    return {
        "world": world.origin or world.name,
        "options": dict(options or {}),
        **run,
        "objectives": list(world.objective_names),
        "plurals": world.plurals,
        "items": world.catalog.size,
        "slate_size": world.slate_size,
        "visits": world.visits,
        **({"segments": names} if (names := _segment_names(world)) else {}),
        "oracle": "exact" if world.oracle_is_exact else "estimated" if world.estimated else "approximate",
        "fingerprint": found,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }


def _segment_names(world: World) -> list[str]:
    """The names of the segments of shoppers; empty if there are none."""
    found = world.shoppers(0, np.arange(SAMPLED)).traits.get("segment")
    if found is None:
        return []
    names = getattr(getattr(world.user_model, "segments", None), "names", ())
    return list(names) or [f"segment {number}" for number in range(int(found.max()) + 1)]


def trained_before(agents: Mapping[str, Any]) -> dict[str, list[str]]:
    """The entry of `configuration` that lists the agents that were trained before; empty without any."""
    names = [name for name, maker in agents.items() if isinstance(maker, str) and file_of(maker)]
    return {"trained_before": names} if names else {}


def note_on_training(config: Mapping[str, Any]) -> str:
    """A sentence about the agents that were trained before; empty without any."""
    names = config.get("trained_before")
    return f"{', '.join(names)}: trained before, on slates that are not counted here." if names else ""


def summarise(
    config: Mapping[str, Any],
    runs: Mapping[tuple[str, int], Trace],
    references: Sequence[ReferenceValues] = (),
    fit: Mapping[str, Any] | None = None,
    failed: Sequence[Failure] = (),
) -> dict[str, Any]:
    """Summarise the runs of a comparison.

    Args:
        config: the configuration of the runs, from `configuration`, with `agents`, `seeds` and `weights`.
        runs: the finished runs by (agent, seed). A missing run is left out of its agent's estimates and pairs.
        references: the values of the reference policies, for some of the seeds.
        fit: the quality of the fit behind the best slates given the observation, if there is one.
        failed: the runs that failed.

    Returns:
        JSON values. An estimate is `{"mean", "low", "high"}` with a 95 % bootstrap interval over the seeds; null without one.

        - `config`; `status`: "finished", "interrupted" or "failed"; `runs`: the number of runs that finished and of all runs;
          `failed`: the `run`, `error` and `traceback` of each run that failed.
        - `oracle`: `{"value": estimate}`, the exact expectation of the oracle's slates for the shoppers of the runs.
        - `references`: for each policy, the exact expectation over the episodes of the same shoppers if they are shown the slates
          of this policy: estimates of `value_per_episode`, `value` per slate, `visits_per_episode` and `share_staying`; empty if
          none are known (see `bench.ceilings.episodes`).
        - `fit`: the quality of the fit behind the best slates given the observation (`ContextCeiling.report`), or null.
        - `agents`: for each agent, an estimate of each metric of `summary`; with references also `share_of_best_known`, a share
          of the value per episode of the best known policy; and under `seeds` the metrics of each seed. Shares are null for all
          agents if they are not meaningful for one of them (`statistics.meaningful`).
        - `pairs`: the paired differences of the metric that agents are ranked by, from the highest to the lowest (see
          `claims.pairs`): `difference` with the `low` and `high` of an interval that holds for all pairs at once, its p-value
          `p`, and `adjusted` for all pairs, whether the agents `differ`, the `spread` of the difference over seeds, paired and
          `unpaired`, and `probability_a_better` over the resamples.
        - `cold_start`: in a world that launches items, the `pairs` for `cold_start_regret`, from the highest to the lowest.
        - `segments`: for each agent, estimates of the rewards per slate in each segment of shoppers, if the world has segments.
        - `curves`: for each agent, the `slates` shown, and the `mean`, `low` and `high` of each metric of `curves` at these.
        - `collapsed`: for each agent, the seeds in which it collapses (see `collapse.collapsed_seeds`).
        - `notes`: notes on how to read the results.

        If `config` has `scalarizers`, the names are those of `contestants`, and an agent's entry also has its `agent` and
        `scalarizer`. Values are then utilities, which are comparable only under the same scalarizer: `oracle` has an estimate for
        each (`by_scalarizer`), `pairs` are within a scalarizer, and `by_scalarizer(results)` splits the results.
    """
    weights, objectives = config["weights"], config["plurals"]
    field = contestants(config)
    seeds = {name: [seed for seed in config["seeds"] if (name, seed) in runs] for name in field}
    names = [name for name, ran in seeds.items() if ran]
    columns = {name: _columns([summary(runs[name, seed], weights, objectives) for seed in seeds[name]]) for name in names}
    best_known = {each.seed: each.policies[BEST_KNOWN]["value_per_episode"] for each in references if BEST_KNOWN in each.policies}
    for name in names:
        if "value_per_episode" in columns[name] and set(best_known) >= set(seeds[name]):
            each_seed = zip(columns[name]["value_per_episode"], seeds[name], strict=True)
            columns[name]["share_of_best_known"] = [value / best_known[seed] for value, seed in each_seed]
    for metric in ("share_of_oracle", "share_of_context", "share_of_best_known"):
        _all_or_none(columns, metric)
    collapsed = {}
    if not config.get("scalarizers"):
        found = {name: collapsed_seeds({seed: runs[name, seed] for seed in seeds[name]}, weights) for name in names}
        collapsed = {name: numbers for name, numbers in found.items() if numbers}
    asked = len(field) * len(config["seeds"])
    goals = {scalarizer: [name for name in names if field[name][1] == scalarizer] for scalarizer in _goals(config)}
    since = {goal: columns[each[0]]["since"][0] for goal, each in goals.items() if each and "since" in columns[each[0]]}
    cold = cold_start_pairs(goals.values(), columns, seeds)
    results = {
        "config": dict(config),
        "status": status_of(len(runs), asked, failed),
        "runs": {"finished": len(runs), "asked": asked},
        "failed": as_entries(failed),
        "oracle": _ceilings(goals, columns, seeds),
        "references": _references(references),
        "fit": dict(fit) if fit else None,
        "agents": {name: _who(*field[name]) | _agent(columns[name], seeds[name]) for name in names},
        "pairs": [pair for group in goals.values() for pair in paired(group, columns, seeds, ranking(config))],
        **({"cold_start": {"pairs": cold}} if cold else {}),
        "segments": _segments(config, names, runs, seeds),
        "curves": {
            name: _curves([curves(runs[name, seed], weights, objectives=objectives) for seed in seeds[name]]) for name in names
        },
        "collapsed": collapsed,
        "notes": _notes(config, len(runs), asked, since, failed, collapsed) + cold_start_note(cold),
    }
    return dict(as_json(results))


def _all_or_none(columns: Mapping[str, dict[str, list[float]]], metric: str) -> None:
    """Set a share to NaN for all agents unless it is finite for every run of every agent."""
    shares = [metrics[metric] for metrics in columns.values() if metric in metrics]
    if any(not math.isfinite(value) for column in shares for value in column):
        for column in shares:
            column[:] = [math.nan] * len(column)


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    return {key: [row[key] for row in rows] for key in rows[0] if all(key in row for row in rows)}


def contestants(config: Mapping[str, Any]) -> dict[str, tuple[str, str | None]]:
    """The agents of a comparison; with scalarizers, every combination of an agent and a scalarizer, such as "lin-ts nash".

    Returns:
        By name, the agent and its scalarizer, or None.
    """
    return {
        agent if scalarizer is None else f"{agent} {scalarizer}": (agent, scalarizer)
        for scalarizer in _goals(config)
        for agent in config["agents"]
    }


def by_scalarizer(results: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Split results with scalarizers into the results of each scalarizer, in which agents have their own names."""
    parts = {}
    for scalarizer in _goals(results["config"]):
        own = {name: agent["agent"] for name, agent in results["agents"].items() if agent["scalarizer"] == scalarizer}
        pairs, cold = (
            [pair | {"a": own[pair["a"]], "b": own[pair["b"]]} for pair in every if pair["a"] in own]
            for every in (results["pairs"], results.get("cold_start", {}).get("pairs", ()))
        )
        parts[str(scalarizer)] = {
            **results,
            "config": {**results["config"], "scalarizers": [scalarizer]},
            "oracle": {"value": results["oracle"]["by_scalarizer"][scalarizer]},
            "agents": {agent: results["agents"][name] for name, agent in own.items()},
            "pairs": pairs,
            **({"cold_start": {"pairs": cold}} if cold else {}),
            "curves": {agent: results["curves"][name] for name, agent in own.items()},
            "notes": [],
        }
    return parts


def _goals(config: Mapping[str, Any]) -> Sequence[str | None]:
    return config.get("scalarizers") or [None]


def _who(agent: str, scalarizer: str | None) -> dict[str, Any]:
    return {} if scalarizer is None else {"agent": agent, "scalarizer": scalarizer}


def ranking(config: Mapping[str, Any]) -> str:
    """The metric that agents are ranked by: `value_per_episode`, or `value`, which is per slate.

    Args:
        config: the configuration of the comparison.
    """
    return "value_per_episode" if config.get("rank_by") == "episode" else "value"


def _ceilings(
    goals: Mapping[str | None, Sequence[str]],
    columns: Mapping[str, Mapping[str, Sequence[float]]],
    seeds: Mapping[str, Sequence[int]],
) -> dict[str, Any]:
    """The value of the oracle; with scalarizers, the best achievable utility for each."""
    if None in goals:
        return {"value": _oracle(columns, seeds)}
    best = {goal: _oracle({name: columns[name] for name in names}, seeds) for goal, names in goals.items()}
    only = next(iter(best.values())) if len(best) == 1 else Estimate(None)
    return {"value": only, "by_scalarizer": best}


def _agent(columns: Mapping[str, Sequence[float]], seeds: Sequence[int]) -> dict[str, Any]:
    shown = {metric: values for metric, values in columns.items() if metric != "oracle_value"}
    ran = {"seed": list(seeds), **{metric: plain(values) for metric, values in shown.items()}}
    return {**{metric: _estimate(values) for metric, values in shown.items()}, "seeds": ran}


def _estimate(values: Sequence[float]) -> Estimate:
    """The mean over seeds; empty if a value is not finite."""
    return Estimate.from_seeds(values) if np.isfinite(values).all() else Estimate(None)


def _oracle(columns: Mapping[str, Mapping[str, Sequence[float]]], seeds: Mapping[str, Sequence[int]]) -> Estimate:
    """The value of the oracle's slates for the shoppers of the runs, averaged over the agents."""
    by_seed: dict[int, list[float]] = {}
    for name in columns:
        for seed, value in zip(seeds[name], columns[name]["oracle_value"], strict=True):
            by_seed.setdefault(seed, []).append(value)
    return Estimate.from_seeds([float(np.mean(values)) for values in by_seed.values()]) if by_seed else Estimate(None)


def _references(references: Sequence[ReferenceValues]) -> dict[str, Any]:
    """The values of each reference policy, over the seeds."""
    if not references:
        return {}
    metrics = ("value_per_episode", "value", "visits_per_episode", "share_staying")
    return {
        name: {metric: Estimate.from_seeds([each.policies[name][metric] for each in references]) for metric in metrics}
        for name in references[0].policies
    }


def _segments(
    config: Mapping[str, Any],
    names: Sequence[str],
    runs: Mapping[tuple[str, int], Trace],
    seeds: Mapping[str, Sequence[int]],
) -> dict[str, Any]:
    """By agent and segment, the estimates of the rewards per slate and of their weighted sum."""
    labels, weights = config.get("segments") or [], np.asarray(config["weights"], np.float64)
    found: dict[str, Any] = {}
    for name in names:
        sums = [runs[name, seed].segments for seed in seeds[name]]
        known = [each for each in sums if each is not None]
        if not labels or len(known) < len(sums):
            continue
        found[name] = {}
        for number, label in enumerate(labels):
            rows = [each[number] for each in known if number < len(each) and each[number, 0] > 0]
            if len(rows) == len(known):
                means = np.array([row[1:] / row[0] for row in rows])
                rewards = zip(config["plurals"].values(), means.T, strict=True)
                found[name][label] = {
                    "value": Estimate.from_seeds(means @ weights),
                    **{per_slate(plural): Estimate.from_seeds(values) for plural, values in rewards},
                }
    return found


def _curves(rows: Sequence[Mapping[str, np.ndarray]]) -> dict[str, Any]:
    drawn: dict[str, Any] = {"slates": rows[0]["slates"].astype(int).tolist()}
    for metric in rows[0]:
        if metric != "slates":
            found = bootstrap([row[metric] for row in rows])
            drawn[metric] = {"mean": plain(found.mean), "low": plain(found.low), "high": plain(found.high)}
    return drawn


def plain(values: ArrayLike | Mapping[str, ArrayLike]) -> Any:
    """Convert numbers to JSON values; NaN becomes null."""
    if isinstance(values, Mapping):
        return {name: plain(value) for name, value in values.items()}
    array = np.asarray(values, np.float64)
    if array.ndim == 0:
        return float(array) if np.isfinite(array) else None
    return [plain(value) for value in array]


def _notes(
    config: Mapping[str, Any],
    finished: int,
    asked: int,
    since: Mapping[str | None, float],
    failed: Sequence[Failure],
    collapsed: Mapping[str, Sequence[int]],
) -> list[str]:
    notes = [note] if (note := ORACLE_NOTES[config["oracle"]]) else []
    if config.get("scalarizers"):
        notes.append(SCALARIZED)
    for goal, start in since.items():
        notes.append(f"{goal}: estimates cover the last goal, from slate {start:,.0f} on; curves show the whole run.")
    if trained := note_on_training(config):
        notes.append(trained)
    if len(config["seeds"]) == 1:
        notes.append("One seed gives no intervals: the order of the agents may be due to chance. Use several, such as --seeds 5.")
    elif len(config["seeds"]) < ENOUGH_SEEDS:
        notes.append(
            f"With {len(config['seeds'])} seeds, intervals hold only for nearly normal values; "
            f"with {ENOUGH_SEEDS} or more, they hold more generally."
        )
    for name, numbers in collapsed.items():
        where = f"{len(numbers)} of {len(config['seeds'])} seeds ({', '.join(map(str, numbers))})"
        notes.append(f"{name} collapses in {where}: it ends below 70 % of its best value, or of the median of its seeds.")
    if "unfitted" in config:
        notes.append(f"% of context is not available: {config['unfitted']}.")
    if "rank_note" in config:
        notes.append(config["rank_note"])
    notes += failure_notes(failed)
    if finished + len(failed) < asked:
        notes.append(f"Interrupted: {finished} of {asked} runs finished; only these are counted.")
    return notes
