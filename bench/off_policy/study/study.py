"""The study of estimators in a world: all logging policies and log sizes, with a comparison with the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any

import numpy as np

from slategym.bench.comparison.results import configuration
from slategym.bench.jobs.failures import as_entries, failures, status_of, tell_failures
from slategym.bench.jobs.job import Workers
from slategym.bench.jobs.progress import Progress
from slategym.bench.jobs.run_jobs import run_jobs
from slategym.bench.jobs.store import RunStore
from slategym.bench.off_policy.study.advice import advice, failing, recommended
from slategym.bench.off_policy.study.job import WAYS, Cell, StudyJob, estimators_for
from slategym.bench.off_policy.study.setting import KINDS, LOGGING, Kind, Setting
from slategym.bench.rollouts import refuse_schedule
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.checked import checked
from slategym.utils.ranges import ProcessCount, Range, Seed
from slategym.utils.short_repr import Brief
from slategym.utils.storage.fingerprint import code_version, fingerprint

SIZES = (1000, 4000, 16_000)
ListSize = Annotated[int, Range(2, 14)]
Replications = Annotated[int, Range(2, 100_000)]


@dataclass(frozen=True, repr=False)
class Study(Brief):
    """A study that is ready to run.

    Attributes:
        config: the configuration.
        cells: the cells of the study.
    """

    config: dict[str, Any]
    cells: tuple[StudyJob, ...]

    @property
    def size(self) -> int:
        """The rounds of all logs."""
        return sum(job.size for job in self.cells)

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> dict[str, Any]:
        """Run the cells that are not yet in the store, and summarise the results.

        Args:
            processes: see `compare`.
            progress: see `compare`.
            stop: see `compare`.
            store: see `compare`.

        Returns:
            JSON values.

            - `cells`: for each finished cell, its `kind`, `logging` and `rounds`, the mean `effective_size` of the weights, and
              `estimators`: by text, `bias`, `rmse` and `spread` (standard deviation) as shares of the truth, `coverage` and
              mean `width` of each interval, `effective_size`, and `fails` (`advice.failing`).
            - `truth`: by kind, the value of the policy to evaluate and its `error`.
            - `recommended`: by kind, the estimator with the lowest error over all logs; `advice`: sentences.
            - `config`, `status`, `runs`, `failed`: as in `compare`.
        """
        order = sorted(self.cells, key=lambda job: -job.size)
        results = dict(zip((job.title for job in order), run_jobs(order, processes, progress, stop, store), strict=True))
        done = [results[job.title] for job in self.cells]
        failed = failures(done)
        finished = [(job, cell) for job, cell in zip(self.cells, done, strict=True) if isinstance(cell, Cell)]
        truth = self.config["truth"]
        cells = [summed_up(job, cell, truth[job.kind]["value"]) for job, cell in finished]
        return tell_failures(
            {
                "config": self.config,
                "status": status_of(len(finished), len(self.cells), failed),
                "runs": {"finished": len(finished), "asked": len(self.cells)},
                "failed": as_entries(failed),
                "truth": truth,
                "cells": cells,
                "recommended": recommended(cells),
                "advice": advice(cells),
            }
        )


@checked
def plan_study(
    world: World | str,
    *,
    sizes: Sequence[int] = SIZES,
    replications: Replications = 200,
    items: ListSize = 10,
    kinds: Sequence[str] = tuple(KINDS),
    logging: Sequence[str] = tuple(LOGGING),
    seed: Seed = 0,
    options: Mapping[str, Any] | None = None,
    kept: bool = False,
) -> Study:
    """Plan a study of the off-policy estimators in a world, where the true value of a policy is known.

    Policies choose by softmax from a short list of the items with the highest value. The scores of the policy to evaluate are
    linear in the observed context. The logging policies are those of `LOGGING`, from similar to very different ones. Contexts are
    shoppers sampled at visits under random slates, drawn again for each log. Rewards are clicks and conversions with the world's
    weights.

    Args:
        world: a world or its name.
        sizes: the numbers of rounds of the logs.
        replications: the number of logs of each size and logging policy.
        items: the number of items on the short list.
        kinds: the kinds of choices, from `KINDS`: "actions", "slates", "product".
        logging: the logging policies, from `LOGGING`.
        seed: the seed of all random draws.
        options: the world's options, if it is given by name.
        kept: whether the cells get fingerprints, which a store needs.

    Raises:
        ValueError: an argument is out of its range, there is no such world, or its probabilities are not exact.
    """
    world = make_world(world, **(options or {})) if isinstance(world, str) else world
    refuse_schedule(world, "the study of estimators")
    for name, given, known in (("kinds", kinds, KINDS), ("logging", logging, LOGGING)):
        wrong = [each for each in given if each not in known]
        if wrong or not given:
            raise ValueError(f"{name} is {list(given)}: expected some of {', '.join(known)}")
    wrong_sizes = [size for size in sizes if not isinstance(size, int) or not 10 <= size <= 10_000_000]
    if wrong_sizes or not sizes:
        raise ValueError(f"sizes is {list(sizes)}: expected whole numbers of rounds from 10 to 10,000,000")
    if items > world.catalog.size:
        raise ValueError(f"items is {items}: expected at most {world.catalog.size}, the items of {world.name}")
    setting = Setting.of(world, items, seed)
    asked: list[Kind] = [kind for kind in KINDS if kind in kinds]
    examination = tuple(setting.examination(seed).tolist())
    truth = {kind: dict(zip(("value", "error"), setting.truth(kind, seed), strict=True)) for kind in asked}
    config = configuration(
        world,
        options,
        None,
        sizes=sorted(set(sizes)),
        replications=replications,
        list_size=items,
        kinds=list(asked),
        logging=[name for name in LOGGING if name in logging],
        seed=seed,
        weights=list(setting.weights),
        truth=truth,
    )
    jobs = [
        StudyJob(
            setting=setting,
            kind=kind,
            logging=name,
            rounds=size,
            replications=replications,
            seed=seed,
            estimators=estimators_for(kind, examination),
            examination=examination,
        )
        for kind in asked
        for name in config["logging"]
        for size in config["sizes"]
    ]
    return Study(config, tuple(fingerprinted(job) for job in jobs) if kept else tuple(jobs))


@checked
def study_estimators(
    world: World | str,
    *,
    sizes: Sequence[int] = SIZES,
    replications: Replications = 200,
    items: ListSize = 10,
    kinds: Sequence[str] = tuple(KINDS),
    logging: Sequence[str] = tuple(LOGGING),
    seed: Seed = 0,
    processes: ProcessCount | None = None,
) -> dict[str, Any]:
    """Study the off-policy estimators in a world, where the true value of a policy is known: `slategym estimators`.

    Args:
        world: a world or its name.
        sizes: the numbers of rounds of the logs.
        replications: the number of logs of each size and logging policy.
        items: the number of items on the short list that policies choose from, which are those with the highest value.
        kinds: the kinds of choices: "actions", one item; "slates", item by item; "product", each rank independently.
        logging: the logging policies: "near" (similar to the policy to evaluate), "uniform", "popular", "opposite".
        seed: the seed of all random draws.
        processes: the largest number of processes; by default one per core.

    Returns:
        JSON values, see `Study.run`.

    Raises:
        ValueError: an argument is out of its range, there is no such world, or its probabilities are not exact.
        RuntimeError: every cell failed (`RunsFailedError`).
    """
    options: dict[str, Any] = {
        "sizes": sizes,
        "replications": replications,
        "items": items,
        "kinds": kinds,
        "logging": logging,
        "seed": seed,
    }
    return plan_study(world, **options).run(processes)


def fingerprinted(job: StudyJob) -> StudyJob:
    """The cell with its fingerprint; without one if a part of it has no fingerprint.

    Args:
        job: a cell.
    """
    content = {field.name: getattr(job, field.name) for field in fields(job) if field.name != "fingerprint"}
    try:
        return replace(job, fingerprint=fingerprint([content, code_version()]))
    except ValueError:
        return job


def summed_up(job: StudyJob, cell: Cell, truth: float) -> dict[str, Any]:
    """A cell as JSON values, with errors as shares of the truth.

    Args:
        job: the job of the cell.
        cell: its result.
        truth: the true value of the policy.
    """
    unit = abs(truth) or 1.0
    covers = (cell.low <= truth) & (truth <= cell.high)
    width = (cell.high - cell.low) / unit
    told = {}
    for place, text in enumerate(job.estimators):
        error = (cell.value[:, place] - truth) / unit
        known = np.isfinite(error)
        rmse = _number(np.sqrt((error[known] ** 2).mean()) if known.any() else np.nan)
        told[text] = {
            "bias": _number(error[known].mean() if known.any() else np.nan),
            "rmse": rmse,
            "spread": _number(error[known].std(ddof=1) if known.sum() > 1 else np.nan),
            "coverage": {way: _number(covers[:, place, number].mean()) for number, way in enumerate(WAYS)},
            "width": {way: _number(np.nanmean(width[:, place, number])) for number, way in enumerate(WAYS)},
            "effective_size": _number(cell.size[:, place].mean()),
            "fails": failing(rmse, float(covers[:, place, 0].mean()), job.replications),
        }
    return {
        "kind": job.kind,
        "logging": job.logging,
        "rounds": job.rounds,
        "replications": job.replications,
        "effective_size": _number(cell.weights.mean()),
        "estimators": told,
    }


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
