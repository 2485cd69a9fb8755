"""The results of a comparison as one dictionary: what `results.json` holds and the report draws."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from slategym.agents.registry import is_trained
from slategym.bench.comparison.metrics import curves, summary
from slategym.bench.execution.failures import Failure, as_entries, failure_notes, status_of
from slategym.bench.execution.trace import Trace
from slategym.bench.statistics import Estimate, as_json, bootstrap, probability_better, share
from slategym.sim.world import World
from slategym.utils.storage.fingerprint import code_version, fingerprint

if TYPE_CHECKING:
    from slategym.bench.ceilings.job import ContextRuns

LIBRARIES = ("slategym", "numpy", "scipy", "gymnasium", "torch", "stable-baselines3", "pyarrow")


ORACLE_NOTES = {
    "exact": "",
    "approximate": "The oracle is approximate: regret is slightly too low.",
    "estimated": "The user model is a black box: expectations, the oracle and regret are estimates by simulation.",
}


SCALARIZED = (
    "Values are utilities of the mean objectives, and comparable under the same scalarizer only; "
    "docs/several-objectives.md explains them."
)


def configuration(world: World, options: Mapping[str, Any] | None, code: Any = None, **run: Any) -> dict[str, Any]:
    """The configuration of a run or a comparison: the world, its options, what is run, and the libraries' versions.

    Args:
        world: the world.
        options: that it was made with.
        code: what else the numbers depend on, such as the classes of custom agents.
        **run: entries on what is run.

    Returns:
        JSON values; `oracle` says whether the oracle's slates and regret are "exact", "approximate" or "estimated", and
        `fingerprint` is equal for the same configuration, world and code, and null where that cannot be told.
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
        "oracle": "exact" if world.oracle_is_exact else "estimated" if world.estimated else "approximate",
        "fingerprint": found,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    }


def trained_before(agents: Mapping[str, Any]) -> dict[str, list[str]]:
    """The entry of `configuration` on agents, of makers by name, that were trained before; empty without any."""
    names = [name for name, maker in agents.items() if isinstance(maker, str) and is_trained(maker)]
    return {"trained_before": names} if names else {}


def note_on_training(config: Mapping[str, Any]) -> str:
    """A sentence on the agents that were trained before; empty without any."""
    names = config.get("trained_before")
    return f"{', '.join(names)}: trained before, on slates that are not counted here." if names else ""


def summarise(
    config: Mapping[str, Any],
    runs: Mapping[tuple[str, int], Trace],
    context: ContextRuns | None = None,
    failed: Sequence[Failure] = (),
) -> dict[str, Any]:
    """Summarise the runs of a comparison.

    Args:
        config: what was run, as `configuration` gives it with `agents`, `seeds` and `weights`.
        runs: the finished runs by (agent, seed). A missing one is left out of its agent's estimates and of its pairs.
        context: the runs of the best slates from the observation, if there are any.
        failed: the runs that failed.

    Returns:
        JSON values. An estimate is `{"mean", "low", "high"}` with a 95 % bootstrap interval over the seeds, null where there
        is none.

        - `config`; `status`, "finished", "interrupted" or "failed"; `runs`, how many finished of how many; `failed`, the `run`,
          `error` and `traceback` of those that failed.
        - `oracle`: `{"value": estimate}`, the exact expectation of the oracle's slates for the shoppers of the runs.
        - `context`: null, or the exact expectation of the best slates from the observation on the same seeds: `value`, its
          `share_of_oracle`, and `fit`, how good the fit is (`ContextCeiling.report`).
        - `agents`: by name, an estimate for each metric of `summary`, with a context its `share_of_context`, and under `seeds`
          the metrics of each seed; shares are null for all agents where those of one mean nothing (`statistics.meaningful`).
        - `pairs`: the paired differences of the values, with `probability_a_better` over the resamples.
        - `curves`: by agent, `slates` shown, and for each metric of `curves` its `mean`, `low` and `high` there.
        - `notes`: what to know when reading them.

        Where `config` has `scalarizers`, the names are those of `contestants`, and an agent's entry has its `agent` and
        `scalarizer` too. Values are then utilities, comparable only under the same scalarizer: `oracle` has one for each
        (`by_scalarizer`), `pairs` are of the same scalarizer, and `by_scalarizer(results)` splits the whole.
    """
    weights, objectives = config["weights"], config["plurals"]
    field = contestants(config)
    seeds = {name: [seed for seed in config["seeds"] if (name, seed) in runs] for name in field}
    names = [name for name, ran in seeds.items() if ran]
    columns = {name: _columns([summary(runs[name, seed], weights, objectives) for seed in seeds[name]]) for name in names}
    if context:
        seen = {seed: np.average(trace.expected, axis=0, weights=trace.slates) for seed, trace in context.traces.items()}
        for name in names:
            rows = {seed: summary(runs[name, seed], weights, objectives) for seed in seeds[name]}
            columns[name]["share_of_context"] = [share(_expected(row), seen[seed], weights) for seed, row in rows.items()]
    for metric in ("share_of_oracle", "share_of_context"):
        _all_or_none(columns, metric)
    asked = len(field) * len(config["seeds"])
    goals = {scalarizer: [name for name in names if field[name][1] == scalarizer] for scalarizer in _goals(config)}
    since = {goal: columns[each[0]]["since"][0] for goal, each in goals.items() if each and "since" in columns[each[0]]}
    results = {
        "config": dict(config),
        "status": status_of(len(runs), asked, failed),
        "runs": {"finished": len(runs), "asked": asked},
        "failed": as_entries(failed),
        "oracle": _ceilings(goals, columns, seeds),
        "context": _context(context, weights, objectives) if context else None,
        "agents": {name: _who(*field[name]) | _agent(columns[name], seeds[name]) for name in names},
        "pairs": [_pair(a, b, columns, seeds) for group in goals.values() for a, b in combinations(_ranked(group, columns), 2)],
        "curves": {
            name: _curves([curves(runs[name, seed], weights, objectives=objectives) for seed in seeds[name]]) for name in names
        },
        "notes": _notes(config, len(runs), asked, since, failed),
    }
    return dict(as_json(results))


def _all_or_none(columns: Mapping[str, dict[str, list[float]]], metric: str) -> None:
    """Remove a share from all agents unless every run of every agent has one."""
    shares = [metrics[metric] for metrics in columns.values() if metric in metrics]
    if any(not math.isfinite(value) for column in shares for value in column):
        for column in shares:
            column[:] = [math.nan] * len(column)


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    return {key: [row[key] for row in rows] for key in rows[0]}


def contestants(config: Mapping[str, Any]) -> dict[str, tuple[str, str | None]]:
    """The agents of a comparison, or with scalarizers each agent with each of them, such as "lin-ts nash".

    Returns:
        The agent and its scalarizer, if there is one, by name.
    """
    return {
        agent if scalarizer is None else f"{agent} {scalarizer}": (agent, scalarizer)
        for scalarizer in _goals(config)
        for agent in config["agents"]
    }


def by_scalarizer(results: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Split results with scalarizers into those of each scalarizer, in which the agents have their own names."""
    parts = {}
    for scalarizer in _goals(results["config"]):
        own = {name: agent["agent"] for name, agent in results["agents"].items() if agent["scalarizer"] == scalarizer}
        pairs = [pair | {"a": own[pair["a"]], "b": own[pair["b"]]} for pair in results["pairs"] if pair["a"] in own]
        parts[str(scalarizer)] = {
            **results,
            "config": {**results["config"], "scalarizers": [scalarizer]},
            "oracle": {"value": results["oracle"]["by_scalarizer"][scalarizer]},
            "agents": {agent: results["agents"][name] for name, agent in own.items()},
            "pairs": pairs,
            "curves": {agent: results["curves"][name] for name, agent in own.items()},
            "notes": [],
        }
    return parts


def _goals(config: Mapping[str, Any]) -> Sequence[str | None]:
    return config.get("scalarizers") or [None]


def _who(agent: str, scalarizer: str | None) -> dict[str, Any]:
    return {} if scalarizer is None else {"agent": agent, "scalarizer": scalarizer}


def _ranked(names: Sequence[str], columns: Mapping[str, Mapping[str, Sequence[float]]]) -> list[str]:
    return sorted(names, key=lambda name: -float(np.mean(columns[name]["value"])))


def _ceilings(
    goals: Mapping[str | None, Sequence[str]],
    columns: Mapping[str, Mapping[str, Sequence[float]]],
    seeds: Mapping[str, Sequence[int]],
) -> dict[str, Any]:
    """The value of the oracle; under scalarizers the best achievable for each."""
    if None in goals:
        return {"value": _oracle(columns, seeds)}
    best = {goal: _oracle({name: columns[name] for name in names}, seeds) for goal, names in goals.items()}
    only = next(iter(best.values())) if len(best) == 1 else Estimate(None)
    return {"value": only, "by_scalarizer": best}


def _agent(columns: Mapping[str, Sequence[float]], seeds: Sequence[int]) -> dict[str, Any]:
    shown = {metric: values for metric, values in columns.items() if metric != "oracle_value"}
    ran = {"seed": list(seeds), **{metric: plain(values) for metric, values in shown.items()}}
    return {**{metric: Estimate.from_seeds(values) for metric, values in shown.items()}, "seeds": ran}


def _oracle(columns: Mapping[str, Mapping[str, Sequence[float]]], seeds: Mapping[str, Sequence[int]]) -> Estimate:
    """The value of the oracle's slates for the shoppers of the runs, averaged over the agents."""
    by_seed: dict[int, list[float]] = {}
    for name in columns:
        for seed, value in zip(seeds[name], columns[name]["oracle_value"], strict=True):
            by_seed.setdefault(seed, []).append(value)
    return Estimate.from_seeds([float(np.mean(values)) for values in by_seed.values()]) if by_seed else Estimate(None)


def _context(context: ContextRuns, weights: Sequence[float], objectives: Mapping[str, str]) -> dict[str, Any]:
    """The expected value of the best slates from the observation."""
    rows = [summary(trace, weights, objectives) for trace in context.traces.values()]
    return {
        "value": Estimate.from_seeds([_expected(row) for row in rows]),
        "share_of_oracle": Estimate.from_seeds([row["share_of_oracle"] for row in rows]),
        "fit": context.fit,
    }


def _expected(row: Mapping[str, float]) -> float:
    """The expected value per slate, free of chance in clicks."""
    return row["oracle_value"] - row["regret_per_slate"]


def _pair(
    a: str, b: str, columns: Mapping[str, Mapping[str, Sequence[float]]], seeds: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    both = [seed for seed in seeds[a] if seed in seeds[b]]
    of_a, of_b = (np.array([columns[name]["value"][seeds[name].index(seed)] for seed in both]) for name in (a, b))
    if not both:
        return {"a": a, "b": b, "difference": None, "low": None, "high": None, "probability_a_better": None}
    gap = Estimate.from_seeds(of_a - of_b)
    probability = probability_better(of_a, of_b) if len(both) > 1 else None
    return {
        "a": a,
        "b": b,
        "difference": gap.mean,
        "low": gap.low,
        "high": gap.high,
        "probability_a_better": probability,
    }


def _curves(rows: Sequence[Mapping[str, np.ndarray]]) -> dict[str, Any]:
    drawn: dict[str, Any] = {"slates": rows[0]["slates"].astype(int).tolist()}
    for metric in rows[0]:
        if metric != "slates":
            found = bootstrap([row[metric] for row in rows])
            drawn[metric] = {"mean": plain(found.mean), "low": plain(found.low), "high": plain(found.high)}
    return drawn


def plain(values: ArrayLike | Mapping[str, ArrayLike]) -> Any:
    """Numbers as JSON has them: NaN is null."""
    if isinstance(values, Mapping):
        return {name: plain(value) for name, value in values.items()}
    array = np.asarray(values, np.float64)
    if array.ndim == 0:
        return float(array) if np.isfinite(array) else None
    return [plain(value) for value in array]


def _notes(
    config: Mapping[str, Any], finished: int, asked: int, since: Mapping[str | None, float], failed: Sequence[Failure]
) -> list[str]:
    notes = [note] if (note := ORACLE_NOTES[config["oracle"]]) else []
    if config.get("scalarizers"):
        notes.append(SCALARIZED)
    for goal, start in since.items():
        notes.append(f"{goal}: estimates are of the last goal, from slate {start:,.0f} on; curves show the whole run.")
    if trained := note_on_training(config):
        notes.append(trained)
    if len(config["seeds"]) == 1:
        notes.append("One seed gives no intervals: the order of the agents may be due to chance. Run several, such as --seeds 5.")
    notes += failure_notes(failed)
    if finished + len(failed) < asked:
        notes.append(f"Interrupted: {finished} of {asked} runs finished; only those are counted.")
    return notes
