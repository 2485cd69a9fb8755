"""The results of a profile as one dictionary: the content of `profile.json`, which the page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from slategym.bench.claims import ENOUGH_SEEDS, pairs
from slategym.bench.comparison.results import note_on_training
from slategym.bench.jobs.failures import Failure, as_entries, failure_notes, status_of
from slategym.bench.profiles.level import Outcome
from slategym.bench.profiles.tasks import TASKS
from slategym.bench.statistics import Estimate, as_json

Runs = Mapping[tuple[str, str, float, int], Outcome]  # by agent, task, dial and seed
Scores = dict[str, dict[int, float]]  # by agent and seed


def summarise(config: Mapping[str, Any], runs: Runs, asked: int, failed: Sequence[Failure] = ()) -> dict[str, Any]:
    """Summarise the runs of a profile.

    Args:
        config: configuration of the profile.
        runs: the finished runs.
        asked: number of planned runs.
        failed: the failed runs.

    Returns:
        JSON values, in which a mean over seeds is {"mean", "low", "high"}.

        - `tasks`: by name, what it tests (`asks`), its `dial`, what a `low` score means, and its `levels`: `setting`, `slates`,
          and the known values `random` and `best`.
        - `agents`: by name, the mean `score` over the tasks, and by task `score`, `levels` (score and value at each setting) and
          `seeds` (the score of each seed); tasks that were refused or did not run are missing.
        - `differences`: by task, the profiled agent minus each reference on the same seeds, with intervals that hold for all
          pairs of the task together, and `apart`, whether they differ significantly.
        - `config`, `status`, `runs`, `failed`, `notes`: as in `compare`.
    """
    names = [config["agent"], *config["references"]]
    scores = {task: _scores(names, task, runs) for task in config["tasks"]}
    result: dict[str, Any] = {
        "config": dict(config),
        "status": status_of(len(runs), asked, failed),
        "runs": {"finished": len(runs), "asked": asked},
        "failed": as_entries(failed),
        "tasks": {task: _about(task, runs) for task in config["tasks"]},
        "agents": {name: _agent(name, scores, runs) for name in names},
        "differences": {task: _differences(config["agent"], scores[task]) for task in config["tasks"]},
        "notes": [*failure_notes(failed), *_notes(config, scores)],
    }
    return dict(as_json(result))


def _scores(names: Sequence[str], task: str, runs: Runs) -> Scores:
    """The mean score over the levels of a task, for each agent and each seed that finished all levels."""
    settings = TASKS[task].settings
    found: Scores = {}
    for name in names:
        seeds = sorted({seed for agent, of, _, seed in runs if (agent, of) == (name, task)})
        whole = [seed for seed in seeds if all((name, task, dial, seed) in runs for dial in settings)]
        if whole:
            found[name] = {seed: float(np.mean([runs[name, task, dial, seed].score for dial in settings])) for seed in whole}
    return found


def _about(task: str, runs: Runs) -> dict[str, Any]:
    about, levels = TASKS[task], []
    for level in about.levels:
        here = [outcome for (_, of, dial, _), outcome in runs.items() if (of, dial) == (task, level.dial)]
        known = {
            name: float(np.mean([getattr(outcome, name) for outcome in here])) if here else None for name in ("random", "best")
        }
        levels.append({"setting": level.dial, "slates": level.slates, **known})
    return {"asks": about.asks, "dial": about.dial, "low": about.low, "levels": levels}


def _agent(name: str, scores: Mapping[str, Scores], runs: Runs) -> dict[str, Any]:
    done = {task: found[name] for task, found in scores.items() if name in found}
    tasks = {}
    for task, by_seed in done.items():
        levels = []
        for dial in TASKS[task].settings:
            here = [runs[name, task, dial, seed] for seed in by_seed]
            levels.append(
                {
                    "setting": dial,
                    "score": Estimate.from_seeds([outcome.score for outcome in here]),
                    "value": Estimate.from_seeds([outcome.value for outcome in here]),
                }
            )
        score = Estimate.from_seeds(list(by_seed.values()))
        tasks[task] = {"score": score, "levels": levels, "seeds": {str(seed): each for seed, each in by_seed.items()}}
    seeds = [seed for seed in next(iter(done.values()), {}) if all(seed in by_seed for by_seed in done.values())]
    means = [np.mean([by_seed[seed] for by_seed in done.values()]) for seed in seeds]
    whole = len(done) == len(scores) and bool(means)  # means over different tasks would not be comparable
    return {"score": Estimate.from_seeds(means) if whole else Estimate(None), "tasks": tasks}


def _differences(agent: str, scores: Scores) -> dict[str, Any]:
    """The agent minus each reference, and whether they differ significantly."""
    found: dict[str, Any] = {}
    for pair in pairs(scores):
        if agent not in (pair.a, pair.b):
            continue
        first = pair.a == agent
        difference = pair.difference if first or pair.difference.mean is None else pair.difference.subtracted_from(0.0)
        found[pair.b if first else pair.a] = {"difference": difference, "apart": pair.apart}
    return found


def _notes(config: Mapping[str, Any], scores: Mapping[str, Scores]) -> list[str]:
    notes = [
        f"{name} cannot do {task}: {reason}."
        for name, reasons in config.get("refused", {}).items()
        for task, reason in reasons.items()
    ]
    if trained := note_on_training(config):
        notes.append(trained)
    most = max((len(by_seed) for found in scores.values() for by_seed in found.values()), default=0)
    if most == 1:
        notes.append("One seed gives no interval: no difference can be significant.")
    elif most < ENOUGH_SEEDS:
        notes.append(f"With fewer than {ENOUGH_SEEDS} seeds (here {most}), intervals hold only if scores are nearly normal.")
    return notes
