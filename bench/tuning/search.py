"""A search of settings: trials in batches, then a comparison of the best settings with the defaults on other seeds."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from slategym.agents.registry import agent_identity
from slategym.agents.scalarizers import make_scalarizer
from slategym.bench.comparison.compare import Ranking, plan
from slategym.bench.comparison.results import LIBRARIES, ranking
from slategym.bench.execution.agent_job import AgentJob
from slategym.bench.execution.regret import reference_of
from slategym.bench.execution.threads import one_thread
from slategym.bench.jobs.failures import Failure
from slategym.bench.jobs.job import Workers
from slategym.bench.jobs.progress import Progress, Shifted
from slategym.bench.jobs.run_jobs import cores, run_jobs
from slategym.bench.jobs.store import RunStore
from slategym.bench.jobs.workers import processes_for
from slategym.bench.tuning.samplers import distributions, make_pruner, make_sampler, most_trials, new_study, quiet
from slategym.bench.tuning.space import SearchSpace, Subject, search_space
from slategym.bench.tuning.summary import Trial, best_of, summarise
from slategym.bench.tuning.trial import TrialJob, TrialResult, as_reports
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Seed, SeedCount, ShopperCount, SlateCount
from slategym.utils.short_repr import Brief
from slategym.utils.storage.fingerprint import code_version, fingerprint

BATCH = 4
Runner = Callable[..., list[Any]]  # `run_jobs` with all arguments except the jobs and their progress


@dataclass(frozen=True, repr=False)
class Place(Brief):
    """A world of a search, with the settings of its runs.

    Attributes:
        text: name and options of the world.
        world: the world.
        run: a run of the agent with its defaults; its seed is replaced.
        metric: metric that is maximised in this world, "value" or "value_per_episode".
    """

    text: str
    world: World
    run: AgentJob
    metric: str


@dataclass(frozen=True, repr=False)
class Search(Brief):
    """A planned search.

    Attributes:
        config: its configuration.
        space: the options, and the agent and scalarizer that they belong to.
        places: worlds of the trials.
        judged: worlds in which the best settings are compared with the defaults.
        prints: fingerprints of the worlds by name; empty if the runs are not saved in a store.
    """

    config: dict[str, Any]
    space: SearchSpace
    places: tuple[Place, ...]
    judged: tuple[Place, ...]
    prints: Mapping[str, str]

    @property
    def size(self) -> int:
        """The number of slates of all trials and of the final comparison, if no trial is stopped early."""
        runs = (1 + self.config["trials"]) * len(self.places) * len(self.config["seeds"])
        return int((runs + 2 * len(self.judged) * len(self.config["judge_seeds"])) * self.config["slates"])

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> dict[str, Any]:
        """Execute the runs that the store does not contain yet, and summarise all of them.

        The settings of a batch, and the decision to stop a trial early, depend only on the batches before it. So the results do
        not depend on the number of processes, and a search that was killed chooses the same settings again.

        Args:
            processes: see `compare`.
            progress: see `compare`.
            stop: see `compare`.
            store: see `compare`.

        Returns:
            See `tuning.summary.summarise`.
        """
        report = progress or (lambda slates: None)
        with self._workers(processes) as workers:
            return self._run(partial(run_jobs, processes=workers, stop=stop, store=store), report)

    def _run(self, run: Runner, report: Progress) -> dict[str, Any]:
        trials = self._trials(run, report)
        asked = 1 + int(self.config["trials"])
        searched = len(trials) == asked and not any(trial.result is None for trial in trials)
        best = best_of(trials)
        judgements: list[tuple[TrialJob, TrialResult | Failure | None]] = []
        if searched and best is not None and best.number:
            jobs = self._judgement(best)
            before = self.size - sum(job.size for job in jobs)
            shifted = Shifted(report, before, len(trials), len(trials) + len(jobs))
            done = run(jobs, progress=shifted)
            judgements = list(zip(jobs, done, strict=True))
        return summarise(self.config, self.space, trials, judgements)

    def trials(
        self,
        processes: int | Workers | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> list[Trial]:
        """Run only the trials, the defaults first. Fewer are returned if the search is stopped or the defaults fail.

        Args:
            processes: see `compare`.
            progress: see `compare`.
            stop: see `compare`.
            store: see `compare`.
        """
        with self._workers(processes) as workers:
            run = partial(run_jobs, processes=workers, stop=stop, store=store)
            return self._trials(run, progress or (lambda slates: None))

    def _workers(self, processes: int | Workers | None) -> AbstractContextManager[int | Workers]:
        """The workers for all batches and the final comparison; 1 if this process does everything."""
        count = cores() if processes is None else processes
        most = max(1 + self.config["batch"], 2 * len(self.judged) * len(self.config["judge_seeds"]))
        if not isinstance(count, int) or count == 1:
            return nullcontext(count)
        return processes_for(count, most)

    def _trials(self, run: Runner, report: Progress) -> list[Trial]:
        config, spread = self.config, distributions(self.space.ranges)
        sampler = make_sampler(config["sampler"], self.space.ranges, config["seed"])
        study = new_study(sampler)
        trials: list[Trial] = []
        asked = 0
        while asked < config["trials"]:
            batch = [] if trials else [(None, Trial(0, {}, self.space.agent))]
            with quiet(), one_thread(with_torch=config["sampler"].startswith("gp")):
                for _ in range(min(config["batch"], config["trials"] - asked)):
                    asked += 1
                    chosen = study.ask(spread)
                    batch.append((chosen, self._trial(asked, chosen.params)))
            jobs = [self._job(trial, trials) for _, trial in batch]
            shown = len(trials) * jobs[0].size
            done = run(jobs, progress=Shifted(report, shown, len(trials), config["trials"] + 1))
            first = not trials
            trials += [replace(trial, result=result) for (_, trial), result in zip(batch, done, strict=True)]
            if any(result is None for result in done) or isinstance(trials[0].result, Failure):
                break
            trials = self._valued(trials)
            with quiet():
                if first:
                    self._tell_defaults(study, spread, trials[0])
                for (chosen, _), trial in zip(batch, trials[-len(batch) :], strict=True):
                    if chosen is not None:
                        _tell(study, chosen, trial)
        return trials

    def _trial(self, number: int, params: Mapping[str, Any]) -> Trial:
        settings = {each.name: each.setting(params[each.name]) for each in self.space.ranges}
        return Trial(number, settings, self.space.texts(settings)[0])

    def _job(self, trial: Trial, trials: Sequence[Trial]) -> TrialJob:
        """The runs of a trial. In the first batch, no trial is stopped early, since there are no others to compare with."""
        runs = self._runs(self.places, trial.settings, self.config["seeds"])
        units = self._units(trials, earned=True)
        others: tuple[tuple[float, ...], ...] = ()
        if trials and self.config["prune"]:
            finished = [each.result for each in trials if isinstance(each.result, TrialResult) and not each.result.pruned]
            each_run = [unit for unit in units for _ in self.config["seeds"]]
            others = tuple(tuple(as_reports(result.earned, each_run)) for result in finished)
        job = TrialJob(
            f"trial {trial.number}",
            trial.agent,
            runs,
            tuple(place.metric for place in self.places for _ in self.config["seeds"]),
            self.config["prune"],
            tuple(unit for unit in units for _ in self.config["seeds"]),
            others,
            tuple(place.text for place in self.places for _ in self.config["seeds"]) if len(self.places) > 1 else (),
        )
        return self._fingerprinted(job, self.places)

    def _judgement(self, best: Trial) -> list[TrialJob]:
        """A run with the defaults and a run with the best settings, for each world and seed."""
        jobs = []
        for place in self.judged:
            for seed in self.config["judge_seeds"]:
                for name, settings in (("defaults", {}), ("best", best.settings)):
                    runs = self._runs([place], settings, [seed])
                    title = f"{name} in {place.text} seed {seed}"
                    job = TrialJob(title, self.space.texts(settings)[0], runs, (place.metric,))
                    jobs.append(self._fingerprinted(job, [place]))
        return jobs

    def _runs(self, places: Sequence[Place], settings: Mapping[str, Any], seeds: Sequence[int]) -> tuple[AgentJob, ...]:
        agent, text = self.space.texts(settings)
        runs = []
        for place in places:
            scalarizer = place.run.scalarizer
            if text is not None and text != self.space.scalarizer:
                world = place.world
                scalarizer = make_scalarizer(text, world.objective_names, reference_of(world), weights=world.weights)
            runs += [replace(place.run, name=agent, seed=seed, scalarizer=scalarizer) for seed in seeds]
        return tuple(runs)

    def _fingerprinted(self, job: TrialJob, places: Sequence[Place]) -> TrialJob:
        if not self.prints:
            return job
        worlds = [self.prints[place.text] for place in places]
        runs = [
            [run.name, run.seed, run.slates, run.shoppers, run.weights, run.scalarizer, run.baseline, run.staggered]
            for run in job.runs
        ]
        content = [job.title, worlds, runs, job.metrics, job.pruner, job.units, job.others]
        try:
            return replace(job, fingerprint=fingerprint([content, agent_identity(job.agent), code_version()]))
        except ValueError:  # a part of it has no fingerprint
            return job

    def _units(self, trials: Sequence[Trial], earned: bool) -> list[float]:
        """The unit of each world's values: with several worlds, the value of the defaults there; otherwise 1."""
        if len(self.places) == 1 or not trials or not isinstance(trials[0].result, TrialResult):
            return [1.0] * len(self.places)
        result, seeds = trials[0].result, len(self.config["seeds"])
        each = result.earned[:, -1] if earned else np.array(result.values)
        return [abs(float(mean)) or 1.0 for mean in each.reshape(-1, seeds).mean(axis=1)]

    def _valued(self, trials: Sequence[Trial]) -> list[Trial]:
        """The trials with their values: the mean over the worlds, in each world's unit."""
        units = np.repeat(self._units(trials, earned=False), len(self.config["seeds"]))
        return [
            replace(trial, value=float(np.mean(np.array(trial.result.values) / units)))
            if isinstance(trial.result, TrialResult) and not trial.result.pruned
            else trial
            for trial in trials
        ]

    def _tell_defaults(self, study: Any, spread: Mapping[str, Any], trial: Trial) -> None:
        """Report the trial of the defaults to the sampler, if they lie in the ranges and it can use them."""
        import optuna

        inside = all(self.space.defaults[each.name] in each for each in self.space.ranges)
        if inside and trial.value is not None and self.config["sampler"].partition(":")[0] in ("tpe", "gp"):
            study.add_trial(
                optuna.trial.create_trial(params=dict(self.space.defaults), distributions=dict(spread), value=trial.value)
            )


def _tell(study: Any, chosen: Any, trial: Trial) -> None:
    from optuna.trial import TrialState

    if isinstance(trial.result, Failure):
        study.tell(chosen, state=TrialState.FAIL)
    elif trial.value is None:
        study.tell(chosen, state=TrialState.PRUNED)
    else:
        study.tell(chosen, trial.value)


@checked
def plan_search(
    worlds: Sequence[str],
    agent: str,
    *,
    scalarizer: str | None = None,
    ranges: Sequence[str] = (),
    search: Subject = "agent",
    judge_worlds: Sequence[str] = (),
    sampler: str = "tpe",
    prune: str = "",
    trials: Count = 30,
    batch: Count = BATCH,
    seed: Seed = 0,
    seeds: SeedCount = 3,
    judge_seeds: SeedCount = 10,
    slates: SlateCount = 20_000,
    shoppers: ShopperCount = 1000,
    rank_by: Ranking | None = None,
    kept: bool = False,
) -> Search:
    """Plan a search of the best settings of an agent or its scalarizer; `run` of the result executes it.

    All trials run on the same seeds, and so with the same shoppers. The first trial is that of the defaults. The best settings
    are then compared with the defaults on other seeds, which no trial used.

    Args:
        worlds: worlds of the trials. With several worlds, the value of a trial is the mean of its values relative to those of the
            defaults.
        agent: name of the agent; options given with the name stay fixed.
        scalarizer: what the agent maximises instead of the weighted sum. Trials are compared by the utility of this scalarizer
            with its default options.
        ranges: ranges of the options to search, such as "alpha=0.01..3:log" or "passes=1,2,3"; options of the scalarizer are
            named "scalarizer.rate". By default all options that declare a range are searched (see `default_range`).
        search: whose options to search, without `ranges`.
        judge_worlds: worlds in which the best settings are compared with the defaults; by default those of the trials.
        sampler: method that chooses settings (see `SAMPLERS`).
        prune: method that stops trials early (see `PRUNERS`); empty for none.
        trials: number of settings to try, in addition to the defaults.
        batch: number of trials that are chosen together, and can run in parallel.
        seed: random seed of the sampler.
        seeds: number of seeds per trial: 0, 1, ...
        judge_seeds: number of seeds of the final comparison, which follow those of the trials.
        slates: number of slates per run.
        shoppers: see `run`.
        rank_by: see `compare`.
        kept: whether the runs get fingerprints, which a store needs.

    Raises:
        ValueError: there is no such world, agent, scalarizer, option, sampler or pruner, or a range does not fit.
        ImportError: Optuna is not installed.
    """
    if not worlds:
        raise ValueError("worlds is empty: expected at least one")
    texts = list(dict.fromkeys([*worlds, *judge_worlds]))
    made = {text: make_world(text) for text in texts}
    space = search_space([made[text] for text in texts], agent, scalarizer, ranges, search)
    chooser = make_sampler(sampler, space.ranges, seed)
    if prune:
        make_pruner(prune)
    places = {text: _place(text, made[text], space, slates, shoppers, rank_by) for text in texts}
    numbers = list(range(seeds + judge_seeds))
    judged = list(judge_worlds) or list(worlds)
    config: dict[str, Any] = {
        "agent": agent,
        **({"scalarizer": scalarizer} if scalarizer else {}),
        "ranges": {each.name: str(each) for each in space.ranges},
        "worlds": list(worlds),
        "judge_worlds": judged,
        "sampler": sampler,
        "prune": prune,
        "trials": most_trials(chooser, trials),
        "batch": batch,
        "seed": seed,
        "seeds": numbers[:seeds],
        "judge_seeds": numbers[seeds:],
        "slates": slates,
        "shoppers": shoppers,
        "metrics": {text: place.metric for text, place in places.items()},
    }
    prints = {text: fingerprint(world) for text, world in made.items()} if kept else {}
    try:
        identity = fingerprint([config, list(prints.values()), agent_identity(agent), code_version()]) if kept else None
    except ValueError:
        identity = None
    config |= {
        "fingerprint": identity,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in (*LIBRARIES, "optuna")}},
    }
    return Search(config, space, tuple(places[text] for text in worlds), tuple(places[text] for text in judged), prints)


def _place(text: str, world: World, space: SearchSpace, slates: int, shoppers: int, rank_by: Ranking | None) -> Place:
    scalarizers = None if space.scalarizer is None else [space.scalarizer]
    planned = plan(
        world,
        [space.agent],
        slates,
        1,
        shoppers=shoppers,
        scalarizers=scalarizers,
        references="off",
        exact="off",
        rank_by=rank_by,
    )
    return Place(text, world, planned.runs[0], ranking(planned.config))
