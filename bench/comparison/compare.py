"""Comparison of agents: every agent with every seed, in parallel processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from slategym.agents.registry import AgentMaker, agent_identity
from slategym.agents.scalarizers import make_scalarizer
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.ceilings.ceiling import ITEMS, affordable
from slategym.bench.ceilings.job import Prepared, PrepareJob, ReferenceJob, ReferenceValues, find_prepared, lasting
from slategym.bench.ceilings.references import References, observed_goals
from slategym.bench.ceilings.store import find_values
from slategym.bench.comparison.results import configuration, contestants, summarise, trained_before
from slategym.bench.execution.agent_job import AgentJob, fingerprinted
from slategym.bench.execution.exactness import Exactness
from slategym.bench.execution.regret import RegretBaseline, reference_of
from slategym.bench.execution.runner import check_steps, refuse_zero
from slategym.bench.execution.trace import Trace
from slategym.bench.jobs.failures import failures, tell_failures
from slategym.bench.jobs.job import Workers
from slategym.bench.jobs.progress import Progress, Shifted
from slategym.bench.jobs.run_jobs import run_jobs
from slategym.bench.jobs.store import RunStore
from slategym.bench.tracking.tracker import Tracker, Tracking, followed_whole
from slategym.bench.tuning.recorded import with_settings
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.checked import checked
from slategym.utils.ranges import ProcessCount, SeedCount, ShopperCount, SlateCount
from slategym.utils.short_repr import Brief
from slategym.utils.storage.fingerprint import fingerprint

Ranking = Literal["episode", "slate"]
Asked = Literal["kept", "all", "off"]
REFERENCES_FROM = 10_000_000  # slates; in a smaller comparison, computing references would take too much of the time
LENGTHS = 2  # runs are ranked per episode if they last at least this number of episodes
DEFAULT_AGENTS = (
    *("random", "popularity", "epsilon-greedy", "lin-epsilon-greedy", "lin-ucb", "lin-ts"),
    *("logistic-ts", "policy-gradient"),
)


@dataclass(frozen=True, repr=False, kw_only=True)
class CompareJob(AgentJob):
    """One run of a comparison: an agent with a seed, under the weights or a scalarizer.

    Attributes:
        agent: the agent's name in the registry, or a callable that makes it.
        fitted: whether the agent is compared with references that need a fit.
    """

    agent: str | AgentMaker
    fitted: bool = False

    def run(self, progress: Callable[[int], None], stop: Callable[[], bool], store: RunStore | None = None) -> Trace | None:
        """The trace, or None if the run was stopped early."""
        checkpoints = store.checkpoints(self.title, self.fingerprint) if store and self.fingerprint else None
        return self.trace(self.agent, progress, stop, checkpoints=checkpoints, store=store)


@dataclass(frozen=True, repr=False)
class Comparison(Brief):
    """A comparison that is ready to run.

    Attributes:
        config: the configuration, see `configuration`.
        runs: the agents' runs, ordered by seed, so that an interrupted comparison has all agents on some seeds.
        prepared: the stored data that the references need.
        preparation: the jobs that compute missing data, if requested.
    """

    config: dict[str, Any]
    runs: tuple[CompareJob, ...]
    prepared: Prepared
    preparation: tuple[PrepareJob, ...] = ()

    @property
    def size(self) -> int:
        """The number of slates of all runs, plus the equivalent of the other jobs."""
        jobs: list[PrepareJob | ReferenceJob | CompareJob] = [*self.preparation, *self._references(self.prepared), *self.runs]
        return sum(job.size for job in jobs)

    @property
    def world(self) -> World:
        """The world in which the agents run."""
        return self.runs[0].world

    @property
    def _weights(self) -> tuple[float, ...]:
        return tuple(self.config["weights"])

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
        finished: dict[tuple[str, int], Trace] | None = None,
        track: Callable[[str], Tracker] | None = None,
    ) -> dict[str, Any]:
        """Run everything that is not yet in the store or in `finished`, and summarise all results; see `compare`.

        Args:
            processes: see `compare`.
            progress: see `compare`.
            stop: see `compare`.
            store: see `compare`.
            finished: traces by (agent, seed); the traces of runs that finish are added.
            track: a callable that makes the tracker of a run from its title.
        """
        finished = {} if finished is None else finished
        made = run_jobs(self.preparation, processes, progress, stop, store)
        before = sum(job.size for job in self.preparation)
        prepared = next((result for result in made if isinstance(result, Prepared)), self.prepared)
        runs = [replace(job, track=track) for job in self._runs(prepared) if (job.name, job.seed) not in finished]
        before += sum(job.size for job in self.runs) - sum(job.size for job in runs)
        jobs: list[CompareJob | ReferenceJob] = [*self._references(prepared), *runs]
        advance = Shifted(progress, before) if progress else None
        done = run_jobs(jobs, processes, advance, stop, store)
        values = [result for result in done if isinstance(result, ReferenceValues)]
        for job, trace in zip(jobs, done, strict=True):
            if isinstance(job, CompareJob) and isinstance(trace, Trace):
                finished[job.name, job.seed] = trace
        report = prepared.fit.report if prepared.fit and self.config["references"] != "off" else None
        return tell_failures(summarise(self.config, finished, values, report, failures([*made, *done])))

    def _references(self, prepared: Prepared) -> list[ReferenceJob]:
        """The reference policies' jobs: all of them, or those whose values are stored."""
        elsewhere = self.config.get("scalarizers") or self.world.schedule or self.world.rules
        if self.config["references"] == "off" or elsewhere:
            return []
        jobs = [ReferenceJob(self.world, self._weights, seed, prepared) for seed in self.config["seeds"]]
        every = self.config["references"] == "all"
        return [job for job in jobs if every or find_values(self.world, *job.content) is not None]

    def _runs(self, prepared: Prepared) -> list[CompareJob]:
        """The agents' jobs, compared with the references if there is a fit."""
        if prepared.fit is None:  # a run that lacks the references it should have is not stored
            return [replace(job, fingerprint="") if job.fitted else job for job in self.runs]
        if self.config["references"] == "off" or self.config["exact"] == "off":
            return list(self.runs)
        references = References(self.world, prepared.fit)
        own: dict[int, References] = {}
        for job in self.runs:
            if job.scalarizer and id(job.scalarizer) not in own:
                own[id(job.scalarizer)] = replace(references, goals=observed_goals(references, job.scalarizer))
        return [replace(job, references=own.get(id(job.scalarizer), references)) for job in self.runs]


@checked
def compare(
    world: World | str,
    agents: Sequence[str] | Mapping[str, str | AgentMaker] = DEFAULT_AGENTS,
    slates: SlateCount = 200_000,
    seeds: SeedCount | Iterable[int] = 5,
    *,
    options: Mapping[str, Any] | None = None,
    processes: ProcessCount | None = None,
    shoppers: ShopperCount = 1000,
    weights: Sequence[float] | None = None,
    scalarizers: Sequence[str] | Mapping[str, Scalarizer | str] | None = None,
    references: Asked | None = None,
    exact: Exactness = "sampled",
    staggered: bool = True,
    rank_by: Ranking | None = None,
    tuned: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    store: RunStore | None = None,
    track: str | Callable[[str], Tracker] | None = None,
) -> dict[str, Any]:
    """Run every agent with every seed and compare their values; with the same seed, all agents get the same shoppers.

    The numbers, except speeds, do not depend on the number of processes. A script that uses more than one process must guard its
    start with `if __name__ == "__main__":`, as `multiprocessing` requires. If a run fails, or its process is killed, the other
    runs continue.

    Args:
        world: a world or its name.
        agents: names that `slategym agents` lists; or a mapping from custom names to such names or to classes or functions of
            (problem, seed, scalarizer) that make an agent. With several processes, these must be picklable.
        slates: the number of slates of each run.
        seeds: the seeds, or their number n for 0, 1, ..., n - 1.
        options: the world's options, if it is given by name; otherwise they are only recorded in the configuration.
        processes: the largest number of processes; by default one per core. 1 runs everything in this process.
        shoppers: see `run`.
        weights: see `run`.
        scalarizers: the scalarizers that agents maximise instead of the weighted sum, as texts (see `agents.scalarizers.make`)
            or by custom names. Every agent runs with every scalarizer, under a name such as "lin-ts nash".
        references: which reference policies are compared with the agents: "kept", those that are part of slategym for the
            built-in worlds or were computed before; "all", where missing ones are computed, in minutes, and stored; or "off". By
            default "kept", or "all" for comparisons of at least ten million slates.
        exact: see `run`.
        staggered: see `run`.
        rank_by: whether agents are ranked and compared by the value per "slate" or per "episode" (a shopper's visits from the
            first to the last). By default per episode if shoppers may leave, because an agent may earn much per visit but have
            few visits.
        tuned: whether agents that are named without options use the best settings of their recorded search, if there is one
            (`tuning.recorded`).
        progress: called at intervals with the number of slates shown so far in all runs.
        stop: called often; when it returns True, running runs are dropped and the finished ones are summarised.
        store: where each finished run is stored immediately; runs that are already there are not repeated.
        track: a callable that makes the tracker of each run from its title, such as "lin-ts seed 0", and that of the
            "comparison"; or the name of a tracker, such as "csv" or "tensorboard", which writes to the folder "tracking". With
            several processes it must be picklable. It changes no results.

    Returns:
        See `bench.comparison.results.summarise`; `bench.reports.benchmark.write_report` makes a page from it.

    Raises:
        ValueError: an argument is out of its range, there is no such world, agent or scalarizer, or no mixture of slates meets a
            scalarizer's constraints.
        RuntimeError: the script has no such guard, or every run failed (`RunsFailedError`).

    Warns:
        RunsFailedWarning: some runs failed.
    """
    make = Tracking(track) if isinstance(track, str) else track
    planned = plan(
        world,
        agents,
        slates,
        seeds,
        options=options,
        shoppers=shoppers,
        weights=weights,
        scalarizers=scalarizers,
        references=references,
        exact=exact,
        staggered=staggered,
        rank_by=rank_by,
        tuned=tuned,
        kept=store is not None,
    )
    with followed_whole(make, "comparison", planned.config) as tell:
        return tell(planned.run(processes, progress, stop, store, track=make))


@checked
def plan(
    world: World | str,
    agents: Sequence[str] | Mapping[str, str | AgentMaker] = DEFAULT_AGENTS,
    slates: SlateCount = 200_000,
    seeds: SeedCount | Iterable[int] = 5,
    *,
    options: Mapping[str, Any] | None = None,
    shoppers: ShopperCount = 1000,
    weights: Sequence[float] | None = None,
    scalarizers: Sequence[str] | Mapping[str, Scalarizer | str] | None = None,
    references: Asked | None = None,
    exact: Exactness = "sampled",
    staggered: bool = True,
    rank_by: Ranking | None = None,
    tuned: bool = False,
    kept: bool = False,
) -> Comparison:
    """Check everything that a comparison needs, without running it.

    Args:
        world: see `compare`, also for the other arguments.
        agents: see `compare`.
        slates: see `compare`.
        seeds: see `compare`.
        options: see `compare`.
        shoppers: see `compare`.
        weights: see `compare`.
        scalarizers: see `compare`.
        references: see `compare`.
        exact: see `compare`.
        staggered: see `compare`.
        rank_by: see `compare`.
        tuned: see `compare`.
        kept: whether the runs get fingerprints, which a store needs.

    Raises:
        ValueError: see `compare`.
    """
    world = make_world(world, **(options or {})) if isinstance(world, str) else world
    makers: dict[str, str | AgentMaker] = dict(agents) if isinstance(agents, Mapping) else {name: name for name in agents}
    searched = {name: with_settings(maker) for name, maker in makers.items() if tuned and isinstance(maker, str)}
    searched = {name: text for name, text in searched.items() if text != makers[name]}
    makers |= searched
    numbers = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if not makers or not numbers:
        raise ValueError(f"there are {len(makers)} agents and {len(numbers)} seeds: expected at least one of both")
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"seeds is {numbers}: expected different seeds; a repeated one would count as an independent run")
    weight_vector = tuple(float(weight) for weight in (world.weights if weights is None else weights))
    if len(weight_vector) != len(world.objective_names):
        raise ValueError(f"weights is {weight_vector}: expected one number for each of {', '.join(world.objective_names)}")
    refuse_zero(weight_vector)
    check_steps(slates, shoppers)
    ranked, rank_note = _ranking(world, rank_by, slates, shoppers, bool(scalarizers))
    goals = _goals(world, scalarizers)
    total = len(makers) * max(len(goals), 1) * len(numbers) * slates
    asked = references or ("all" if total >= REFERENCES_FROM else "kept")
    prepared = Prepared(None, None) if asked == "off" else find_prepared(world, weight_vector)
    fitted = prepared.fit is not None if asked != "all" else affordable(world)
    identities = {name: agent_identity(maker) for name, maker in makers.items()}
    config = configuration(
        world,
        options,
        [identities, {name: scalarizer for name, (scalarizer, _) in goals.items()}],
        agents=list(makers),
        **({"tuned": list(searched.values())} if tuned else {}),
        **trained_before(makers),
        **({"scalarizers": list(goals)} if goals else {}),
        slates=slates,
        seeds=numbers,
        shoppers=shoppers,
        weights=list(weight_vector),
        exact=exact,
        staggered=staggered,
        rank_by=ranked,
        **({"rank_note": rank_note} if rank_note else {}),
        references=asked,
        fitted=fitted,
        **({"unfitted": _why_unfitted(world)} if asked != "off" and not fitted else {}),
    )
    field = [
        (name, agent, *goals.get(scalarizer or "", (None, None))) for name, (agent, scalarizer) in contestants(config).items()
    ]
    world_print = fingerprint(world) if kept else ""
    runs = []
    for seed in numbers:
        for name, agent, scalarizer, baseline in field:
            job = CompareJob(
                world=world,
                name=name,
                agent=makers[agent],
                seed=seed,
                slates=slates,
                shoppers=shoppers,
                weights=weight_vector,
                scalarizer=scalarizer,
                baseline=baseline,
                exact=exact,
                staggered=staggered,
                fitted=bool(config["fitted"]),
            )
            runs.append(fingerprinted(job, world_print, identities[agent]) if kept else job)
    missing = asked == "all" and ((prepared.fit is None and affordable(world)) or (prepared.tuned is None and lasting(world)))
    return Comparison(config, tuple(runs), prepared, (PrepareJob(world, weight_vector),) if missing else ())


def _why_unfitted(world: World) -> str:
    """The reason why the best slates given the observation are not available."""
    if world.schedule:
        return "the fit needs a world that does not change"
    if world.rules:
        return "the fit does not support rules for slates"
    if world.catalog.size > ITEMS:
        return f"the fit needs at most {ITEMS:,} items"
    if not affordable(world):
        names = ", ".join(world.objective_names)
        return f"the fit needs objectives that are linear in clicks and conversions, which not all of {names} are"
    return "there is no stored fit of this world; --references all computes it"


def _ranking(world: World, asked: Ranking | None, slates: int, shoppers: int, scalarized: bool) -> tuple[Ranking, str]:
    """Whether agents are ranked per slate or per episode, with a note if a short run prevents ranking per episode."""
    steps, leaving = -(-slates // shoppers), world.visits > 1 and world.user_model.anyone_leaves
    if asked == "slate" or (asked is None and not leaving):
        return "slate", ""
    if scalarized:
        if asked == "episode":
            raise ValueError("rank_by is 'episode': a scalarizer's utility is computed per slate; remove one of the two options")
        return "slate", ""
    if steps >= LENGTHS * world.visits:
        return "episode", ""
    wanted = LENGTHS * world.visits * min(shoppers, slates)
    said = f"an episode has up to {world.visits} visits and a run has {steps} steps"
    if asked == "episode":
        raise ValueError(f"rank_by is 'episode': {said}; use at least {wanted:,} slates to get enough complete episodes")
    return "slate", f"Ranked per slate: {said}. With at least {wanted:,} slates, agents are ranked per episode."


def _goals(
    world: World, scalarizers: Sequence[str] | Mapping[str, Scalarizer | str] | None
) -> dict[str, tuple[Scalarizer, RegretBaseline]]:
    """Each scalarizer with its baseline, by name; all use the same reference."""
    if not scalarizers:
        return {}
    given = scalarizers if isinstance(scalarizers, Mapping) else {text: text for text in scalarizers}
    reference, goals = reference_of(world), {}
    for name, scalarizer in given.items():
        if isinstance(scalarizer, str):
            scalarizer = make_scalarizer(scalarizer, world.objective_names, reference, weights=world.weights)
        goals[name] = (scalarizer, RegretBaseline.of(world, scalarizer, reference))
    return goals
