"""Models of clicks and conversions on a log: trained, judged by the log, by the truth and by what they earn."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from slategym.agents.base import Problem
from slategym.agents.registry import agent_identity
from slategym.bench.comparison.results import configuration
from slategym.bench.prediction.corruption import LEVELS, Kind
from slategym.bench.prediction.models import make_model
from slategym.bench.prediction.parts import split, split_steps
from slategym.bench.prediction.prediction import LOG_LOSS, Prediction
from slategym.bench.replay.logged import LoggedSteps, is_slategym_log, load_steps
from slategym.bench.rollouts import refuse_schedule
from slategym.logs.log import Log
from slategym.logs.reading import read_log
from slategym.sim.objectives.base import CONVERSION
from slategym.sim.world import World
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Seed, SeedCount, ShopperCount, SlateCount
from slategym.utils.storage.fingerprint import code_version, fingerprint

DEFAULT_MODELS = (
    "predictor:logistic-regression",
    "predictor:mlp",
    "predictor:esmm",
    "predictor:wide-and-deep",
    "predictor:two-tower",
    "logistic-ts",
    "popularity",
)
KINDS = get_args(Kind)
TRUE_SLATES = 5000
STEPS = 40  # of a log of impressions, at least, if it has as many slates


@checked
def plan_prediction(
    log: Log | str | Path,
    models: Sequence[str] = DEFAULT_MODELS,
    *,
    epochs: Count = 20,
    patience: Count = 3,
    seed: Seed = 0,
    seeds: SeedCount = 3,
    earn_slates: SlateCount = 20_000,
    shoppers: ShopperCount = 1000,
    true_slates: Count = TRUE_SLATES,
    corruption: Sequence[str] = (),
    levels: Sequence[float] = LEVELS,
    trust: bool = False,
    columns: str | None = None,
    encoding: str | None = None,
) -> Prediction:
    """Check everything that `predict` needs, without training anything.

    Args:
        log: see `predict`, as all the others.
        models: see there.
        epochs: see there.
        patience: see there.
        seed: see there.
        seeds: see there.
        earn_slates: see there.
        shoppers: see there.
        true_slates: see there.
        corruption: see there.
        levels: see there.
        trust: see there.
        columns: see there.
        encoding: see there.

    Raises:
        ValueError: see there.
        ImportError: see there.
    """
    if not isinstance(log, Log) and not is_slategym_log(log):
        return _of_impressions(log, models, epochs, patience, seed, corruption, columns, encoding)
    if columns or encoding:
        raise ValueError("the log is one of slategym, whose columns are known: leave out columns and encoding")
    read = log if isinstance(log, Log) else read_log(log)
    world = _world_of(read, trust)
    problem = Problem.of(world)
    check_models(models, problem)
    for kind in corruption:
        if kind not in KINDS:
            raise ValueError(f"corruption is {kind!r}: expected {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    wrong = [level for level in levels if not 0 < level <= 1]
    if wrong or len(set(levels)) < len(levels):
        raise ValueError(f"levels is {list(levels)!r}: expected different numbers above 0 to 1")
    parts = split(read, problem, world.visits)
    config = configuration(
        world,
        read.config.get("options"),
        [fingerprint(read.columns), [agent_identity(name) for name in models]],
        models=list(models),
        logged_by=read.config.get("agent", "another agent"),
        log=fingerprint([read.about, read.columns]),
        parts=parts.sizes,
        epochs=epochs,
        patience=patience,
        seed=seed,
        seeds=seeds,
        earn_slates=earn_slates,
        shoppers=shoppers,
        true_slates=true_slates,
        rank_by="value_per_episode" if world.user_model.anyone_leaves else "value",
        corruption=list(dict.fromkeys(corruption)),
        levels=sorted(levels),
    )
    return Prediction(config, problem, parts, world)


def _of_impressions(
    log: str | Path,
    models: Sequence[str],
    epochs: int,
    patience: int,
    seed: int,
    corruption: Sequence[str],
    columns: str | None,
    encoding: str | None,
) -> Prediction:
    """The prediction of any log of impressions, whose truth nobody knows."""
    if corruption:
        raise ValueError("corruption is measured by exact probabilities, which no log of impressions has: leave it out")
    logged = load_steps(log, columns, encoding=encoding)
    if len(logged.steps) < STEPS:  # smaller steps, so that the parts have the shares that are asked for
        logged = load_steps(log, columns, encoding=encoding, rows=max(logged.slates // STEPS, 1))
    if CONVERSION not in logged.problem.objective_names:
        logged = _without_conversions(logged)
    check_models(models, logged.problem)
    parts = split_steps(logged.steps)
    try:
        mark = fingerprint([logged.problem, logged.steps, [agent_identity(name) for name in models], code_version()])
    except ValueError:
        mark = None
    config = {
        "world": str(log),
        "columns": columns,
        "models": list(models),
        "logged_by": "another policy",
        "parts": parts.sizes,
        "epochs": epochs,
        "patience": patience,
        "seed": seed,
        "rank_by": LOG_LOSS,
        "corruption": [],
        "levels": [],
        "notes": list(logged.notes),
        "items": logged.problem.items,
        "slate_size": logged.problem.slate_size,
        "fingerprint": mark,
    }
    return Prediction(config, logged.problem, parts)


@checked
def predict(
    log: Log | str | Path,
    models: Sequence[str] = DEFAULT_MODELS,
    *,
    folder: str | Path | None = None,
    epochs: Count = 20,
    patience: Count = 3,
    seed: Seed = 0,
    seeds: SeedCount = 3,
    earn_slates: SlateCount = 20_000,
    shoppers: ShopperCount = 1000,
    true_slates: Count = TRUE_SLATES,
    corruption: Sequence[str] = (),
    levels: Sequence[float] = LEVELS,
    trust: bool = False,
    columns: str | None = None,
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Train models of clicks and conversions on a log, and evaluate them on its last part, by the truth and by what they earn.

    The log is divided in time order: 70 % to train, 15 % to stop the training, 15 % to test. For each slate, models use only what
    is known about the shopper before it. The numbers of a model do not depend on the other models.

    Args:
        log: of `slategym simulate`, with observations, or its folder; or any log of impressions, as `read_impressions` takes it,
            by which alone models are then judged.
        models: names of agents that have estimates, with options or without.
        folder: where each model is saved, as `models/NAME.agent`, and its results are kept; nowhere if None.
        epochs: of a predictor, at most; other agents see the log once.
        patience: epochs without a lower validation loss, after which a predictor's training stops.
        seed: of the models, the random slates, the corruption and the shoppers of the runs.
        seeds: runs of each model as an agent.
        earn_slates: of each of these runs, in which the model goes on learning.
        shoppers: simulated together in these runs.
        true_slates: random slates whose exact probabilities models are compared with.
        corruption: kinds of corruption of the training part, of missing, outliers and labels; each is as many further trainings
            as there are levels.
        levels: shares of values that are corrupted.
        trust: run files that the log names.
        columns: what the columns of a log of impressions mean, where their names do not tell.
        encoding: of its texts.
        progress: called with the slates that were learned and shown so far.
        stop: asked often; once it returns True, the finished models are summarised.

    Returns:
        JSON values: `config`, `status`, `notes`, `models`, `observation` (what the observation itself tells of shoppers),
        `orders` of the models by AUC, by exact error and by value, and `agreement_with_value` of the others (rank correlation),
        `ranked_by`, what value that is, `pairs`; and `costs` where there is no folder, else in `costs.json` there. Of each model:

        - `fit`: losses of each epoch; `parameters`; `examination` of ranks.
        - `test`: metrics of click, conversion (given a click, over what was clicked) and both (`metrics.judged`).
        - `exact`: `rmse`, `bias`, `rank_correlation` and the same metrics in expectation, over all impressions of random slates.
        - `selection_bias`, `profile` (R2 of each trait), `earnings` and `corruption`.

        Of a log of impressions there are `fit`, `parameters`, `examination` and `test` alone, and models are ordered by log-loss.

    Raises:
        ValueError: an argument is out of its range, there is no such log, model or option, a model has no estimates, or the log's
            world cannot be made, has changed since or has a schedule.
        ImportError: a model needs a library that is not installed.
        RuntimeError: every model failed (`RunsFailedError`).

    Warns:
        RunsFailedWarning: some models failed.
    """
    planned = plan_prediction(
        log,
        models,
        epochs=epochs,
        patience=patience,
        seed=seed,
        seeds=seeds,
        earn_slates=earn_slates,
        shoppers=shoppers,
        true_slates=true_slates,
        corruption=corruption,
        levels=levels,
        trust=trust,
        columns=columns,
        encoding=encoding,
    )
    return planned.run(None, progress, stop, None, Path(folder) if folder is not None else None)


def _without_conversions(logged: LoggedSteps) -> LoggedSteps:
    """A log of clicks alone with conversions that never happen, as models estimate both."""
    problem = logged.problem
    problem = replace(
        problem,
        objective_names=(*problem.objective_names, CONVERSION),
        weights=(*problem.weights, 0.0),
        causes=(*problem.causes, CONVERSION),
    )
    steps = tuple(
        (observation, decision, replace(feedback, objectives=np.pad(feedback.objectives, ((0, 0), (0, 1)))))
        for observation, decision, feedback in logged.steps
    )
    told = "The log has no conversions: what is said of them means nothing."
    return replace(logged, problem=problem, steps=steps, notes=(*logged.notes, told))


def check_models(models: Sequence[str], problem: Problem) -> None:
    """Make every model once, to see whether it can be judged.

    Raises:
        ValueError: there is none, one is named twice, or one cannot be made or has no estimates.
        ImportError: one needs a library that is not installed.
    """
    if not models:
        raise ValueError("models is empty: expected at least one")
    for name in models:
        if list(models).count(name) > 1:
            raise ValueError(f"models names {name!r} twice: name it once")
        make_model(name, problem, 0)


def _world_of(log: Log, trust: bool) -> World:
    """The world of a log, as it was when the log was written.

    Raises:
        ValueError: it cannot be made, has changed since, or has a schedule.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            world = log.world(trust=trust)
        except UserWarning as warning:
            raise ValueError(f"{warning}: expected a log of the world as it is now, whose probabilities are known") from None
    refuse_schedule(world, "a prediction")
    return world
