"""Methods that choose settings or stop trials early: Optuna's samplers and pruners, by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Annotated, Any

from slategym.bench.tuning.ranges import SearchRange
from slategym.utils.optional import require
from slategym.utils.ranges import Count, PointCount, Range, Whole
from slategym.utils.specification import call_with_text, choose_named, split_options

Ranges = Sequence[SearchRange]
Population = Annotated[int, Range(2, 10_000)]
Percentile = Annotated[float, Range(0, 100, above=True)]
STARTUP = 8  # number of random settings before a sampler uses the results so far
WARMUP = 4  # reports (half of the first run) before a trial can be stopped, since agents that explore more earn less at first


def grid(ranges: Ranges, seed: int, *, points: PointCount = 3) -> Any:
    """All combinations of several values of each option, in random order.

    Args:
        ranges: ranges of the options.
        seed: random seed of the order.
        points: number of values per range, including its ends; if a range lists its values, all are used.
    """
    optuna = require("optuna", "tune")

    # Optuna's own sampler stops Optuna's loop after the last combination, but no such loop is used here.
    kind = type("GridSampler", (optuna.samplers.GridSampler,), {"after_trial": lambda *arguments: None})
    values = {each.name: each.grid(points) for each in ranges}
    made = kind(values, seed=seed)
    made.combinations = prod(map(len, values.values()))
    return made


def random(ranges: Ranges, seed: int) -> Any:
    """Settings drawn independently at random.

    Args:
        ranges: ranges of the options.
        seed: random seed.
    """
    return require("optuna", "tune").samplers.RandomSampler(seed=seed)


def tpe(ranges: Ranges, seed: int, *, startup: Count = STARTUP) -> Any:
    """Tree-structured Parzen estimator (Bergstra et al., NIPS 2011).

    Args:
        ranges: ranges of the options.
        seed: random seed.
        startup: number of random settings at the start.
    """
    return require("optuna", "tune").samplers.TPESampler(seed=seed, n_startup_trials=startup)


def gp(ranges: Ranges, seed: int, *, startup: Count = STARTUP) -> Any:
    """Bayesian optimisation with a Gaussian process and expected improvement (Jones, Schonlau, Welch, 1998).

    Args:
        ranges: ranges of the options.
        seed: random seed.
        startup: number of random settings at the start.
    """
    return require("optuna", "tune").samplers.GPSampler(seed=seed, n_startup_trials=startup)


def evolutionary(ranges: Ranges, seed: int, *, population: Population = STARTUP) -> Any:
    """A genetic algorithm, NSGA-II with one objective (Deb et al., 2002), for options of all kinds.

    Args:
        ranges: ranges of the options.
        seed: random seed.
        population: number of settings per generation.
    """
    return require("optuna", "tune").samplers.NSGAIISampler(seed=seed, population_size=population)


def median(*, startup: Count = 5, warmup: Whole = WARMUP) -> Any:
    """Stops a trial that has earned less than the median of the finished trials at the same point.

    Args:
        startup: number of trials that must finish first.
        warmup: number of reports at the start of a trial that are ignored.
    """
    return require("optuna", "tune").pruners.MedianPruner(n_startup_trials=startup, n_warmup_steps=warmup)


def percentile(*, percentile: Percentile = 25.0, startup: Count = 5, warmup: Whole = WARMUP) -> Any:
    """Stops a trial that is not among the best finished trials at the same point.

    Args:
        percentile: percentage of the finished trials that count as the best.
        startup: number of trials that must finish first.
        warmup: number of reports at the start of a trial that are ignored.
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
    """Make a sampler by name.

    Args:
        text: "tpe", "gp", "random", "grid:points=5" or "evolutionary:population=10".
        ranges: ranges of the options.
        seed: random seed.

    Raises:
        ValueError: there is no such sampler or option.
        ImportError: Optuna is not installed.
    """
    require("optuna", "tune")
    name, options = split_options(text)
    with quiet():
        return call_with_text(f"sampler {name!r}", choose_named("sampler", name, SAMPLERS), options, ranges, seed)


def make_pruner(text: str) -> Any:
    """Make a pruner by name.

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
    """The number of settings that a sampler can provide, at most the requested number.

    Args:
        sampler: return value of `make_sampler`.
        trials: requested number.
    """
    return min(trials, getattr(sampler, "combinations", trials))


def distributions(ranges: Ranges) -> dict[str, Any]:
    """Optuna's distributions, by name of the option."""
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
    """An Optuna study in memory that maximises the value."""
    optuna = require("optuna", "tune")
    with quiet():
        return optuna.create_study(direction="maximize", sampler=sampler)


def with_reports(reports: Sequence[Mapping[int, float]]) -> Any:
    """A study of finished trials with only their reports.

    Args:
        reports: for each trial, the value earned by each point.
    """
    optuna = require("optuna", "tune")
    study = new_study()
    for each in reports:
        study.add_trial(optuna.trial.create_trial(value=0.0, intermediate_values=dict(each)))
    return study


def is_hopeless(pruner: Any, study: Any, reports: Mapping[int, float]) -> bool:
    """Whether a trial should be stopped now.

    Args:
        pruner: return value of `make_pruner`.
        study: study of the finished trials.
        reports: value that the trial earned by each point so far.
    """
    optuna = require("optuna", "tune")
    trial = optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING, intermediate_values=dict(reports))
    return bool(pruner.prune(study, trial))


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress Optuna's output in the terminal, and its warnings about experimental features."""
    optuna = require("optuna", "tune")
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
