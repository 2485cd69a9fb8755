"""The results of a search as one dictionary: the content of `tuning.json`, which the page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from slategym.bench.format import listed
from slategym.bench.jobs.failures import Failure, as_entries, failure_notes, status_of, tell_failures
from slategym.bench.statistics import Estimate, as_json, together
from slategym.bench.tuning.samplers import distributions, new_study, quiet
from slategym.bench.tuning.space import SearchSpace
from slategym.bench.tuning.trial import TrialJob, TrialResult
from slategym.utils.specification import split_options

LEAST = 8  # minimum number of finished trials for importances
TOP = 0.25  # share of the best trials that importances are computed for


@dataclass(frozen=True)
class Trial:
    """A trial of a search.

    Attributes:
        number: number of the trial; 0 for the defaults.
        settings: values by option; empty for the defaults.
        agent: name of the agent with these options.
        result: its result; None if it was not run.
        value: mean over its worlds and seeds; None if it did not finish.
    """

    number: int
    settings: Mapping[str, Any]
    agent: str
    result: TrialResult | Failure | None = None
    value: float | None = field(default=None)


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The trial with the highest value (ties: lowest number); None if no trial has finished.

    Args:
        trials: the trials, ordered by number.
    """
    finished = [trial for trial in trials if trial.value is not None]
    return max(finished, key=lambda trial: (trial.value, -trial.number)) if finished else None


def summarise(
    config: Mapping[str, Any],
    space: SearchSpace,
    trials: Sequence[Trial],
    judged: Sequence[tuple[TrialJob, TrialResult | Failure | None]],
) -> dict[str, Any]:
    """Summarise a search.

    Args:
        config: configuration of the search.
        space: the options that were searched.
        trials: the trials, the defaults first.
        judged: the runs on other seeds with their results; empty if there are none.

    Returns:
        JSON values.

        - `config`, `status`, `runs`, `failed`, `notes`: as in `compare`; the runs are the trials and the runs on other seeds.
        - `trials`: for each its `number`, `settings`, `value`, `state` ("finished", "pruned" or "failed"), the number of `slates`
          shown, and `values`, by world the value of each seed. With several worlds, `value` is relative to the defaults.
        - `best`: number, settings, value, `agent` and `scalarizer` of the best trial; null if no trial finished.
        - `defaults`: default value of each option that was searched.
        - `importance`: the share of each option in the difference between the best quarter of the trials and all trials
          (PED-ANOVA: Watanabe, Bansal, Hutter, IJCAI 2023); empty if there are fewer than eight trials.
        - `judgement`: null, or see `judgement_of`.

    Raises:
        RunsFailedError: every run failed.
    """
    done = [*(trial.result for trial in trials), *(result for _, result in judged)]
    failed = [result for result in done if isinstance(result, Failure)]
    finished = sum(isinstance(result, TrialResult) for result in done)
    comparable = bool(trials) and not isinstance(trials[0].result, Failure)  # the defaults did not fail
    best = best_of(trials) if comparable else None
    runs = 2 * len(config["judge_worlds"]) * len(config["judge_seeds"])
    searched = len(trials) == 1 + config["trials"] and all(trial.result is not None for trial in trials)
    asked = 1 + config["trials"] + (0 if searched and (best is None or best.number == 0) else runs)
    asked = asked if comparable else len(trials)
    told = None if best is None else space.texts(best.settings)
    results: dict[str, Any] = {
        "config": dict(config),
        "status": status_of(finished, asked, failed),
        "runs": {"finished": finished, "asked": asked},
        "failed": as_entries(failed),
        "trials": [_entry(config, trial) for trial in trials if trial.result is not None],
        "best": None
        if best is None or told is None
        else {
            "number": best.number,
            "settings": dict(best.settings),
            "value": best.value,
            "agent": told[0],
            "scalarizer": told[1],
        },
        "defaults": dict(space.defaults),
        "importance": _importance(space, trials),
        "judgement": judgement_of(config, judged) if judged else None,
    }
    return tell_failures(dict(as_json({**results, "notes": _notes(results, space, trials, best, searched)})))


def judgement_of(
    config: Mapping[str, Any], judged: Sequence[tuple[TrialJob, TrialResult | Failure | None]]
) -> dict[str, Any] | None:
    """The comparison of the best settings with the defaults, on seeds that no trial used.

    Args:
        config: configuration of the search.
        judged: the runs; for each seed of each world, the run with the defaults and then the run with the best settings.

    Returns:
        - `worlds`: by name of a world, the estimates of `defaults` and `best`, of their paired `difference`, and of the
          difference as a share of the defaults' mean, `relative`. Worlds with the same name, such as several catalogues, are
          averaged; `seeds` has the values of each.
        - `all`: this share, averaged over the names.
        - `claims`: the number of differences; their intervals hold together with 95 % (Student's t, Bonferroni).

        None if a run is missing.
    """
    values = [result.values[0] if isinstance(result, TrialResult) else np.nan for _, result in judged]
    texts = list(config["judge_worlds"])
    by_world = np.array(values).reshape(len(texts), len(config["judge_seeds"]), 2)
    if not np.isfinite(by_world).all():
        return None
    names = list(dict.fromkeys(split_options(text)[0] for text in texts))
    claims = len(names) + (len(names) > 1)
    level = together(claims)
    worlds, shares = {}, []
    for name in names:
        own = [place for place, text in enumerate(texts) if split_options(text)[0] == name]
        defaults, best = by_world[own].mean(axis=0).T
        difference = Estimate.from_samples(best - defaults, level)
        unit = abs(float(defaults.mean()))
        worlds[name] = {
            "metric": config["metrics"][texts[own[0]]],
            "defaults": Estimate.from_seeds(defaults),
            "best": Estimate.from_seeds(best),
            "difference": difference,
            "relative": difference.divided_by(unit),
            "seeds": {
                texts[place]: {"defaults": by_world[place, :, 0].tolist(), "best": by_world[place, :, 1].tolist()}
                for place in own
            },
        }
        shares.append((best - defaults) / (unit or 1.0))
    return {"worlds": worlds, "all": Estimate.from_samples(np.mean(shares, axis=0), level), "claims": claims}


def _entry(config: Mapping[str, Any], trial: Trial) -> dict[str, Any]:
    result, seeds = trial.result, len(config["seeds"])
    if not isinstance(result, TrialResult):
        return {"number": trial.number, "settings": dict(trial.settings), "value": None, "state": "failed", "slates": 0}
    starts = {text: seeds * place for place, text in enumerate(config["worlds"])}
    return {
        "number": trial.number,
        "settings": dict(trial.settings),
        "value": trial.value,
        "state": "pruned" if result.pruned else "finished",
        "slates": result.slates,
        "values": {text: list(result.values[start : start + seeds]) for text, start in starts.items()},
    }


def _importance(space: SearchSpace, trials: Sequence[Trial]) -> dict[str, float]:
    """The importance of each option, the highest first."""
    finished = [trial for trial in trials if trial.value is not None and trial.number]
    if len(finished) < LEAST or len(space.ranges) < 2 or len({trial.value for trial in finished}) < 2:
        return {}
    import optuna

    spread, study = distributions(space.ranges), new_study()
    with quiet():
        for trial in finished:
            study.add_trial(optuna.trial.create_trial(params=dict(trial.settings), distributions=spread, value=trial.value))
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=TOP)
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in found.items() if np.isfinite(share)}


def _notes(
    results: Mapping[str, Any], space: SearchSpace, trials: Sequence[Trial], best: Trial | None, searched: bool
) -> list[str]:
    notes, config = [], results["config"]
    pruned = sum(isinstance(trial.result, TrialResult) and trial.result.pruned for trial in trials)
    if pruned:
        shown = sum(entry["slates"] for entry in results["trials"])
        whole = len(results["trials"]) * len(config["worlds"]) * len(config["seeds"]) * config["slates"]
        notes.append(
            f"{pruned} of {len(trials)} trials were stopped early, which saved {100 * (1 - shown / whole):.0f} % of the slates."
        )
    if searched and best is not None and best.number == 0:
        notes.append("No trial was better than the defaults on the seeds of the search, so there is nothing to compare.")
    ends = [each.name for each in space.ranges if best is not None and best.number and each.at_end(best.settings[each.name])]
    if ends:
        notes.append(f"The best value of {listed(ends)} is close to an end of its range: better values may lie outside.")
    if len(config["worlds"]) > 1:
        notes.append("The value of a trial is the mean, over the worlds, of its value relative to that of the defaults.")
    if trials and isinstance(trials[0].result, Failure):
        notes.append("The defaults failed, so there is nothing to compare with.")
    notes += failure_notes([trial.result for trial in trials if isinstance(trial.result, Failure)])
    if results["status"] == "interrupted":
        notes.append(f"Interrupted: {results['runs']['finished']} of {results['runs']['asked']} runs finished.")
    return notes
