"""The ways to choose settings, and to end a trial early: Optuna's samplers and pruners, by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from slategym.bench.tuning.ranges import SearchRange
from slategym.utils.optional import require
from slategym.utils.ranges import Count, PointCount, Range, Whole
from slategym.utils.specification import call_with_text, choose_named, split_options

Ranges = Sequence[SearchRange]
Population = Annotated[int, Range(2, 10_000)]
Percentile = Annotated[float, Range(0, 100, above=True)]
STARTUP = 8  # settings drawn at random before a sampler goes by what was found
WARMUP = 4  # reports, half of the first run, before which no trial ends: agents that explore more earn less at first


def grid(ranges: Ranges, seed: int, *, points: PointCount = 3) -> Any:
    """Every combination of some values of each option, in random order.

    Args:
        ranges: what is searched.
        seed: of the order.
        points: numbers of each range, its ends among them; of values that are listed, all.
    """
    optuna = require("optuna", "tune")

    # Optuna's own ends its loop after the last one, and here is no loop of Optuna's.
    kind = type("GridSampler", (optuna.samplers.GridSampler,), {"after_trial": lambda *arguments: None})
    return kind({each.name: each.grid(points) for each in ranges}, seed=seed)


def random(ranges: Ranges, seed: int) -> Any:
    """Settings drawn independently.

    Args:
        ranges: what is searched.
        seed: of what is drawn.
    """
    return require("optuna", "tune").samplers.RandomSampler(seed=seed)


def tpe(ranges: Ranges, seed: int, *, startup: Count = STARTUP) -> Any:
    """Tree-structured Parzen estimator (Bergstra et al., NIPS 2011).

    Args:
        ranges: what is searched.
        seed: of what is drawn.
        startup: settings drawn at random first.
    """
    return require("optuna", "tune").samplers.TPESampler(seed=seed, n_startup_trials=startup)


def gp(ranges: Ranges, seed: int, *, startup: Count = STARTUP) -> Any:
    """Bayesian optimisation with a Gaussian process, by expected improvement (Jones, Schonlau, Welch, 1998).

    Args:
        ranges: what is searched.
        seed: of what is drawn.
        startup: settings drawn at random first.
    """
    return require("optuna", "tune").samplers.GPSampler(seed=seed, n_startup_trials=startup)


def evolutionary(ranges: Ranges, seed: int, *, population: Population = STARTUP) -> Any:
    """A genetic algorithm, NSGA-II with one objective (Deb et al., 2002); it takes options of every kind.

    Args:
        ranges: what is searched.
        seed: of what is drawn.
        population: settings of a generation.
    """
    return require("optuna", "tune").samplers.NSGAIISampler(seed=seed, population_size=population)


def median(*, startup: Count = 5, warmup: Whole = WARMUP) -> Any:
    """Ends a trial that has earned less than the median of the finished ones had at the same point.

    Args:
        startup: trials that must have finished before.
        warmup: reports of a trial that are not looked at.
    """
    return require("optuna", "tune").pruners.MedianPruner(n_startup_trials=startup, n_warmup_steps=warmup)


def percentile(*, percentile: Percentile = 25.0, startup: Count = 5, warmup: Whole = WARMUP) -> Any:
    """Ends a trial that is not among the best of the finished ones at the same point.

    Args:
        percentile: of the finished trials, that it must be among.
        startup: trials that must have finished before.
        warmup: reports of a trial that are not looked at.
    """
    return require("optuna", "tune").pruners.PercentilePruner(percentile, n_startup_trials=startup, n_warmup_steps=warmup)


SAMPLERS: dict[str, Callable[..., Any]] = {
    "grid": grid,
    "random": random,
    "tpe": tpe,
    "gp": gp,
    "evolutionary": evolutionary,
}
PRUNERS: dict[str, Callable[..., Any]] = {"median": median, "percentile": percentile}


def make_sampler(text: str, ranges: Ranges, seed: int) -> Any:
    """The sampler of a text.

    Args:
        text: "tpe", "gp", "random", "grid:points=5" or "evolutionary:population=10".
        ranges: what is searched.
        seed: of its random numbers.

    Raises:
        ValueError: there is no such sampler or option.
        ImportError: Optuna is not installed.
    """
    require("optuna", "tune")
    name, options = split_options(text)
    with quiet():
        return call_with_text(f"sampler {name!r}", choose_named("sampler", name, SAMPLERS), options, ranges, seed)


def make_pruner(text: str) -> Any:
    """The pruner of a text.

    Args:
        text: "median" or "percentile:percentile=25".

    Raises:
        ValueError: there is no such pruner or option.
        ImportError: Optuna is not installed.
    """
    require("optuna", "tune")
    name, options = split_options(text)
    return call_with_text(f"pruner {name!r}", choose_named("pruner", name, PRUNERS), options)


def most_trials(sampler: Any, trials: int) -> int:
    """How many settings a sampler has to give, at most.

    Args:
        sampler: as `make_sampler` gives it.
        trials: as many as are asked for.
    """
    grids = getattr(sampler, "_all_grids", None)
    return trials if grids is None else min(trials, len(grids))


def distributions(ranges: Ranges) -> dict[str, Any]:
    """Optuna's distributions, by the names of the options."""
    made = require("optuna", "tune").distributions
    found: dict[str, Any] = {}
    for each in ranges:
        if each.choices:
            found[each.name] = made.CategoricalDistribution(each.choices)
        elif each.whole:
            found[each.name] = made.IntDistribution(int(each.low), int(each.high), log=each.log)
        else:
            found[each.name] = made.FloatDistribution(each.low, each.high, log=each.log)
    return found


def new_study(sampler: Any = None) -> Any:
    """A study in memory that looks for the highest value."""
    optuna = require("optuna", "tune")
    with quiet():
        return optuna.create_study(direction="maximize", sampler=sampler)


def with_reports(reports: Sequence[Mapping[int, float]]) -> Any:
    """A study of finished trials, of which the reports alone are known.

    Args:
        reports: of each trial, what it had earned at each point.
    """
    optuna = require("optuna", "tune")
    study = new_study()
    for each in reports:
        study.add_trial(optuna.trial.create_trial(value=0.0, intermediate_values=dict(each)))
    return study


def is_hopeless(pruner: Any, study: Any, reports: Mapping[int, float]) -> bool:
    """Whether a trial is to end now.

    Args:
        pruner: as `make_pruner` gives it.
        study: of the finished trials.
        reports: what it has earned at each point so far.
    """
    optuna = require("optuna", "tune")
    trial = optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING, intermediate_values=dict(reports))
    return bool(pruner.prune(study, trial))


@contextmanager
def quiet() -> Iterator[None]:
    """Without Optuna's lines on the terminal, and its warnings of what it calls experimental."""
    optuna = require("optuna", "tune")
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
